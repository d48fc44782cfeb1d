//! What the bots act on: the chat as far as they know it, and this server as far as services must know it.

use std::{sync::Arc, time::Duration};

use chat::id::NodeId;
use tokio_util::sync::CancellationToken;

use super::{pending::Pending, running::Running};
use crate::{
    budget::Budgets, identity::nicknames::Nicknames, rooms::Rooms, service::Service, store::SharedStore,
};

/// What the bots of a server act on.
pub(crate) struct BotContext {
    pub(crate) service: Arc<Service>,
    pub(crate) store: SharedStore,
    pub(crate) rooms: Rooms,
    pub(crate) nicknames: Arc<Nicknames>,
    pub(crate) budgets: Arc<Budgets>,
    /// Where this server is reached from outside.
    pub(crate) base_url: String,
    /// The most characters of a message; 0 for no limit.
    pub(crate) text_limit: usize,
    /// How long a node that says nothing is taken to be there.
    pub(crate) node_lease: Duration,
    /// Whether no other node can give an answer.
    pub(crate) is_single_node: bool,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
    /// This process, among those that may give an answer.
    pub(crate) node: NodeId,
    /// The answers that are being given.
    pub(crate) running: Running,
}

impl BotContext {
    /// Returns the address to which a late answer may be posted.
    pub(super) fn reply_url(&self, pending: &Pending, secret: &str) -> String {
        format!("{}/replies/{}.{}.{secret}", self.base_url, pending.bot.id, pending.id)
    }
}
