//! What a chat on several nodes keeps in Redis, and the way there.
//!
//! [`link`] holds the connection and knows in which life the logs are; [`key`] names everything that lies there. The log
//! and the nicknames are [`crate::store::redis`]'s.

pub(crate) mod channel;
mod entry;
pub(crate) mod key;
pub(crate) mod link;

pub(crate) mod neighbours;
mod wanted;
mod word;
