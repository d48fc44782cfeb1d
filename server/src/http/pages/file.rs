//! A file of the site, or what says that there is none.

use std::sync::Arc;

use app::notice::Notice;
use axum::{
    extract::{Request, State},
    response::Response,
};

use super::render::notice;
use crate::http::{api, request::visitor::Visitor, state::HttpState};

/// A file of the site, or the page that says there is nothing; to programs in their own form.
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
