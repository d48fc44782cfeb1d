//! Collects the charges that count on all nodes, which are published once a second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chat::id::UserId;

use super::cost::Cost;

use crate::net::address_block::Block;

/// Maximum number of collected charges; what exceeds it within a second counts on this node only.
const MOST: usize = 4_096;

/// The owner of a charged account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Debtor {
    User(UserId),
    Address(Block),
}

/// A charge that counts on all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) debtor: Debtor,
    pub(crate) cost: Cost,
    pub(crate) amount: u32,
}

/// The charges that were not published to other nodes yet.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Whether there are other nodes.
    is_shared: bool,
    charges: Mutex<HashMap<(Debtor, Cost), u32>>,
}

impl Outgoing {
    /// Makes an empty collection.
    pub(super) fn new(is_shared: bool) -> Outgoing {
        Outgoing { is_shared, charges: Mutex::default() }
    }

    /// Adds a charge if all nodes share its budget and there are other nodes.
    pub(super) fn add(&self, debtor: impl FnOnce() -> Debtor, cost: Cost, amount: u32) {
        if !self.is_shared || !cost.is_shared() {
            return;
        }
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, has_room) = ((debtor(), cost), charges.len() < MOST);
        match charges.get_mut(&key) {
            Some(sum) => *sum = sum.saturating_add(amount),
            None if has_room => drop(charges.insert(key, amount)),
            None => {}
        }
    }

    /// Takes the collected charges.
    pub(super) fn take(&self) -> Vec<Charge> {
        let charges = std::mem::take(&mut *self.charges.lock().unwrap_or_else(PoisonError::into_inner));
        charges.into_iter().map(|((debtor, cost), amount)| Charge { debtor, cost, amount }).collect()
    }
}
