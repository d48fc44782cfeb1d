//! `GET /version`: what is running, for whoever helps. Tells nothing about the house.

use axum::{Json, http::header, response::IntoResponse};
use serde::Serialize;

/// What is running.
#[derive(Serialize)]
struct Running {
    name: &'static str,
    version: &'static str,
    /// The commit that a release was built from, if that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
}

/// The answer.
pub(crate) async fn version() -> impl IntoResponse {
    let running = Running {
        name: "teahouse",
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("TEAHOUSE_COMMIT").filter(|commit| !commit.is_empty()),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(running))
}
