//! `/api/…`: rooms for programs: read what is said, say something, follow along. The token in the `Authorization` header is
//! the authority; cookies and origins count for nothing, and no page of another origin may read an answer.
//!
//! [`caller`] lets programs in, [`extract`] reads what they ask, [`schema`] is what they get. [`events`] follows a room: a
//! [`follower`] waits for what it says and puts it as server-sent events ([`sse`]), from the [`position`] on up to which it
//! was heard. [`openapi`] describes it all, and [`page`] shows that.

pub(crate) mod openapi;

mod caller;
mod event_kind;
mod events;
mod extract;
mod follower;
mod messages;
mod page;
mod position;
mod presence;
mod rooms;
pub(crate) mod schema;
mod sse;

pub(crate) use caller::Caller;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{any, get},
};

use crate::http::{api_error::ApiError, state::HttpState};

/// Everything below `/api`.
pub(crate) fn router() -> Router<Arc<HttpState>> {
    Router::new()
        .route("/api", get(page::page))
        .route("/api/openapi.json", get(openapi::openapi))
        .route("/api/rooms", get(rooms::rooms))
        .route("/api/rooms/{room}/messages", get(messages::read).post(messages::say))
        .route("/api/rooms/{room}/presence", get(presence::presence))
        .route("/api/rooms/{room}/events", get(events::follow))
        .route("/api/{*rest}", any(nothing))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(messages::BODY_LIMIT))
}

/// Whether a path is for programs, whose errors are always JSON.
pub(crate) fn is_for_programs(path: &str) -> bool {
    ["/api/", "/boot/", "/hooks/", "/replies/"].iter().any(|beginning| path.starts_with(beginning))
}

/// 404 in the API's error shape.
pub(crate) async fn nothing() -> Response {
    let reason = "there is nothing at this address; /api/openapi.json says what there is";
    ApiError::new(StatusCode::NOT_FOUND, "not_found", reason).into_response()
}

/// 405 in the API's error shape.
pub(crate) async fn wrong_method() -> Response {
    let reason = "this address takes other methods, which `Allow` names";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", reason).into_response()
}
