//! What may be done with the chat, by whoever comes, through whichever door: sockets, pages, the API, hooks and bots.
//!
//! [`authorize`] says whether somebody may, [`read`] reads what was said. Knows no HTTP and no sockets; calls rooms, the store,
//! the cluster, identity and budgets.

pub(crate) mod authorize;
pub(crate) mod read;
