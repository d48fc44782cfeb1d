//! What a request says before anybody answers it: [`arrival`] is how it came here and what proxies ([`forwarded`]) say of that,
//! [`origin`] whose page sent it, and [`visitor`] all of that for handlers. Never answers.

pub(crate) mod arrival;
pub(crate) mod forwarded;
pub(crate) mod hosts;
pub(crate) mod origin;
pub(crate) mod visitor;
