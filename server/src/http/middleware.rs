//! The middleware of all requests and responses, outermost first: security headers, host names, trailing
//! slashes, unread bodies.

pub(crate) mod hosts;
pub(crate) mod security;
pub(crate) mod trailing_slash;
pub(crate) mod unread_body;
