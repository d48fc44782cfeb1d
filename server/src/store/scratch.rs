//! A store for a test of what stands on it: in a folder of its own, with nobody who hears its news.

use std::sync::Arc;

use chat::id::Epoch;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{SharedStore, sqlite::SqliteStore};
use crate::events::CAPACITY;

/// How many messages a room retains.
const RETAIN: u32 = 100;

/// An empty store, and the folder that it lies in, which goes with what is returned.
pub(crate) fn store() -> (SharedStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (news, _) = mpsc::channel(CAPACITY);
    let store = SqliteStore::open(folder.path(), Epoch::parse("e").unwrap(), RETAIN, news).unwrap();
    (Arc::new(store), folder)
}
