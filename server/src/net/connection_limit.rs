//! Counts connections, in total and per address, and decides whether another is admitted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::net::address_block::Block;

/// The number of connections, limited per address and in total.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    /// Maximum per address; 0 lifts the limit.
    per_address: usize,
    /// Maximum in total; 0 lifts the limit.
    in_all: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    by_address: HashMap<Block, usize>,
    in_all: usize,
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("too many connections in all (at most {0})")]
    InAll(usize),
    #[error("too many connections from {0} (at most {1})")]
    Address(Block, usize),
}

/// Permits one connection; releases its place on drop.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    occupancy: Arc<ConnectionLimit>,
    address: Option<Block>,
}

impl ConnectionLimit {
    /// Makes a limit with no connections yet.
    pub(crate) fn new(per_address: usize, in_all: usize) -> ConnectionLimit {
        ConnectionLimit { per_address, in_all, held: Mutex::default() }
    }

    /// Admits one more connection from this address. `None` is counted in the total only, as connections from
    /// this machine are.
    pub(crate) fn admit(self: &Arc<Self>, address: Option<Block>) -> Result<ConnectionPermit, Full> {
        let mut held = self.held();
        if self.in_all > 0 && held.in_all >= self.in_all {
            return Err(Full::InAll(self.in_all));
        }
        if let Some(address) = address {
            let count = held.by_address.entry(address).or_default();
            if self.per_address > 0 && *count >= self.per_address {
                return Err(Full::Address(address, self.per_address));
            }
            *count += 1;
        }
        held.in_all += 1;
        Ok(ConnectionPermit { occupancy: self.clone(), address })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing that holds the lock can panic half-way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut held = self.occupancy.held();
        held.in_all -= 1;
        if let Some(address) = self.address
            && let Some(count) = held.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                held.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Block, ConnectionLimit, Full};

    #[test]
    fn an_address_holds_as_many_as_it_may_and_gives_them_back() {
        let occupancy = Arc::new(ConnectionLimit::new(2, 0));
        let address = Block::of([203, 0, 113, 9].into());
        let first = occupancy.admit(Some(address)).unwrap();
        let _second = occupancy.admit(Some(address)).unwrap();
        assert_eq!(occupancy.admit(Some(address)).unwrap_err(), Full::Address(address, 2));
        assert!(occupancy.admit(Some(Block::of([203, 0, 113, 10].into()))).is_ok());
        drop(first);
        assert!(occupancy.admit(Some(address)).is_ok());
    }

    #[test]
    fn this_machine_is_limited_in_all_only() {
        let occupancy = Arc::new(ConnectionLimit::new(1, 3));
        let places: Vec<_> = (0..3).map(|_| occupancy.admit(None).unwrap()).collect();
        assert_eq!(occupancy.admit(None).unwrap_err(), Full::InAll(3));
        drop(places);
        assert!(occupancy.admit(None).is_ok());
    }
}
