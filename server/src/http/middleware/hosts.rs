//! Refuses requests whose host name is not one of the server's.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::{
    request::{arrival::Arrival, visitor::Visitor},
    state::HttpState,
};

/// Paths that load balancers and supervisors request under any host name. Their responses reveal nothing
/// about users.
const OPEN_TO_ALL: [&str; 2] = ["/healthz", "/readyz"];

/// Refuses a request with a foreign host name before any handler sees it.
pub(crate) async fn guard(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let arrival = Arrival::of(request.extensions(), request.headers(), &state.config);
    state.proxy_warnings.look_at(&arrival);
    if OPEN_TO_ALL.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Err(stranger) = state.hosts.check(&arrival) else { return next.run(request).await };
    tracing::debug!(%stranger, understood = %arrival, "a request by a foreign name was refused");
    let (mut parts, _) = request.into_parts();
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &state).await;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::MISDIRECTED_REQUEST, headers, stranger.sentence(visitor.language)).into_response()
}
