//! The HTTP layer: routes, middleware and handlers.
//!
//! A request passes through [`middleware`] to the [`router`], and from there to [`pages`] for browsers,
//! [`api`] and [`hooks`] for programs, [`replies`] for bots, [`websocket`] for long-lived connections, or to
//! the endpoints for operators ([`health`], [`metrics`], [`version`]). [`request`] extracts what all handlers
//! need from a request; [`api_error`] is the error response for programs.
//!
//! Handlers parse the request, call the service and format the response. They never access the store's tables
//! or a room's members directly.

pub(crate) mod router;
pub(crate) mod state;

pub(crate) mod middleware;
pub(crate) mod request;

pub(crate) mod api;
pub(crate) mod hooks;
pub(crate) mod pages;
pub(crate) mod replies;
pub(crate) mod websocket;

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod version;

pub(crate) mod api_error;
pub(crate) mod entity_tag;
pub(crate) mod idempotency;
pub(crate) mod redirect;
