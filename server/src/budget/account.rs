//! The accounts of payers, by their key. Full accounts are dropped, so that idle payers take no memory; when
//! there are too many accounts, further payers share one.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    bucket::{Bucket, Rate},
    cost::Cost,
};

/// Maximum number of accounts of one kind, at some 100 bytes each.
const MOST: usize = 200_000;

/// The remainder of every budget of one payer.
#[derive(Debug, Default)]
struct Account([Bucket; Cost::ALL.len()]);

impl Account {
    fn bucket(&self, cost: Cost) -> &Bucket {
        &self.0[cost.index()]
    }

    fn is_whole(&self, now: u64) -> bool {
        self.0.iter().all(|bucket| bucket.is_full(now))
    }
}

/// The accounts of one kind of payers.
#[derive(Debug)]
pub(super) struct Accounts<K> {
    known: Mutex<HashMap<K, Account>>,
    /// The account that further payers share when there are [`MOST`] accounts.
    others: Account,
}

impl<K> Default for Accounts<K> {
    fn default() -> Accounts<K> {
        Accounts { known: Mutex::default(), others: Account::default() }
    }
}

impl<K: Clone + Eq + Hash> Accounts<K> {
    /// Takes `amount` units from a payer's budget, or takes nothing and returns how long until there are
    /// enough. Without a rate there is no limit.
    pub(super) fn take(
        &self,
        payer: &K,
        cost: Cost,
        rate: Option<Rate>,
        amount: u32,
        now: u64,
    ) -> Result<(), Duration> {
        let Some(rate) = rate else { return Ok(()) };
        self.with(payer, |account| account.bucket(cost).take(rate, amount, now))
    }

    /// Takes `amount` units from a payer's budget even if it goes into debt; returns how long until the debt
    /// is paid.
    pub(super) fn spend(&self, payer: &K, cost: Cost, rate: Option<Rate>, amount: u32, now: u64) -> Duration {
        let Some(rate) = rate else { return Duration::ZERO };
        self.with(payer, |account| account.bucket(cost).spend(rate, amount, now))
    }

    /// Returns units that were taken.
    pub(super) fn give_back(&self, payer: &K, cost: Cost, rate: Option<Rate>, amount: u32) {
        if let Some(rate) = rate {
            self.with(payer, |account| account.bucket(cost).give_back(rate, amount));
        }
    }

    /// Drops the accounts that are full.
    pub(super) fn sweep(&self, now: u64) {
        let mut known = self.known();
        known.retain(|_, account| !account.is_whole(now));
        known.shrink_to_fit();
    }

    /// Returns the number of accounts.
    pub(super) fn len(&self) -> usize {
        self.known().len()
    }

    fn with<T>(&self, payer: &K, act: impl FnOnce(&Account) -> T) -> T {
        let mut known = self.known();
        if let Some(account) = known.get(payer) {
            return act(account);
        }
        if known.len() >= MOST {
            return act(&self.others);
        }
        act(known.entry(payer.clone()).or_default())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<K, Account>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Accounts, MOST};
    use crate::budget::{bucket::Rate, cost::Cost};

    fn rate() -> Option<Rate> {
        Rate::new(1, Duration::from_nanos(10), 10)
    }

    #[test]
    fn an_account_is_known_until_it_is_whole() {
        let accounts = Accounts::<usize>::default();
        accounts.take(&0, Cost::Line, rate(), 1, 0).unwrap();
        accounts.take(&1, Cost::Line, rate(), 10, 0).unwrap();
        assert_eq!(accounts.len(), 2);
        accounts.sweep(50);
        assert_eq!(accounts.len(), 1, "the one with a debt");
        assert!(accounts.take(&1, Cost::Line, rate(), 10, 50).is_err());
        accounts.sweep(1_000);
        assert_eq!(accounts.len(), 0);
        accounts.take(&1, Cost::Line, None, 10, 1_000).unwrap();
        assert_eq!(accounts.len(), 0, "what is not limited is not counted");
    }

    #[test]
    fn when_there_are_too_many_further_payers_share_one() {
        let accounts = Accounts::<usize>::default();
        for payer in 0..MOST {
            accounts.take(&payer, Cost::Line, rate(), 1, 0).unwrap();
        }
        accounts.take(&MOST, Cost::Line, rate(), 10, 0).unwrap();
        assert!(accounts.take(&(MOST + 1), Cost::Line, rate(), 1, 0).is_err());
        assert_eq!(accounts.len(), MOST);
        accounts.take(&7, Cost::Line, rate(), 1, 0).expect("who has one keeps it");
    }
}
