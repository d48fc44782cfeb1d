//! Limits how many pages are being sent to one address: a client that requests many and reads none would hold
//! their memory.

use std::sync::Arc;

use axum::{http::HeaderValue, http::header, response::Response};
use chat::id::UserId;
use transport::held_body::holding;

use crate::{
    budget::{Cost, Payer, charged},
    http::{request::visitor::Visitor, state::HttpState},
    net::connection_limit::ConnectionPermit,
};

/// The retry delay for a page over the limit, in seconds.
const RETRY_SECONDS: u64 = 2;

/// A permit for one page of an address, held until the page has been read.
pub(crate) struct PagePlace(ConnectionPermit);

/// A page was refused because of a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoPage {
    /// The retry delay in seconds.
    pub(crate) seconds: u64,
}

impl PagePlace {
    /// Charges the user for a page and returns a permit for it.
    ///
    /// # Errors
    ///
    /// Returns [`NoPage`] if the user's rate limit is exceeded, or too many pages are being sent to the
    /// address.
    pub(crate) fn take(
        state: &Arc<HttpState>,
        visitor: &Visitor,
        user: &UserId,
    ) -> Result<PagePlace, NoPage> {
        let address = charged(visitor.client());
        let payer = Payer::new(&state.budgets, user, address);
        payer.charge(Cost::Page, 1).map_err(|exceeded| NoPage { seconds: exceeded.wait.as_secs() + 1 })?;
        state.page_places.admit(address).map(PagePlace).map_err(|_| {
            state.budgets.count_refusal(Cost::Page);
            NoPage { seconds: RETRY_SECONDS }
        })
    }

    /// Holds the permit until the response has been read or is dropped.
    pub(crate) fn hold(self, response: Response) -> Response {
        response.map(|body| holding(body, self.0))
    }
}

impl NoPage {
    /// Adds `Retry-After` to a response.
    pub(crate) fn retry_after(self, mut response: Response) -> Response {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.seconds));
        response
    }
}
