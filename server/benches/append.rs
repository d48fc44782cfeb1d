//! The cost of storing messages, in isolation: `cargo bench -p server --bench append`. Uses SQLite in a file
//! on the disk of the target folder; most of the time is the wait for that disk, which messages that arrive
//! together share.
//!
//! Includes the library's source files as a module, so that the library need not export them.
#![allow(clippy::unwrap_used, reason = "a bench says what it expects by failing")]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "the server can do more than is timed")]

#[path = "../src/lib.rs"]
mod server;

#[expect(
    clippy::wildcard_imports,
    reason = "the library's modules find each other at the root of the crate"
)]
use server::*;

use std::cell::Cell;

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::User,
    room_name::RoomName,
    time::Millis,
};
use divan::{Bencher, counter::ItemsCount};
use futures::future::join_all;
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    events::CAPACITY,
    store::{Appended, NewMessage, Store as _, sqlite::SqliteStore},
};

fn main() {
    divan::main();
}

/// A store in its own folder, whose events are received and dropped.
struct Keeping {
    store: SqliteStore,
    runtime: Runtime,
    drafted: Cell<u64>,
    _folder: TempDir,
}

impl Keeping {
    fn begin() -> Keeping {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (news, mut told) = mpsc::channel(CAPACITY);
        runtime.spawn(async move { while told.recv().await.is_some() {} });
        let store = SqliteStore::open(folder.path(), Epoch::from_bytes([7; 8]), 0, news).unwrap();
        Keeping { store, runtime, drafted: Cell::new(0), _folder: folder }
    }

    /// Returns this many new messages.
    fn drafts(&self, count: usize) -> Vec<NewMessage> {
        let draft = || {
            self.drafted.set(self.drafted.get() + 1);
            NewMessage {
                room: RoomName::lobby(),
                id: ClientId::parse(&format!("{:032x}", self.drafted.get())).unwrap(),
                user: User { id: UserId::parse("00000000000000000001").unwrap(), name: "somebody 1".into() },
                text: "你好, shall we have tea at \"four\"?\nThere is cake.".into(),
                at: Millis(1_763_683_200_000),
            }
        };
        std::iter::repeat_with(draft).take(count).collect()
    }

    /// Stores messages of concurrent senders, each of whom waits for their own.
    fn keep(&self, said: Vec<Vec<NewMessage>>) {
        let count: usize = said.iter().map(Vec::len).sum();
        let kept = self.runtime.block_on(join_all(said.into_iter().map(|drafts| self.store.append(drafts))));
        let new = kept.iter().flat_map(|kept| &kept.appended);
        assert_eq!(new.filter(|appended| matches!(appended, Appended::New(_))).count(), count);
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}

/// One message per commit: each waits for the disk by itself.
#[divan::bench(sample_size = 1, sample_count = 300)]
fn a_message_is_kept(bencher: Bencher) {
    let keeping = Keeping::begin();
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| vec![keeping.drafts(1)])
        .bench_local_values(|said| keeping.keep(said));
}

/// Messages that one sender pipelined, in one commit.
#[divan::bench(args = [8, 64, 512], sample_size = 1, sample_count = 100)]
fn messages_are_kept_together(bencher: Bencher, count: usize) {
    let keeping = Keeping::begin();
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| vec![keeping.drafts(count)])
        .bench_local_values(|said| keeping.keep(said));
}

/// One message from each of many senders: those that arrive during a commit share the next one.
#[divan::bench(args = [8, 64, 512], sample_size = 1, sample_count = 100)]
fn many_send_at_once(bencher: Bencher, senders: usize) {
    let keeping = Keeping::begin();
    bencher
        .counter(ItemsCount::new(senders))
        .with_inputs(|| (0..senders).map(|_| keeping.drafts(1)).collect::<Vec<_>>())
        .bench_local_values(|said| keeping.keep(said));
}
