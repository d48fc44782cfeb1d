//! What those who run the server ask it: whether it lives, and whether it takes people in.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use crate::http::state::HttpState;

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 while people are taken in, 503 once the server is stopping and while the store does not answer.
pub(crate) async fn ready(State(state): State<Arc<HttpState>>) -> (StatusCode, &'static str) {
    if state.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !state.is_available() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
