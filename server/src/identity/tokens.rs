//! Access tokens of programs: their owners, permissions and rate limits.
//!
//! A [`token`] is shown once, when it is created; only its digest is stored, with its [`grant`], as a record
//! outside the logs. It is looked up for every request, so that a revoked token is invalid at once on every
//! node. [`manage`] creates and revokes tokens. Never prints or logs a token that a client presents.

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
