//! The dependencies of the bots: the chat service and this server's own identity.

use std::{sync::Arc, time::Duration};

use chat::id::NodeId;
use tokio_util::sync::CancellationToken;

use super::{pending::Pending, running::Running};
use crate::{
    budget::Ledger, identity::nicknames::Nicknames, rooms::Rooms, service::Service, store::SharedStore,
};

/// Everything that a server's bots depend on.
pub(crate) struct BotContext {
    pub(crate) service: Arc<Service>,
    pub(crate) store: SharedStore,
    pub(crate) rooms: Rooms,
    pub(crate) nicknames: Arc<Nicknames>,
    pub(crate) budgets: Arc<Ledger>,
    /// This server's public base URL.
    pub(crate) base_url: String,
    /// The most characters of a message; 0 for no limit.
    pub(crate) text_limit: usize,
    /// How long a silent node counts as alive.
    pub(crate) node_lease: Duration,
    /// Whether no other node can give answers.
    pub(crate) is_single_node: bool,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
    /// This process, among the nodes that may give answers.
    pub(crate) node: NodeId,
    /// The answers in progress.
    pub(crate) running: Running,
}

impl BotContext {
    /// Returns the URL to which a late answer may be posted.
    pub(super) fn reply_url(&self, pending: &Pending, secret: &str) -> String {
        format!("{}/replies/{}.{}.{secret}", self.base_url, pending.bot.id, pending.id)
    }
}
