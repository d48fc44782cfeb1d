//! How many pages of a house may be on their way to one address: whoever asks for many and reads none of them holds their
//! memory.

use std::sync::Arc;

use axum::{http::HeaderValue, http::header, response::Response};
use chat::id::UserId;
use transport::held_body::holding;

use crate::{
    budget::{Cost, Payer, charged},
    http::{request::visitor::Visitor, state::HttpState},
    net::connection_limit::ConnectionPermit,
};

/// In how many seconds to ask again for a page that has no place.
const RETRY_SECONDS: u64 = 2;

/// A page's place among those of its address, until it has been read.
pub(crate) struct PagePlace(ConnectionPermit);

/// No page is rendered for now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoPage {
    /// In how many seconds to ask again.
    pub(crate) seconds: u64,
}

impl PagePlace {
    /// Charges somebody for a page, and gives it a place.
    ///
    /// # Errors
    /// Returns [`NoPage`] if they have asked for too many, or too many are on their way to their address.
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

    /// Keeps the place until an answer has been read, or is read no more.
    pub(crate) fn hold(self, response: Response) -> Response {
        response.map(|body| holding(body, self.0))
    }
}

impl NoPage {
    /// Says in an answer when to ask again.
    pub(crate) fn retry_after(self, mut response: Response) -> Response {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.seconds));
        response
    }
}
