//! A standalone service over a store, for tests of its callers: no bots, no other nodes.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Service;
use crate::{cluster::SingleNode, rooms::Rooms, search::Search, store::SharedStore};

/// Creates a single-node service over this store.
pub(crate) fn service(store: &SharedStore) -> Arc<Service> {
    let (missed, _) = mpsc::channel(1);
    let bots = (Arc::new(|_: &_| Vec::new()) as _, missed);
    let rooms = Rooms::new(store.clone(), Arc::new(SingleNode), 0, 100, bots);
    Arc::new(Service::new(store.clone(), rooms, Arc::new(Search::scan(store.clone())), 0))
}
