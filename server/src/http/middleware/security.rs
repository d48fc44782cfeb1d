//! Security headers: what a page may load and run, and which pages may frame it.

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

/// A page's use of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// It contains no frames and cannot be framed.
    Nothing,
    /// It may contain frames with pages of this site.
    Shows,
    /// Pages of this site may frame it.
    IsShown,
}

impl Frames {
    /// Returns the `X-Frame-Options` value, which older browsers read instead of `frame-ancestors` (RFC
    /// 7034).
    pub(crate) fn options(self) -> HeaderValue {
        HeaderValue::from_static(if self == Frames::IsShown { "SAMEORIGIN" } else { "DENY" })
    }
}

/// Returns the content security policy of a page whose own scripts carry this nonce. WebAssembly needs its
/// keyword; all other evaluation is forbidden, as are inline scripts without the nonce. In development, the
/// page may also connect to the port that triggers a reload.
pub(crate) fn content_policy(nonce: &str, reload: Option<u16>, frames: Frames) -> String {
    let frame = if frames == Frames::Shows { "'self'" } else { "'none'" };
    let ancestors = if frames == Frames::IsShown { "'self'" } else { "'none'" };
    let reload =
        reload.map(|port| format!(" ws://127.0.0.1:{port} ws://localhost:{port}")).unwrap_or_default();
    // Prefetching falls under `default-src`, so unlike in other responses it is not 'none'.
    format!(
        "default-src 'self'; object-src 'none'; frame-src {frame}; worker-src 'none'; media-src 'none'; font-src 'none'; \
         script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{reload}; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )
}

/// Returns whether browsers consider the site potentially trustworthy (W3C Secure Contexts, section 3.1),
/// because it came over TLS or is on this machine. On other sites they ignore an opener policy and log a
/// warning.
fn is_trusted(arrival: &Arrival) -> bool {
    let is_loopback =
        |host: &Authority| host.is_localhost() || host.ip().is_some_and(|address| address.is_loopback());
    arrival.is_secure() || arrival.hosts().first().and_then(Option::as_ref).is_some_and(is_loopback)
}

/// Features that no page needs, denied to embedded content too (W3C Permissions Policy).
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// How long browsers use TLS only, in seconds, after a visit over TLS (RFC 6797). Excludes subdomains, which
/// may belong to others.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Adds the headers of every response.
pub(crate) async fn headers(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let trusted = is_trusted(&Arrival::of(request.extensions(), request.headers(), &state.config));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::X_FRAME_OPTIONS).or_insert(Frames::Nothing.options());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer`, browsers post forms with `Origin: null`, which hides where they come from.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if trusted {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
    if state.config.base_url.as_ref().is_some_and(Origin::is_secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
    }
    // Nothing is cached unless a handler allows it.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
