//! Tokens: by which programs come in. Who has one, what it is good for, and how often it may be used.
//!
//! A [`token`] is shown once, when it is made, and only its digest is kept, with its [`grant`], as a record beside the
//! log. It is looked up for every request, so that one that is revoked is worth nothing at once, on every node. The
//! [`manage`] makes and revokes them. Nothing here prints or logs a token.

mod admission;
mod grant;
mod manage;
mod rate;
mod target;
mod token;

pub(crate) use admission::{Denied, Holder, Tokens};
pub use grant::{Scope, TokenKind};
pub use manage::{HookRequest, Output, TokenLocation, TokenRequest, add_hook, add_token, list, revoke};
pub use target::{Target, TargetError};
