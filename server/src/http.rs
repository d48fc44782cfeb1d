//! Everything that is answered over HTTP: which address leads to which handler, and what each answer passes through.
//!
//! A request comes through [`middleware`] to the [`router`], and from there to [`pages`] for people, [`api`] and [`hooks`] for
//! programs, [`replies`] for bots, [`websocket`] for connections that stay, or to what operators ask ([`health`], [`metrics`],
//! [`version`]). [`request`] reads what all of them want to know of a request; [`api_error`] is what programs are told when
//! something cannot be done.
//!
//! Handlers parse, ask the service and shape the answer. They never touch the store's tables or a room's members themselves.

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
