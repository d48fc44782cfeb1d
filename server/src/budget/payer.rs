//! The payer of a request: a user and the address that they come from.

use std::time::Duration;

use chat::id::UserId;

use super::{
    cost::Cost,
    ledger::{Exceeded, Ledger},
    shared::Debtor,
};

use crate::net::address_block::Block;

/// A user and the address that they come from.
#[derive(Clone, Copy)]
pub(crate) struct Payer<'a> {
    budgets: &'a Ledger,
    user: &'a UserId,
    /// `None` for this machine.
    address: Option<Block>,
}

impl<'a> Payer<'a> {
    /// Makes the payer for a request of `user` from `address`; `None` stands for this machine, whose address
    /// is not charged.
    pub(crate) fn new(budgets: &'a Ledger, user: &'a UserId, address: Option<Block>) -> Payer<'a> {
        Payer { budgets, user, address }
    }

    /// Charges `amount` units of a cost.
    ///
    /// # Errors
    /// Returns [`Exceeded`], and charges nothing, if the user or the address has not enough left.
    pub(crate) fn charge(&self, cost: Cost, amount: u32) -> Result<(), Exceeded> {
        let Payer { budgets, user, address } = *self;
        let (now, of_user, of_address) =
            (budgets.now(), budgets.rates.of_user(cost), budgets.rates.of_address(cost));
        let refuse = |wait| budgets.refuse(cost, wait);
        budgets.users.take(user, cost, of_user, amount, now).map_err(refuse)?;
        if let Some(block) = address {
            budgets.addresses.take(&block, cost, of_address, amount, now).map_err(|wait| {
                budgets.users.give_back(user, cost, of_user, amount);
                refuse(wait)
            })?;
        }
        self.tell(cost, amount);
        Ok(())
    }

    /// Charges for something that was already done; returns how long to pause serving the payer.
    pub(crate) fn spend(&self, cost: Cost, amount: u32) -> Duration {
        let Payer { budgets, user, address } = *self;
        let now = budgets.now();
        let mut pause = budgets.users.spend(user, cost, budgets.rates.of_user(cost), amount, now);
        if let Some(block) = address {
            let rate = budgets.rates.of_address(cost);
            pause = pause.max(budgets.addresses.spend(&block, cost, rate, amount, now));
        }
        if !pause.is_zero() {
            budgets.count_refusal(cost);
        }
        self.tell(cost, amount);
        pause
    }

    /// Queues a charge that other nodes count too.
    fn tell(&self, cost: Cost, amount: u32) {
        let outgoing = &self.budgets.outgoing;
        outgoing.add(|| Debtor::User(self.user.clone()), cost, amount);
        if let Some(block) = self.address {
            outgoing.add(|| Debtor::Address(block), cost, amount);
        }
    }
}
