//! Groups of changes with one that fails, built by hand: from outside, a test cannot control which changes
//! share a group.

use std::sync::atomic::{AtomicUsize, Ordering};

use chat::{
    id::{ClientId, Epoch, UserId},
    name::Nickname,
    protocol::User,
    room_name::RoomName,
    time::Millis,
};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::{Change, WriterThread, schema};
use crate::{
    events::StoreEvent,
    store::{Appended, AppendedBatch, Claim, NewMessage, StoreError},
};

struct Bench {
    writer_thread: WriterThread,
    told: mpsc::Receiver<StoreEvent>,
    _folder: TempDir,
}

fn bench(setup: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("teahouse.db");
    let (connection, epoch) = schema::open(&path, Epoch::parse("e").unwrap()).unwrap();
    connection.execute_batch(setup).unwrap();
    let (news, told) = mpsc::channel(1_000);
    let writer_thread = WriterThread { connection, path, epoch, retain: 0, news };
    Bench { writer_thread, told, _folder: folder }
}

/// Returns a trigger that fails in the given way on the message text `poison`.
fn poisoned(how: &str) -> String {
    format!(
        "CREATE TRIGGER poison BEFORE INSERT ON event WHEN new.text = 'poison'
         BEGIN SELECT RAISE({how}, 'poison'); END"
    )
}

fn draft(id: &str, text: &str) -> NewMessage {
    let user = User { id: UserId::parse("u").unwrap(), name: "U".into() };
    let id = ClientId::parse(id).unwrap();
    NewMessage { room: RoomName::lobby(), id, user, text: text.into(), at: Millis(1) }
}

fn append(drafts: Vec<NewMessage>) -> (Change, oneshot::Receiver<AppendedBatch>) {
    let (reply, answer) = oneshot::channel();
    (Change::Append(drafts, reply), answer)
}

fn claim(name: &str) -> (Change, oneshot::Receiver<Result<bool, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    let user = User { id: UserId::parse("u").unwrap(), name: name.into() };
    let skeleton = Nickname::parse(name).unwrap().skeleton();
    (Change::Claim(Claim { user, skeleton, now: Millis(1), until: Millis(2) }, reply), answer)
}

impl Bench {
    fn handed_on(&mut self) -> Vec<(u64, String)> {
        let mut messages = Vec::new();
        while let Ok(StoreEvent::Committed(_, together)) = self.told.try_recv() {
            messages.extend(together.into_iter().map(|message| (message.seq, message.id.to_string())));
        }
        messages
    }
}

/// Returns the seqs of an append's stored drafts, and whether all were stored.
fn kept(mut answer: oneshot::Receiver<AppendedBatch>) -> (Vec<u64>, bool) {
    let kept = answer.try_recv().expect("it is answered");
    let seqs = kept.appended.iter().map(|appended| match appended {
        Appended::New(message) | Appended::Known(message) => message.seq,
        Appended::Reused => panic!("no id is used twice"),
    });
    (seqs.collect(), kept.failed.is_none())
}

#[test]
fn one_that_cannot_be_kept_fails_alone_in_its_group() {
    for how in ["ABORT", "FAIL", "ROLLBACK"] {
        let mut bench = bench(&poisoned(how));
        let (first, first_answer) = append(vec![draft("a", "tea"), draft("b", "tea")]);
        let (poison, poison_answer) = append(vec![draft("c", "poison")]);
        let (name, mut name_answer) = claim("Ann");
        let (front, front_answer) =
            append(vec![draft("d", "tea"), draft("e", "tea"), draft("f", "poison"), draft("g", "tea")]);
        let (last, last_answer) = append(vec![draft("h", "tea")]);
        assert!(bench.writer_thread.keep(vec![first, poison, name, front, last]).is_err());
        assert_eq!(kept(first_answer), (vec![1, 2], true), "{how}");
        assert_eq!(kept(poison_answer), (vec![], false), "{how}");
        assert!(matches!(name_answer.try_recv(), Ok(Ok(true))), "{how}");
        assert_eq!(kept(front_answer), (vec![3, 4], false), "{how}: up to the first that cannot be kept");
        assert_eq!(kept(last_answer), (vec![5], true), "{how}");
        let expected = ["a", "b", "d", "e", "h"].map(str::to_owned);
        assert!(bench.handed_on().into_iter().eq((1..).zip(expected)), "{how}: in order, and no other");
    }
}

#[test]
fn one_that_is_too_large_for_what_is_left_of_the_disk_lets_the_small_ones_by() {
    let mut bench = bench("PRAGMA max_page_count = 40");
    let (first, first_answer) = append(vec![draft("a", "tea")]);
    let (large, large_answer) = append(vec![draft("b", &"tea".repeat(100_000))]);
    let (last, last_answer) = append(vec![draft("c", "tea")]);
    assert!(bench.writer_thread.keep(vec![first, large, last]).is_err());
    assert_eq!(kept(first_answer), (vec![1], true));
    assert_eq!(kept(large_answer), (vec![], false));
    assert_eq!(kept(last_answer), (vec![2], true));
    bench.writer_thread.connection.execute_batch("PRAGMA max_page_count = 10000").unwrap();
    let (large, large_answer) = append(vec![draft("b", &"tea".repeat(100_000))]);
    assert!(bench.writer_thread.keep(vec![large]).is_ok());
    assert_eq!(kept(large_answer), (vec![3], true));
    assert_eq!(bench.handed_on().len(), 3);
}

#[test]
fn a_failure_of_the_store_itself_is_everybody_s_and_is_not_tried_in_parts() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let mut bench = bench("");
    let give_up = |_| {
        TRIES.fetch_add(1, Ordering::Relaxed);
        false
    };
    bench.writer_thread.connection.busy_handler(Some(give_up)).unwrap();
    let other_program = rusqlite::Connection::open(&bench.writer_thread.path).unwrap();
    other_program.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (first, first_answer) = append(vec![draft("a", "tea"), draft("b", "tea")]);
    let (last, last_answer) = append(vec![draft("c", "tea")]);
    assert!(bench.writer_thread.keep(vec![first, last]).is_err());
    assert_eq!(kept(first_answer), (vec![], false));
    assert_eq!(kept(last_answer), (vec![], false));
    assert_eq!(TRIES.load(Ordering::Relaxed), 1, "each try would wait for the lock anew");
    assert_eq!(bench.handed_on(), []);
    other_program.execute_batch("ROLLBACK").unwrap();
    let (again, again_answer) = append(vec![draft("a", "tea"), draft("b", "tea")]);
    assert!(bench.writer_thread.keep(vec![again]).is_ok());
    assert_eq!(kept(again_answer), (vec![1, 2], true));
}

#[test]
fn a_connection_that_is_still_in_a_transaction_is_replaced() {
    let mut bench = bench("BEGIN IMMEDIATE");
    let (lost, lost_answer) = append(vec![draft("a", "tea")]);
    assert!(bench.writer_thread.keep(vec![lost]).is_err());
    assert_eq!(kept(lost_answer), (vec![], false));
    let (again, again_answer) = append(vec![draft("a", "tea")]);
    assert!(bench.writer_thread.keep(vec![again]).is_ok());
    assert_eq!(kept(again_answer), (vec![1], true));
}

#[test]
fn a_file_of_another_life_is_never_opened_in_place_of_ours() {
    let mut bench = bench("BEGIN IMMEDIATE");
    let other = rusqlite::Connection::open(&bench.writer_thread.path).unwrap();
    bench.writer_thread.epoch = Epoch::parse("another").unwrap();
    let (lost, lost_answer) = append(vec![draft("a", "tea")]);
    assert!(bench.writer_thread.keep(vec![lost]).is_err());
    assert_eq!(kept(lost_answer), (vec![], false));
    assert!(!bench.writer_thread.connection.is_autocommit(), "the old connection is kept, and tried again");
    drop(other);
}
