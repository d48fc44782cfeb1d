//! What was charged here and counts on all nodes: gathered, and told once a second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chat::id::UserId;

use super::cost::Cost;

use crate::net::address_block::Block;

/// How many charges are gathered at the most; what comes beyond them within a second counts on this node alone.
const MOST: usize = 4_096;

/// Whose account was charged.
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

/// The charges that other nodes have not been told of.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Whether there are other nodes.
    is_shared: bool,
    charges: Mutex<HashMap<(Debtor, Cost), u32>>,
}

impl Outgoing {
    /// Nothing was charged yet.
    pub(super) fn new(is_shared: bool) -> Outgoing {
        Outgoing { is_shared, charges: Mutex::default() }
    }

    /// Gathers a charge, if all nodes share its budget and there are others.
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

    /// Takes what has gathered.
    pub(super) fn take(&self) -> Vec<Charge> {
        let charges = std::mem::take(&mut *self.charges.lock().unwrap_or_else(PoisonError::into_inner));
        charges.into_iter().map(|((debtor, cost), amount)| Charge { debtor, cost, amount }).collect()
    }
}
