//! Parses what all handlers need from a request: [`arrival`] determines its client, scheme and host names,
//! using the headers of trusted proxies ([`forwarded`]); [`hosts`] and [`origin`] check host name and origin;
//! and [`visitor`] bundles the result for handlers. Never responds.

pub(crate) mod arrival;
pub(crate) mod forwarded;
pub(crate) mod hosts;
pub(crate) mod origin;
pub(crate) mod visitor;
