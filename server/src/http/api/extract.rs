//! Extractors for the API: the room in the path, and the query parameters. Names the invalid parameter in the
//! error.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
};
use chat::{protocol::Seq, room_name::RoomName};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};

use crate::http::{api_error::ApiError, state::HttpState};

/// The largest integer that every JSON parser reads exactly (RFC 8259, section 6).
pub(super) const LARGEST: u64 = (1 << 53) - 1;

/// The room in the path.
pub(super) struct Room(pub(super) RoomName);

/// The query parameters.
pub(super) struct Wish<T>(pub(super) T);

/// A seq in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeqParam(pub(super) Seq);

/// A requested number of items, between `MIN` and `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit<const MIN: u32, const MAX: u32>(pub(super) u32);

impl FromRequestParts<Arc<HttpState>> for Room {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<HttpState>) -> Result<Room, ApiError> {
        let unfit = |reason: String| ApiError::new(StatusCode::NOT_FOUND, "room_unfit", reason);
        let Path(name): Path<String> = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| unfit("a room's name in an address is percent-encoded UTF-8".to_owned()))?;
        RoomName::parse_any(&name).map(Room).map_err(|error| unfit(error.to_string()))
    }
}

impl<T: DeserializeOwned> FromRequestParts<Arc<HttpState>> for Wish<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<HttpState>) -> Result<Wish<T>, ApiError> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(wish)| Wish(wish))
            .map_err(|rejection| ApiError::new(StatusCode::BAD_REQUEST, "query_unfit", rejection.body_text()))
    }
}

impl<'de> Deserialize<'de> for SeqParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SeqParam, D::Error> {
        between(deserializer, 0, LARGEST).map(SeqParam)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Limit<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = between(deserializer, MIN.into(), MAX.into())?;
        Ok(Limit(u32::try_from(limit).map_err(D::Error::custom)?))
    }
}

/// Parses a number that consists of digits only.
fn between<'de, D: Deserializer<'de>>(deserializer: D, least: u64, most: u64) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
    number.ok_or_else(|| D::Error::custom(format_args!("a number from {least} to {most} was expected")))
}
