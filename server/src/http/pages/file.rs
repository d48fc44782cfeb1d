//! The fallback route: serves a file of the site, or 404.

use std::sync::Arc;

use app::notice::Notice;
use axum::{
    extract::{Request, State},
    response::Response,
};

use super::render::notice;
use crate::http::{api, request::visitor::Visitor, state::HttpState};

/// Serves a file of the site, or 404: as JSON for programs, as a page for browsers.
pub(crate) async fn file(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    request: Request,
) -> Response {
    let path = request.uri().path();
    match state.site.answer(path, request.headers()) {
        Some(answer) => answer,
        None if api::is_for_programs(path) => api::nothing().await,
        None => notice(&state, &visitor, Notice::NotFound).await,
    }
}
