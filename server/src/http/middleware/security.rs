//! The headers that keep a page to itself: what it may load, run and be framed by.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{
    config::{Origin, authority::Authority},
    http::{request::arrival::Arrival, state::HttpState},
};

/// What a page has to do with frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Nothing: it shows none, and is shown in none.
    Nothing,
    /// It may show pages of this site in frames.
    Shows,
    /// Pages of this site may show it in a frame.
    IsShown,
}

impl Frames {
    /// What older browsers read instead of `frame-ancestors` (RFC 7034).
    pub(crate) fn options(self) -> HeaderValue {
        HeaderValue::from_static(if self == Frames::IsShown { "SAMEORIGIN" } else { "DENY" })
    }
}

/// The content security policy of a page whose own scripts carry this nonce. WebAssembly needs its keyword; nothing
/// else may be evaluated, and nothing inline runs without the nonce. While developing, the page also listens on the port
/// that tells it to load again.
pub(crate) fn content_policy(nonce: &str, reload: Option<u16>, frames: Frames) -> String {
    let frame = if frames == Frames::Shows { "'self'" } else { "'none'" };
    let ancestors = if frames == Frames::IsShown { "'self'" } else { "'none'" };
    let reload =
        reload.map(|port| format!(" ws://127.0.0.1:{port} ws://localhost:{port}")).unwrap_or_default();
    // What browsers prefetch falls under the default, which therefore is not 'none' as in other answers.
    format!(
        "default-src 'self'; object-src 'none'; frame-src {frame}; worker-src 'none'; media-src 'none'; font-src 'none'; \
         script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{reload}; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )
}

/// Whether browsers take the site for potentially trustworthy (W3C Secure Contexts, section 3.1): it came over TLS, or is
/// on this machine. Elsewhere they ignore an opener policy, and complain of it.
fn is_trusted(arrival: &Arrival) -> bool {
    let is_loopback =
        |host: &Authority| host.is_localhost() || host.ip().is_some_and(|address| address.is_loopback());
    arrival.is_secure() || arrival.hosts().first().and_then(Option::as_ref).is_some_and(is_loopback)
}

/// What no page here needs, and what is put into one may therefore not have either (W3C Permissions Policy).
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// How long browsers come over TLS alone, in seconds, once they did (RFC 6797). Other names under the same domain are not ours
/// to speak for.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Adds the headers that every answer bears.
pub(crate) async fn headers(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let trusted = is_trusted(&Arrival::of(request.extensions(), request.headers(), &state.config));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::X_FRAME_OPTIONS).or_insert(Frames::Nothing.options());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Under `no-referrer` browsers post forms with `Origin: null`, which says nothing about where they come from.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if trusted {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
    if state.config.base_url.as_ref().is_some_and(Origin::is_secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
    }
    // Only what says itself that it may be kept is kept by anybody.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
