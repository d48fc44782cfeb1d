//! The routes, and the layers that every request and response passes.

use std::{sync::Arc, time::Duration};

use app::notice::Notice;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::PathRejection},
    http::{StatusCode, Uri},
    middleware,
    response::Response,
    routing::{get, post},
};
use tower_http::{compression::CompressionLayer, timeout::TimeoutLayer};

use crate::http::{
    api, health, hooks, metrics,
    middleware::{hosts, security, trailing_slash, unread_body},
    pages::{self, query::Asked},
    redirect, replies,
    request::visitor::Visitor,
    state::HttpState,
    version,
    websocket::{self, Door},
};

/// The default limit of a request body, in bytes: the forms hold only a name and a path.
const BODY_LIMIT: usize = 16 * 1_024;

/// The time limit of a request; a WebSocket session starts after it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns all routes of the server.
pub(crate) fn router(state: Arc<HttpState>) -> Router {
    let routes = Router::new()
        .route("/", get(async || redirect::to("/chat")))
        .route("/login", get(pages::login::login).post(pages::login::log_in))
        .route("/logout", post(pages::login::log_out))
        .route("/logout/elsewhere", post(pages::login::log_out_elsewhere))
        .route("/language", post(pages::language::set_language))
        .route(
            "/chat",
            get(lobby).post(pages::send::to_lobby).layer(DefaultBodyLimit::max(pages::send::BODY_LIMIT)),
        )
        .route(
            "/chat/{room}",
            get(room).post(pages::send::to_room).layer(DefaultBodyLimit::max(pages::send::BODY_LIMIT)),
        )
        .route("/chat/{room}/log", get(pages::log::log))
        .route("/chat/{room}/{seq}", get(pages::chat::message))
        .route("/search", get(pages::search::search))
        .route("/ws", get(websocket::connect))
        .merge(doors())
        .merge(api::router())
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::health))
        .route("/readyz", get(health::ready))
        .route("/version", get(version::version))
        .fallback(pages::file::file)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CompressionLayer::new())
        .with_state(state.clone());
    // These layers must see a request before it is routed.
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn(unread_body::read))
        .layer(middleware::from_fn(trailing_slash::remove))
        .layer(middleware::from_fn_with_state(state.clone(), hosts::guard))
        .layer(middleware::from_fn_with_state(state, security::headers))
}

/// Returns the routes for programs outside `/api`.
fn doors() -> Router<Arc<HttpState>> {
    Router::new()
        .route("/boot/{room}", get(pages::chat::boot))
        .route("/replies/{token}", post(replies::reply).layer(DefaultBodyLimit::max(replies::BODY_LIMIT)))
        .route("/hooks/{token}", post(hooks::push).layer(DefaultBodyLimit::max(hooks::body::BODY_LIMIT)))
        .method_not_allowed_fallback(api::wrong_method)
}

/// `GET /chat`: the page of the lobby, or a WebSocket if the request is an upgrade.
async fn lobby(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    uri: Uri,
    door: Option<Door>,
) -> Response {
    let asked = asked(&uri);
    match door {
        Some(door) => websocket::open(state, visitor, door, None).await,
        None => pages::chat::lobby(state, visitor, asked).await,
    }
}

/// `GET /chat/{room}`: the page of a room, or a WebSocket.
async fn room(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
    door: Option<Door>,
) -> Response {
    let Ok(Path(name)) = name else {
        return pages::render::notice(&state, &visitor, Notice::RoomUnfit).await;
    };
    if let Some(door) = door {
        return websocket::open(state, visitor, door, Some(&name)).await;
    }
    pages::chat::room(state, visitor, &name, asked(&uri)).await
}

/// Returns the query's parameters; an invalid query counts as empty.
fn asked(uri: &Uri) -> Asked {
    Query::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}
