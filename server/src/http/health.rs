//! What those who run the server ask it: whether it lives, and whether it takes people in.

use axum::{extract::State, http::StatusCode};

use crate::http::state::Shared;

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 while people are taken in, 503 once the server is stopping and while the store does not answer.
pub(crate) async fn ready(State(teahouse): State<Shared>) -> (StatusCode, &'static str) {
    if teahouse.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !teahouse.is_available() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
