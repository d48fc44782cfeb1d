//! Outgoing requests of this server to the configured services, and to nowhere else.
//!
//! A request goes to a configured host, or follows that host's redirects within the configuration; every step
//! is checked again. Names that resolve to this machine, to private networks or to a cloud's metadata service
//! are refused unless they were configured ([`resolver`], [`network`]). Every duration and size is limited.
//! Error messages never contain a key, a path, a query or transferred data.

pub(crate) mod resolver;

mod bounds;
mod network;
mod redirect;
mod tls;

#[cfg(test)]
pub(crate) mod test_service;
#[cfg(test)]
mod tests;

use std::{error::Error, sync::Arc};

use axum::body::Bytes;
use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use rustls_native_certs::CertificateResult;
use tokio::time::timeout;

pub(crate) use bounds::{Bounds, within};
use resolver::{Astray, Lookup, Resolver, System};

use super::question::{BotError, BotErrorKind};
use crate::config::bots::place::{AllowedHosts, origin};

/// How many redirects of one request are followed.
const REDIRECTS: usize = 3;

/// A client for one service.
pub(crate) struct Outgoing {
    client: Client,
    places: AllowedHosts,
    bounds: Bounds,
}

/// A POST request.
pub(crate) struct Post {
    /// Headers that are sent to every origin.
    pub(crate) headers: HeaderMap,
    /// The `Authorization` header, sent to the configured origin only.
    pub(crate) key: Option<HeaderValue>,
    pub(crate) body: Vec<u8>,
    /// Whether the body contains a key: it is sent to the configured origin only.
    pub(crate) confidential: bool,
}

/// A response: its head, and its body piece by piece.
pub(crate) struct Reply {
    response: Response,
    /// The origin, for log messages.
    from: String,
    bounds: Bounds,
    /// How many more bytes the body may have.
    left: usize,
}

impl Outgoing {
    /// Creates the client of a service; returns a one-line error if that fails. Opens no connection. With
    /// `private`, names may resolve to private networks.
    pub(crate) fn new(places: AllowedHosts, private: bool, bounds: Bounds) -> Result<Outgoing, String> {
        // The system's, or those in the file that `SSL_CERT_FILE` names.
        let certificates = rustls_native_certs::load_native_certs();
        Outgoing::believing(Arc::new(System), certificates, places, private, bounds)
    }

    /// Like `new`, with another DNS lookup and other root certificates.
    fn believing(
        lookup: Arc<dyn Lookup>,
        certificates: CertificateResult,
        places: AllowedHosts,
        private: bool,
        bounds: Bounds,
    ) -> Result<Outgoing, String> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(certificates, places.own().scheme() == "https")?)
            .dns_resolver(Arc::new(Resolver::new(lookup, private)))
            .redirect(Policy::none())
            // Behind a proxy, the final address could not be checked.
            .no_proxy()
            .referer(false)
            .connect_timeout(bounds.connect)
            .user_agent(concat!("Teahouse/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no client can be made: {}", innermost(&error)))?;
        Ok(Outgoing { client, places, bounds })
    }

    /// Posts, follows permitted redirects, and returns the head of the response, whatever its status.
    pub(crate) async fn post(&self, post: &Post) -> Result<Reply, BotError> {
        let mut url = self.places.own().clone();
        for _ in 0..=REDIRECTS {
            let own = self.places.is_own(&url);
            let mut headers = post.headers.clone();
            if let (true, Some(key)) = (own, &post.key) {
                headers.insert(AUTHORIZATION, key.clone());
            }
            let from = origin(&url);
            let request = self.client.post(url.clone()).headers(headers).body(post.body.clone());
            let sent = timeout(self.bounds.first, request.send()).await;
            let response = sent
                .map_err(|_| self.bounds.no_answer(&from))?
                .map_err(|error| self.not_sent(&from, &error))?;
            if !response.status().is_redirection() {
                return Reply::new(response, from, self.bounds);
            }
            url =
                redirect::next(&self.places, &url, post.confidential, response.status(), response.headers())
                    .map_err(|why| BotError::new(BotErrorKind::Forbidden, format!("{from} {why}")))?;
        }
        let own = origin(self.places.own());
        Err(BotError::new(BotErrorKind::Forbidden, format!("{own} redirects more than {REDIRECTS} times")))
    }

    fn not_sent(&self, to: &str, error: &reqwest::Error) -> BotError {
        if let Some(astray) = causes(error).find_map(|cause| cause.downcast_ref::<Astray>()) {
            return BotError::new(BotErrorKind::Forbidden, astray.to_string());
        }
        let cause = innermost(error);
        if error.is_connect() && error.is_timeout() {
            let detail = format!("no connection to {to} within {:?}", self.bounds.connect);
            return BotError::new(BotErrorKind::Unreachable, detail);
        }
        if error.is_connect() {
            return BotError::new(BotErrorKind::Unreachable, format!("no connection to {to}: {cause}"));
        }
        if causes(error).filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse)
        {
            return BotError::new(BotErrorKind::Garbled, format!("{to} does not speak HTTP: {cause}"));
        }
        BotError::new(BotErrorKind::Unreachable, format!("{to} broke off before it answered: {cause}"))
    }
}

impl Reply {
    fn new(response: Response, from: String, bounds: Bounds) -> Result<Reply, BotError> {
        // This client neither decompresses nor asks for compression.
        if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            let detail = format!("{from} answers in a Content-Encoding that it was not asked for");
            return Err(BotError::new(BotErrorKind::Garbled, detail));
        }
        let reply = Reply { response, from, bounds, left: bounds.bytes };
        match reply.response.content_length() {
            Some(length) if usize::try_from(length).is_ok_and(|length| length <= bounds.bytes) => Ok(reply),
            None => Ok(reply),
            Some(_) => Err(reply.too_long()),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns a header, if it is present and text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Returns the origin, for log messages.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// Returns the next piece of the body as it arrives; `None` at the end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, BotError> {
        let came = timeout(self.bounds.silence, self.response.chunk()).await;
        let piece = came.map_err(|_| self.bounds.silent(&self.from))?.map_err(|error| {
            BotError::new(BotErrorKind::CutOff, format!("{} broke off: {}", self.from, innermost(&error)))
        })?;
        let length = piece.as_ref().map_or(0, Bytes::len);
        self.left = self.left.checked_sub(length).ok_or_else(|| self.too_long())?;
        Ok(piece)
    }

    /// Returns the whole body.
    pub(crate) async fn whole(&mut self) -> Result<Vec<u8>, BotError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// Returns the whole body; fails if it has more than `bytes` bytes.
    pub(crate) async fn beginning(&mut self, bytes: usize) -> Result<Vec<u8>, BotError> {
        self.left = self.left.min(bytes);
        self.whole().await
    }

    fn too_long(&self) -> BotError {
        let detail = format!("{} answers with more than {} bytes", self.from, self.bounds.bytes);
        BotError::new(BotErrorKind::TooLong, detail)
    }
}

/// Iterates over an error and its sources, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Returns the innermost cause: the outer errors may contain the URL.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).skip(1).last().map_or_else(|| "it is not said why".to_owned(), ToString::to_string)
}
