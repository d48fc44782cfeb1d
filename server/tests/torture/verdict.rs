//! The conditions that must hold in the end: for the pages, for the stored logs, and between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chat::{
    client::{Client, connection::Status, timeline::Earlier},
    id::ClientId,
    protocol::Seq,
    room_name::RoomName,
};

use crate::{
    PATIENCE,
    database::{self, Logs, Row},
    ledger::{Ledger, Said},
    page::Page,
};

/// Waits until every page is connected, has an empty outbox, and has reached the head of every room.
pub(crate) async fn settle(pages: &[Page], ledger: &Ledger) {
    let all = ledger.until(|| pages.iter().all(|page| unsettled(&page.client(), ledger).is_none()));
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        let why: Vec<String> = pages.iter().filter_map(|page| unsettled(&page.client(), ledger)).collect();
        panic!("it does not settle:\n{}\n{}", why.join("\n"), ledger.complaints().join("\n"));
    }
}

/// Returns why a client has not settled; `None` if it has.
fn unsettled(client: &Client, ledger: &Ledger) -> Option<String> {
    let me = &client.me().name;
    if client.status() != Status::Live {
        return Some(format!("{me} is not connected: {:?}", client.status()));
    }
    if let Some(pending) = client.outbox().pending().first() {
        return Some(format!("{me} has not said everything: {pending:?}"));
    }
    for room in client.rooms() {
        let head = ledger.head(room.name());
        let at = room.timeline().position().map(|(_, seq)| seq);
        if at != Some(head) {
            return Some(format!("{me} stands at {at:?} in {}, not at {head}", room.name()));
        }
    }
    None
}

/// Compares settled pages, and the database of the ended server, with the messages sent and received.
pub(crate) fn pass(pages: &[Page], ledger: &Ledger, data: &Path) {
    let logs = database::read(data).unwrap_or_else(|error| panic!("the database is unsound: {error}"));
    let epochs = ledger.epochs();
    assert!(epochs.len() == 1, "no kill and no power cut ends the life of the logs: {epochs:?}");
    agree(pages, ledger, &logs);
}

/// Compares settled pages and the stored logs with the messages sent and received.
pub(crate) fn agree(pages: &[Page], ledger: &Ledger, logs: &Logs) {
    let complaints = ledger.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    holds_what_was_seen(logs, ledger, u64::MAX).unwrap_or_else(|missing| panic!("{missing}"));
    holds_what_was_said(logs, &ledger.all_said());
    for page in pages {
        shows_the_log(&page.client(), logs);
    }
}

/// Checks that the logs have no gaps, contain no id twice, and hold every message received up to a moment,
/// unchanged.
pub(crate) fn holds_what_was_seen(logs: &Logs, ledger: &Ledger, until: u64) -> Result<(), String> {
    for (room, log) in logs {
        let mut ids = BTreeSet::new();
        for (place, row) in log.iter().enumerate() {
            if row.seq != place as Seq + 1 {
                return Err(format!("in {room}, {} comes where {} should", row.seq, place + 1));
            }
            if !ids.insert((&row.user, &row.id)) {
                return Err(format!("in {room}, {} of {} is there twice", row.id, row.user));
            }
        }
    }
    for (room, seen) in ledger.all_seen() {
        for (seq, seen) in seen.into_iter().filter(|(_, seen)| seen.at <= until) {
            let message = seen.message;
            let seen = Row { seq, user: message.user.id, id: message.id, text: message.text };
            let place = usize::try_from(seq - 1).expect("a seq that memory holds");
            let kept = logs.get(&room).and_then(|log| log.get(place));
            if kept != Some(&seen) {
                return Err(format!("in {room}, somebody was shown {seen:?}; kept is {kept:?}"));
            }
        }
    }
    Ok(())
}

/// Checks that every sent message is in the log exactly once and unchanged, that nothing else is, and that
/// each page's messages in a room are in the order in which it sent them.
fn holds_what_was_said(logs: &Logs, said: &[Said]) {
    let mut places = BTreeMap::new();
    for (room, log) in logs {
        for row in log {
            let before = places.insert((row.user.as_str(), row.id.as_str()), (room, row));
            assert!(before.is_none(), "said once, kept twice: {row:?} and {before:?}");
        }
    }
    let mut last: BTreeMap<(&ClientId, &RoomName), Seq> = BTreeMap::new();
    for said in said {
        let Some((room, row)) = places.remove(&(said.user.as_str(), said.id.as_str())) else {
            panic!("said and not kept: {said:?}");
        };
        assert_eq!((room, &row.text), (&said.room, &said.text), "kept otherwise than it was said");
        let before = last.insert((&said.page, &said.room), row.seq).unwrap_or(0);
        assert!(before < row.seq, "out of order: {said:?} at {}, after {before}", row.seq);
    }
    assert!(places.is_empty(), "kept, though nobody said it: {places:?}");
}

/// Checks that every room open in the client shows the log from some position on, except for the gaps that it
/// reports.
fn shows_the_log(client: &Client, logs: &Logs) {
    for room in client.rooms() {
        let timeline = room.timeline();
        let log = logs.get(room.name()).map_or(&[][..], Vec::as_slice);
        let holes: Vec<_> = timeline.holes().collect();
        let is_shown = |seq: Seq| {
            seq >= timeline.first() && !holes.iter().any(|hole| (hole.from..=hole.to).contains(&seq))
        };
        let expected: Vec<&Row> = log.iter().filter(|row| is_shown(row.seq)).collect();
        let shown: Vec<Row> = timeline
            .messages()
            .map(|message| Row {
                seq: message.seq,
                user: message.user.id.to_string(),
                id: message.id.to_string(),
                text: message.text.to_string(),
            })
            .collect();
        let (me, name) = (&client.me().name, room.name());
        assert!(shown.iter().eq(expected), "{me} sees in {name} {shown:?}, missing {holes:?}");
        let declared = matches!(timeline.earlier(), Earlier::Available | Earlier::Elsewhere);
        let whole = timeline.first() <= 1;
        assert!(whole || declared, "{me} sees {name} from {} on and is told it is all", timeline.first());
    }
}
