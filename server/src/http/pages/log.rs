//! `GET /chat/{room}/log`: a room's newest messages alone, for the frame that shows them without JavaScript.
//!
//! The frame reloads every few seconds, so an unchanged log costs a read but no rendering.

use std::sync::Arc;

use app::{
    form::Form,
    notice::Notice,
    shell::{self, Assets},
};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::room_name::RoomName;
use leptos::prelude::{IntoView as _, Owner, RenderHtml as _};
use sha2::{Digest as _, Sha256};

use super::{
    address::room_path,
    chat::{let_in, make_boot},
    render::notice,
};
use crate::http::{
    entity_tag, middleware::security::Frames, redirect, request::visitor::Visitor, state::HttpState,
};

/// Not stored by browsers, so that the next user of the browser finds nothing. A client that keeps the tag
/// anyway may send it.
const CACHE: HeaderValue = HeaderValue::from_static("no-store, no-transform");

/// Runs no scripts, and only pages of this site may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self'; manifest-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'self'",
);

/// Renders the log of a room, or returns 304 if it is unchanged.
pub(crate) async fn log(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Response {
    let Ok(room) = RoomName::parse_any(&name) else {
        return notice(&state, &visitor, Notice::RoomUnfit).await;
    };
    if room.as_str() != name {
        return redirect::to(&format!("/chat/{}/log", super::address::encoded(room.as_str())));
    }
    let (login, place) = match let_in(&state, &visitor, &room).await {
        Ok(let_in) => let_in,
        Err(elsewhere) => return elsewhere,
    };
    let boot = match make_boot(&state, &visitor, &login, room.clone(), None, Form::default()).await {
        Ok(boot) => boot,
        Err(error) => {
            tracing::error!(%error, "failed to read a room");
            return notice(&state, &visitor, Notice::Unavailable).await;
        }
    };
    // No scripts run in it, so it cannot reload itself in development.
    let assets = Assets { reload: None, ..state.site.assets().clone() };
    let seen = format!(
        "{} {} {} {} {} {} {:?} {}",
        room_path(&room),
        boot.room.epoch,
        boot.room.oldest,
        boot.room.head,
        boot.user.id,
        boot.language.code(),
        boot.offsets,
        assets.css,
    );
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(seen.as_bytes())));
    let mut response = if entity_tag::is_known(&visitor.headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let _turn = state.rendering.acquire().await;
        // Not streamed, because Leptos adds scripts to streamed pages.
        Html(Owner::new().with(|| shell::log_document(boot, assets).into_view().to_html())).into_response()
    };
    // On a 304 too, because its headers replace those that the browser has stored.
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    response.headers_mut().insert(header::X_FRAME_OPTIONS, Frames::IsShown.options());
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    place.hold(response)
}
