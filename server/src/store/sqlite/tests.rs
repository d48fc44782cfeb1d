//! The store contract on SQLite.

use chat::id::Epoch;
use tokio::sync::mpsc;

use super::SqliteStore;
use crate::{
    events::CAPACITY,
    store::conformance::{Bench, Told, conformance},
};

#[expect(clippy::unused_async, reason = "the suite awaits every store's")]
async fn open(retain: u32) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (sender, news) = mpsc::channel(2 * CAPACITY);
    let store = SqliteStore::open(folder.path(), Epoch::parse("e").unwrap(), retain, sender).unwrap();
    Bench { store: std::sync::Arc::new(store), news: Told::of(news), _beneath: Box::new(folder) }
}

conformance!(super::open);
