//! `GET /chat/{room}/log`: a room's latest messages by themselves, for the frame that shows them where no program runs.
//!
//! The frame asks every few seconds, so an answer that has not changed costs a look at the log and no page.

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

/// Kept by no browser: whoever comes after the reader finds nothing. Who keeps a tag all the same may ask by it.
const CACHE: HeaderValue = HeaderValue::from_static("no-store, no-transform");

/// Nothing runs in it, and only a page of this site shows it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self'; manifest-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'self'",
);

/// The log of a room, or 304 if the frame shows it already.
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
            tracing::error!(%error, "a room could not be read");
            return notice(&state, &visitor, Notice::Unavailable).await;
        }
    };
    // Nothing runs in it, nor what loads pages anew while one works on them.
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
        // At once and whole: what Leptos adds to a page that it streams are scripts.
        Html(Owner::new().with(|| shell::log_document(boot, assets).into_view().to_html())).into_response()
    };
    // Of 304 too, since its headers take the place of those that the browser holds.
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    response.headers_mut().insert(header::X_FRAME_OPTIONS, Frames::IsShown.options());
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    place.hold(response)
}
