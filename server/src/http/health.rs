//! Health checks for operators: liveness and readiness.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use crate::http::state::HttpState;

/// `GET /healthz`: returns 200 as long as the process responds.
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: returns 200 while the server takes users, and 503 while it is stopping or its store does
/// not respond.
pub(crate) async fn ready(State(state): State<Arc<HttpState>>) -> (StatusCode, &'static str) {
    if state.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !state.is_available() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
