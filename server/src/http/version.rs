//! `GET /version`: name, version and commit, for support. Reveals nothing about the instance.

use axum::{Json, http::header, response::IntoResponse};
use serde::Serialize;

/// The response body.
#[derive(Serialize)]
struct Running {
    name: &'static str,
    version: &'static str,
    /// The commit that a release was built from, if the build knew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
}

/// Returns the version.
pub(crate) async fn version() -> impl IntoResponse {
    let running = Running {
        name: "teahouse",
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("TEAHOUSE_COMMIT").filter(|commit| !commit.is_empty()),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(running))
}
