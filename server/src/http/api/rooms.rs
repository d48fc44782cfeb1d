//! `GET /api/rooms`: lists the rooms that a token may read, one page at a time.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Json, extract::State, http::header, response::IntoResponse};
use chat::{protocol::Seq, room_name::RoomName};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    caller::Caller,
    extract::{Limit, Wish},
    schema::{Room, Rooms},
};
use crate::{
    http::{api_error::ApiError, state::HttpState},
    identity::tokens::{Scope, Target},
    service::authorize::Action,
    store::{Piece, Slice},
};

/// The default and the largest number of rooms on a page.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 200;

/// How many rooms are read concurrently.
const AT_ONCE: usize = 8;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only rooms whose names come after this one: `next` of the previous page.
    after: Option<String>,
    /// The largest number of rooms to return.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 200, default = 100)]
    limit: Option<Limit<1, LARGEST_PAGE>>,
}

/// List rooms.
///
/// Returns the rooms that the token may read: the lobby, rooms with messages or members, and rooms named in
/// the token; sorted by name, one page at a time.
#[utoipa::path(
    get, path = "/api/rooms", operation_id = "listRooms", tag = "Rooms",
    params(Asked),
    responses((status = 200, description = "The rooms, and the heads of their logs", body = Rooms)),
    security(("token" = ["read"])),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -H \"Authorization: Bearer $TOKEN\" \"$TEAHOUSE/api/rooms\"",
    }]))),
)]
pub(super) async fn rooms(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
    Wish(asked): Wish<Asked>,
) -> Result<impl IntoResponse, ApiError> {
    caller.has(Scope::Read)?;
    let limit = asked.limit.map_or(PAGE, |limit| limit.0) as usize;
    let known = known(&state, &caller).await?;
    let after = asked.after.unwrap_or_default();
    let mut rest = known.into_iter().filter(|room| room.as_str() > &*after);
    let names: Vec<RoomName> = rest.by_ref().take(limit).collect();
    let next = rest.next().and(names.last().cloned());
    let rooms =
        stream::iter(names).map(|name| stand(&state, &caller, name)).buffered(AT_ONCE).try_collect().await?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(Rooms { rooms, next })))
}

/// Returns all rooms that the caller may read.
async fn known(state: &HttpState, caller: &Caller) -> Result<BTreeSet<RoomName>, ApiError> {
    let spoken_in = state.store.rooms().await.map_err(|error| {
        tracing::warn!(%error, "failed to list rooms");
        ApiError::unavailable()
    })?;
    let own = caller.holder.grant.rooms.iter().filter_map(|target| match target {
        Target::Everywhere => None,
        Target::Room(room) => Some(room.clone()),
    });
    let all = spoken_in.into_iter().chain(state.rooms.names()).chain(own).chain([RoomName::lobby()]);
    Ok(all.filter(|room| caller.reaches(Action::Read, room)).collect())
}

async fn stand(state: &HttpState, caller: &Caller, name: RoomName) -> Result<Room, ApiError> {
    let nothing = Piece::Latest { upto: Seq::MAX, limit: 0 };
    let Slice { epoch, extent, .. } = state.service.piece(&caller.user, &name, nothing).await?;
    Ok(Room { name, epoch, head: extent.head, oldest: extent.oldest })
}
