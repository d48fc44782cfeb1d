//! A service over a store, for a test of what calls it: alone, without bots, in which nobody is told anything.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Service;
use crate::{cluster::SingleNode, rooms::Rooms, search::Search, store::SharedStore};

/// The service of one node over this store.
pub(crate) fn service(store: &SharedStore) -> Arc<Service> {
    let (missed, _) = mpsc::channel(1);
    let bots = (Arc::new(|_: &_| Vec::new()) as _, missed);
    let rooms = Rooms::new(store.clone(), Arc::new(SingleNode), 0, 100, bots);
    Arc::new(Service::new(store.clone(), rooms, Arc::new(Search::scan(store.clone())), 0))
}
