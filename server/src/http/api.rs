//! `/api/…`: the HTTP API for programs: read messages, send messages and follow rooms. The token in the
//! `Authorization` header is the only authority: cookies and origins are ignored, and pages of other origins
//! cannot read responses.
//!
//! [`caller`] authenticates programs, [`extract`] parses their parameters, and [`schema`] defines the
//! responses. [`events`] follows a room: a [`follower`] turns the room's lines into server-sent events
//! ([`sse`]), each with the [`position`] from which a client resumes. [`openapi`] describes the API, and
//! [`page`] shows the description.

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

/// Returns the routes below `/api`.
pub(crate) fn router() -> Router<Arc<HttpState>> {
    Router::new()
        .route("/api", get(page::page))
        .route("/api/openapi.json", get(openapi::openapi))
        .route("/api/rooms", get(rooms::rooms))
        .route("/api/rooms/{room}/messages", get(messages::read).post(messages::create))
        .route("/api/rooms/{room}/presence", get(presence::presence))
        .route("/api/rooms/{room}/events", get(events::follow))
        .route("/api/{*rest}", any(nothing))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(messages::BODY_LIMIT))
}

/// Returns whether a path is for programs, which always get errors as JSON.
pub(crate) fn is_for_programs(path: &str) -> bool {
    ["/api/", "/boot/", "/hooks/", "/replies/"].iter().any(|beginning| path.starts_with(beginning))
}

/// Returns 404 in the API's error format.
pub(crate) async fn nothing() -> Response {
    let reason = "there is nothing at this address; /api/openapi.json says what there is";
    ApiError::new(StatusCode::NOT_FOUND, "not_found", reason).into_response()
}

/// Returns 405 in the API's error format.
pub(crate) async fn wrong_method() -> Response {
    let reason = "this address takes other methods, which `Allow` names";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", reason).into_response()
}
