//! The accounts of payers, found by whom they belong to. An account that is whole again is forgotten; when there are too
//! many, further payers share one.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    block::Block,
    bucket::{Bucket, Rate},
    cost::Cost,
};

/// How many accounts of one kind there may be. Some 150 bytes each.
const MOST: usize = 200_000;

/// How many may come until those that are whole are forgotten.
const SWEEP: usize = 1_024;

/// What one payer has left of every budget.
#[derive(Debug, Default)]
pub(super) struct Account {
    buckets: [Bucket; Cost::ALL.len()],
    /// From where a user last came.
    address: Mutex<Option<Block>>,
}

impl Account {
    /// Takes `amount` units of a budget, or nothing; then returns how long until there are enough. No rate is no limit.
    pub(super) fn take(&self, cost: Cost, rate: Option<Rate>, amount: u32, now: u64) -> Result<(), Duration> {
        rate.map_or(Ok(()), |rate| self.buckets[cost.index()].take(rate, amount, now))
    }

    /// Takes `amount` units of a budget whether or not they are there; returns how long until the debt is paid.
    pub(super) fn spend(&self, cost: Cost, rate: Option<Rate>, amount: u32, now: u64) -> Duration {
        rate.map_or(Duration::ZERO, |rate| self.buckets[cost.index()].spend(rate, amount, now))
    }

    /// Puts back what was taken.
    pub(super) fn give_back(&self, cost: Cost, rate: Option<Rate>, amount: u32) {
        if let Some(rate) = rate {
            self.buckets[cost.index()].give_back(rate, amount);
        }
    }

    /// Returns from where a user last came.
    pub(super) fn address(&self) -> Option<Block> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes from where a user comes.
    pub(super) fn set_address(&self, address: Option<Block>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    fn is_whole(&self, now: u64) -> bool {
        self.buckets.iter().all(|bucket| bucket.is_full(now))
    }
}

/// The accounts of one kind of payers.
#[derive(Debug)]
pub(super) struct Accounts<K> {
    known: Mutex<Known<K>>,
    /// The account of all who come when there are as many as there may be.
    others: Arc<Account>,
}

#[derive(Debug)]
struct Known<K> {
    accounts: HashMap<K, Arc<Account>>,
    /// At how many the whole ones are forgotten next.
    sweep_at: usize,
}

impl<K> Default for Accounts<K> {
    fn default() -> Accounts<K> {
        let known = Known { accounts: HashMap::new(), sweep_at: SWEEP };
        Accounts { known: Mutex::new(known), others: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash> Accounts<K> {
    /// Returns the account of a payer, who gets a whole one if none is known.
    pub(super) fn account(&self, payer: &K, now: u64) -> Arc<Account> {
        let mut known = self.known();
        if let Some(account) = known.accounts.get(payer) {
            return account.clone();
        }
        if known.accounts.len() >= known.sweep_at {
            known.accounts.retain(|_, account| Arc::strong_count(account) > 1 || !account.is_whole(now));
            known.sweep_at = (2 * known.accounts.len()).clamp(SWEEP, MOST);
        }
        if known.accounts.len() >= MOST {
            return self.others.clone();
        }
        known.accounts.entry(payer.clone()).or_default().clone()
    }

    /// Returns how many accounts there are.
    pub(super) fn len(&self) -> usize {
        self.known().accounts.len()
    }

    fn known(&self) -> MutexGuard<'_, Known<K>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{Accounts, MOST, SWEEP};
    use crate::budget::{bucket::Rate, cost::Cost};

    fn rate() -> Option<Rate> {
        Rate::new(1, Duration::from_nanos(10), 10)
    }

    #[test]
    fn an_account_is_known_until_it_is_whole_and_nobody_holds_it() {
        let accounts = Accounts::<usize>::default();
        let held = accounts.account(&0, 0);
        accounts.account(&1, 0).take(Cost::Line, rate(), 10, 0).unwrap();
        for payer in 2..SWEEP {
            accounts.account(&payer, 0);
        }
        assert_eq!(accounts.len(), SWEEP);
        accounts.account(&SWEEP, 50);
        assert_eq!(accounts.len(), 3, "the held one, the one with a debt, the new one");
        assert!(Arc::ptr_eq(&held, &accounts.account(&0, 50)));
        assert!(accounts.account(&1, 50).take(Cost::Line, rate(), 10, 50).is_err());
    }

    #[test]
    fn when_there_are_too_many_further_payers_share_one() {
        let accounts = Accounts::<usize>::default();
        for payer in 0..MOST {
            accounts.account(&payer, 0).take(Cost::Line, rate(), 1, 0).unwrap();
        }
        let (one, other) = (accounts.account(&MOST, 0), accounts.account(&(MOST + 1), 0));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(accounts.len(), MOST);
        assert!(!Arc::ptr_eq(&one, &accounts.account(&7, 0)), "who has one keeps it");
    }
}
