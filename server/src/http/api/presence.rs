//! `GET /api/rooms/{room}/presence`: lists the users and bots in a room.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use super::{caller::Caller, extract::Room, schema::Presence};
use crate::{
    http::{api_error::ApiError, state::HttpState},
    service::authorize::Action,
};

/// Read presence.
///
/// Returns the users in the room, the first 200 by name, and the bots that answer there. Programs that read
/// or follow are not members.
#[utoipa::path(
    get, path = "/api/rooms/{room}/presence", operation_id = "getPresence", tag = "Rooms",
    params(("room" = String, Path, description = "The room's name", min_length = 1, example = "kitchen")),
    responses((status = 200, description = "Users and bots in the room", body = Presence)),
    security(("token" = ["read"])),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -H \"Authorization: Bearer $TOKEN\" \"$TEAHOUSE/api/rooms/kitchen/presence\"",
    }]))),
)]
pub(super) async fn presence(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
    Room(room): Room,
) -> Result<impl IntoResponse, ApiError> {
    caller.authorize(Action::Read, &room)?;
    let members = state.service.members(&caller.user, &room, None).await?;
    let people = members.list.into_iter().map(Into::into).collect();
    let bots = members.bots.into_iter().map(Into::into).collect();
    let presence = Presence { room, count: members.count, people, bots };
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(presence)))
}
