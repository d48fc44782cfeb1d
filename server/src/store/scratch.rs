//! A store for tests of its callers: in its own folder, with its events ignored.

use std::sync::Arc;

use chat::id::Epoch;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{SharedStore, sqlite::SqliteStore};
use crate::events::CAPACITY;

/// A room's retention limit.
const RETAIN: u32 = 100;

/// Creates an empty store, and returns it with its folder, which is deleted on drop.
pub(crate) fn store() -> (SharedStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (news, _) = mpsc::channel(CAPACITY);
    let store = SqliteStore::open(folder.path(), Epoch::parse("e").unwrap(), RETAIN, news).unwrap();
    (Arc::new(store), folder)
}
