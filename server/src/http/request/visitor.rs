//! The visitor behind a request: address, language, time zone and login. Never checks what they may do.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts, Query},
    http::{HeaderMap, header, request::Parts},
};
use i18n::Language;
use serde::Deserialize;

use crate::{
    clock,
    http::{
        request::{
            arrival::Arrival,
            origin::{self, Foreign},
        },
        state::HttpState,
    },
    identity::{cookie_header::cookie, login::Login, logins::Ticket},
    net::client::Client,
    time_zone::TimeZone,
};

/// The visitor who makes a request.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Its client address, scheme and host names.
    pub(crate) arrival: Arrival,
    pub(crate) headers: HeaderMap,
    pub(crate) language: Language,
    /// The time zone that the browser last sent; UTC if it never did.
    pub(crate) time_zone: TimeZone,
    /// The requested path and query.
    pub(crate) asked: String,
}

#[derive(Default, Deserialize)]
struct Wish {
    lang: Option<String>,
}

impl Visitor {
    /// Refuses a request from a page of another origin.
    pub(crate) fn check_origin(&self, state: &HttpState) -> Result<(), Foreign> {
        origin::check(&self.headers, &self.arrival, &state.config)
    }

    /// Returns the client's address, taken from trusted proxies where possible.
    pub(crate) fn address(&self) -> IpAddr {
        self.client().address
    }

    /// Returns the client to which rate limits apply.
    pub(crate) fn client(&self) -> Client {
        self.arrival.client()
    }

    /// Returns the request's login if it is still valid.
    pub(crate) async fn ticket(&self, state: &HttpState) -> Option<Ticket> {
        let ticket = state.identity.read(&self.headers, self.is_secure())?;
        state.logins.holds(&ticket, clock::now()).await.then_some(ticket)
    }

    /// Returns the user of the request, if logged in.
    pub(crate) async fn login(&self, state: &HttpState) -> Option<Login> {
        self.ticket(state).await.map(|ticket| ticket.login)
    }

    /// Returns whether browsers reach the server over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.arrival.is_secure()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor
where
    Arc<HttpState>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visitor, Infallible> {
        let state = Arc::<HttpState>::from_ref(state);
        let wish: Wish =
            Query::try_from_uri(&parts.uri).map(|query: Query<Wish>| query.0).unwrap_or_default();
        let wished = wish.lang.or_else(|| cookie(&parts.headers, "lang"));
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Visitor {
            arrival: Arrival::of(&parts.extensions, &parts.headers, &state.config),
            headers: parts.headers.clone(),
            language: wished
                .and_then(|code| Language::from_code(&code))
                .unwrap_or_else(|| Language::accepted(accepted.unwrap_or_default())),
            time_zone: TimeZone::parse(&cookie(&parts.headers, "tz").unwrap_or_default()),
            asked: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }
}
