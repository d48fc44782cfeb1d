//! What every request and every answer passes through, in this order: security headers, the names of the server, trailing
//! slashes, bodies that nobody read.

pub(crate) mod hosts;
pub(crate) mod security;
pub(crate) mod trailing_slash;
pub(crate) mod unread_body;
