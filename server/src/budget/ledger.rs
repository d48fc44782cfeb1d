//! The accounts of this node, and the operations that charge them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chat::id::UserId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    account::Accounts,
    cost::{Cost, Rates},
    shared::{Charge, Debtor, Outgoing},
};

use crate::{config::Config, net::address_block::Block};

/// Interval at which full accounts are dropped.
const SWEEP: Duration = Duration::from_secs(5);

/// Interval at which this node publishes its charges to other nodes.
const SHARE: Duration = Duration::from_secs(1);

/// A cost that exceeds what is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; try again in {} s", .cost.exceeded(), .wait.as_secs() + 1)]
pub(crate) struct Exceeded {
    pub(crate) cost: Cost,
    /// Time until there is enough again.
    pub(crate) wait: Duration,
}

/// All accounts of this node.
pub(crate) struct Ledger {
    pub(super) users: Accounts<UserId>,
    pub(super) addresses: Accounts<Block>,
    pub(super) rates: Rates,
    pub(super) outgoing: Outgoing,
    opened: Instant,
    refused: [AtomicU64; Cost::ALL.len()],
}

impl Ledger {
    /// Makes unspent budgets at the configured rates; `is_shared` if there are other nodes.
    pub(crate) fn new(config: &Config, is_shared: bool) -> Ledger {
        Ledger {
            users: Accounts::default(),
            addresses: Accounts::default(),
            rates: Rates::new(config),
            outgoing: Outgoing::new(is_shared),
            opened: Instant::now(),
            refused: Default::default(),
        }
    }

    /// Charges an address for something without a user yet: a login, or a wrong token.
    ///
    /// # Errors
    /// Returns [`Exceeded`], and charges nothing, if the address has not enough left. This machine (`None`)
    /// has no limit.
    pub(crate) fn charge_address(&self, address: Option<Block>, cost: Cost) -> Result<(), Exceeded> {
        let Some(block) = address else { return Ok(()) };
        let taken = self.addresses.take(&block, cost, self.rates.of_address(cost), 1, self.now());
        taken.map_err(|wait| self.refuse(cost, wait))?;
        self.outgoing.add(|| Debtor::Address(block), cost, 1);
        Ok(())
    }

    /// Applies charges from other nodes, even if the accounts here go into debt.
    pub(crate) fn charge_elsewhere(&self, charges: impl IntoIterator<Item = Charge>) {
        let now = self.now();
        for Charge { debtor, cost, amount } in charges {
            match debtor {
                Debtor::User(user) => {
                    self.users.spend(&user, cost, self.rates.of_user(cost), amount, now);
                }
                Debtor::Address(block) => {
                    self.addresses.spend(&block, cost, self.rates.of_address(cost), amount, now);
                }
            }
        }
    }

    /// Drops full accounts periodically, and passes the charges that count on other nodes to `share` once a
    /// second, until `stop`.
    pub(crate) async fn run(&self, share: impl Fn(&[Charge]), stop: CancellationToken) {
        let mut swept = Instant::now();
        while stop.run_until_cancelled(sleep(SHARE)).await.is_some() {
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                self.users.sweep(self.now());
                self.addresses.sweep(self.now());
            }
            let charges = self.outgoing.take();
            if !charges.is_empty() {
                share(&charges);
            }
        }
    }

    /// Returns the number of refusals of each cost since the start.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (Cost, u64)> {
        Cost::ALL.into_iter().map(|cost| (cost, self.refused[cost.index()].load(Ordering::Relaxed)))
    }

    /// Returns the number of users and addresses that have an account.
    pub(crate) fn accounts(&self) -> (usize, usize) {
        (self.users.len(), self.addresses.len())
    }

    /// Counts a refusal of a cost that another module limits itself.
    pub(crate) fn count_refusal(&self, cost: Cost) {
        self.refused[cost.index()].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, cost: Cost, wait: Duration) -> Exceeded {
        self.count_refusal(cost);
        Exceeded { cost, wait }
    }

    /// Returns the time since the ledger was opened, in nanoseconds.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
