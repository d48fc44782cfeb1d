//! Renders views as responses with the headers of pages, including error pages.

use std::sync::Arc;

use app::{notice::Notice, shell};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chat::id::UserId;
use leptos::prelude::{IntoView, expect_context};
use leptos_axum::ResponseOptions;

use super::place::PagePlace;
use crate::http::{
    middleware::security::{self, Frames},
    request::visitor::Visitor,
    state::HttpState,
};

/// Renders a view as a response.
pub(crate) async fn render<IV: IntoView + 'static>(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    status: StatusCode,
    frames: Frames,
    view: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let reload = state.site.assets().reload;
    let draw = move || {
        let response: ResponseOptions = expect_context();
        response.set_status(status);
        if let Some(nonce) = leptos::nonce::use_nonce()
            && let Ok(policy) = HeaderValue::from_str(&security::content_policy(&nonce, reload, frames))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.insert_header(header::X_FRAME_OPTIONS, frames.options());
        // Proxies must not transform the page.
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
        response.insert_header(header::VARY, HeaderValue::from_static("cookie, accept-language"));
        view()
    };
    let mut request = Request::new(Body::empty());
    // The views do not use the URL, but the renderer needs one.
    if let Ok(uri) = visitor.asked.parse() {
        *request.uri_mut() = uri;
    }
    leptos_axum::render_app_to_stream_with_context(|| {}, draw)(request).await
}

/// Renders an error page with its status.
pub(crate) async fn notice(state: &Arc<HttpState>, visitor: &Visitor, notice: Notice) -> Response {
    let status = StatusCode::from_u16(notice.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (assets, language) = (state.site.assets().clone(), visitor.language);
    render(state, visitor, status, Frames::Nothing, move || {
        shell::notice_document(language, notice, assets.clone())
    })
    .await
}

/// Refuses a request from a page of another origin with an error page; `what` names the request in the log.
pub(crate) async fn check_origin(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    what: &str,
) -> Result<(), Response> {
    let Err(foreign) = visitor.check_origin(state) else { return Ok(()) };
    tracing::info!(%foreign, understood = %visitor.arrival, "{what} was refused");
    Err(notice(state, visitor, Notice::Forbidden).await)
}

/// Takes a permit for a user's page, or renders the error page that says when to retry.
pub(crate) async fn take_place(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    user: &UserId,
) -> Result<PagePlace, Response> {
    match PagePlace::take(state, visitor, user) {
        Ok(place) => Ok(place),
        Err(none) => {
            let said = notice(state, visitor, Notice::TooMany { seconds: none.seconds }).await;
            Err(none.retry_after(said))
        }
    }
}
