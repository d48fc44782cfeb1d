//! Who pays: a user, and the address that they come from.

use std::{sync::Arc, time::Duration};

use chat::id::UserId;

use super::{Block, Budgets, Cost, Debtor, Exceeded, account::Account};

/// A user and the address that they come from. Held by whatever they do for longer: a connection, a request.
#[derive(Clone)]
pub(crate) struct Payer {
    budgets: Arc<Budgets>,
    user: (UserId, Arc<Account>),
    /// None for this machine.
    address: Option<(Block, Arc<Account>)>,
}

impl Payer {
    pub(super) fn new(
        budgets: Arc<Budgets>,
        user: (UserId, Arc<Account>),
        address: Option<(Block, Arc<Account>)>,
    ) -> Payer {
        Payer { budgets, user, address }
    }

    /// Charges `amount` units of a cost.
    ///
    /// # Errors
    /// Returns [`Exceeded`], and charges nothing, if the user or the address has not enough left.
    pub(crate) fn charge(&self, cost: Cost, amount: u32) -> Result<(), Exceeded> {
        let (budgets, now) = (&*self.budgets, self.budgets.now());
        let of_user = budgets.rates.of_user(cost);
        budgets.take(&self.user.1, cost, of_user, amount, now)?;
        if let Some((_, account)) = &self.address {
            budgets
                .take(account, cost, budgets.rates.of_address(cost), amount, now)
                .inspect_err(|_| self.user.1.give_back(cost, of_user, amount))?;
        }
        self.tell(cost, amount);
        Ok(())
    }

    /// Charges for what was done already; returns how long to do nothing more for them.
    pub(crate) fn spend(&self, cost: Cost, amount: u32) -> Duration {
        let (budgets, now) = (&*self.budgets, self.budgets.now());
        let mut pause = self.user.1.spend(cost, budgets.rates.of_user(cost), amount, now);
        if let Some((_, account)) = &self.address {
            pause = pause.max(account.spend(cost, budgets.rates.of_address(cost), amount, now));
        }
        if !pause.is_zero() {
            budgets.count_refusal(cost);
        }
        self.tell(cost, amount);
        pause
    }

    /// Has other nodes know of a charge that counts there too.
    fn tell(&self, cost: Cost, amount: u32) {
        let outgoing = &self.budgets.outgoing;
        outgoing.add(|| Debtor::User(self.user.0.clone()), cost, amount);
        if let Some((block, _)) = &self.address {
            outgoing.add(|| Debtor::Address(*block), cost, amount);
        }
    }
}
