//! Appends a session's messages to the store, in the order of arrival.
//!
//! While one append is in progress, later messages gather and go together into the next one: a client may
//! send many without waiting, and the store commits them in groups. A temporarily refused message holds back
//! those after it in its room until it is sent again, which preserves their order. Never writes to the
//! socket; returns the answers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chat::{
    id::ClientId,
    protocol::{RefusalCode, Refused, ServerLine},
    room_name::RoomName,
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};

use super::retry::{FULL_RETRY_MS, RETRY_MS};
use crate::{
    service::Service,
    store::{Appended, AppendedBatch, NewMessage, StoreError},
};

/// How many messages may gather during an append; then the session stops reading.
const GATHER: usize = 512;

/// One append per room, so that a failure in one room does not affect the others.
type Appending = BoxFuture<'static, Vec<(Vec<NewMessage>, AppendedBatch)>>;

/// Accepted messages that are not stored yet.
pub(super) struct Sending {
    service: Arc<Service>,
    gathered: Vec<NewMessage>,
    appending: Option<Appending>,
    /// The rooms that accept nothing until the message with this id is sent again.
    held: HashMap<RoomName, ClientId>,
    /// Whether the client can send the same message again. One that sends no ids cannot, so nothing waits for
    /// it.
    repeats: bool,
}

impl Sending {
    pub(super) fn new(service: Arc<Service>, repeats: bool) -> Sending {
        Sending { service, gathered: Vec::new(), appending: None, held: HashMap::new(), repeats }
    }

    /// Accepts a message, or returns its refusal.
    pub(super) fn take(&mut self, draft: NewMessage) -> Option<ServerLine> {
        match self.held.get(&draft.room) {
            Some(first) if *first != draft.id => Some(self.hold(&draft)),
            _ => {
                self.held.remove(&draft.room);
                self.gathered.push(draft);
                None
            }
        }
    }

    /// Refuses a message for now, with this reason; later messages to its room are refused too, until it is
    /// sent again. Returns the refusal.
    pub(super) fn put_off(
        &mut self,
        draft: &NewMessage,
        code: RefusalCode,
        reason: &str,
        retry_ms: u64,
    ) -> ServerLine {
        match self.held.get(&draft.room) {
            Some(first) if *first != draft.id => refusal(
                draft,
                RefusalCode::OutOfOrder,
                "an earlier message of yours to this room waits to be sent again",
                Some(RETRY_MS),
            ),
            _ => {
                if self.repeats {
                    self.held.insert(draft.room.clone(), draft.id.clone());
                }
                refusal(draft, code, reason, Some(retry_ms))
            }
        }
    }

    /// Refuses a message because the server accepts nothing new.
    fn put_off_full(&mut self, draft: &NewMessage) -> ServerLine {
        self.put_off(draft, RefusalCode::ServerFull, "the server takes nothing new at present", FULL_RETRY_MS)
    }

    /// Stops holding back messages to this room.
    pub(super) fn lift(&mut self, room: &RoomName) {
        self.held.remove(room);
    }

    /// Returns whether a message has to wait until an earlier one to its room is sent again.
    pub(super) fn waits(&self, draft: &NewMessage) -> bool {
        self.held.get(&draft.room).is_some_and(|first| *first != draft.id)
    }

    /// Returns whether no more messages can be accepted for now.
    pub(super) fn is_full(&self) -> bool {
        self.gathered.len() >= GATHER
    }

    /// Returns whether an accepted message is not stored yet.
    pub(super) fn is_busy(&self) -> bool {
        self.appending.is_some() || !self.gathered.is_empty()
    }

    /// Waits for the append in progress, or starts one; waits forever if there is nothing to append. Returns
    /// the answers. Cancel-safe: the append continues, and the next call waits for it.
    pub(super) async fn settle(&mut self) -> Vec<ServerLine> {
        if self.appending.is_none() {
            if self.gathered.is_empty() {
                return std::future::pending().await;
            }
            self.append();
        }
        let Some(appending) = &mut self.appending else { return Vec::new() };
        let appended = appending.await;
        self.appending = None;
        let mut failed = BTreeSet::new();
        let mut lines = Vec::new();
        for (drafts, kept) in appended {
            if let Some(first) = drafts.get(kept.appended.len()) {
                failed.insert(first.room.clone());
                // It was accepted before the held message.
                self.held.remove(&first.room);
            }
            lines.extend(self.answer(&drafts, kept));
        }
        lines.extend(self.hold_followers(&failed));
        lines
    }

    /// Refuses the messages that gathered behind those that have just been refused for now. It must happen at
    /// once: what lifts the hold, a join or the repeated message, must not let them overtake it.
    fn hold_followers(&mut self, failed: &BTreeSet<RoomName>) -> Vec<ServerLine> {
        let (held, free): (Vec<NewMessage>, Vec<NewMessage>) =
            std::mem::take(&mut self.gathered).into_iter().partition(|draft| failed.contains(&draft.room));
        self.gathered = free;
        held.iter().map(|draft| self.hold(draft)).collect()
    }

    /// Returns the answers for an append: for stored messages, and for those that were not stored.
    fn answer(&mut self, drafts: &[NewMessage], kept: AppendedBatch) -> Vec<ServerLine> {
        let (done, left) = drafts.split_at(kept.appended.len());
        let mut lines: Vec<ServerLine> =
            done.iter().zip(kept.appended).filter_map(|(draft, done)| answer(draft, done)).collect();
        if let Some(error) = &kept.failed {
            tracing::debug!(%error, messages = left.len(), "messages were refused for now");
        }
        let is_full = matches!(kept.failed, Some(StoreError::Full(_)));
        lines.extend(
            left.iter().map(|draft| if is_full { self.put_off_full(draft) } else { self.hold(draft) }),
        );
        lines
    }

    /// Starts to append the gathered messages.
    fn append(&mut self) {
        let mut rooms: BTreeMap<RoomName, Vec<NewMessage>> = BTreeMap::new();
        for draft in std::mem::take(&mut self.gathered) {
            rooms.entry(draft.room.clone()).or_default().push(draft);
        }
        let appends = rooms.into_values().map(|drafts| {
            let service = self.service.clone();
            async move {
                let kept = service.commit(drafts.clone()).await;
                (drafts, kept)
            }
        });
        self.appending = Some(join_all(appends.collect::<Vec<_>>()).boxed());
    }

    /// Refuses a message for now; later ones to its room are refused until it is sent again.
    fn hold(&mut self, draft: &NewMessage) -> ServerLine {
        self.put_off(draft, RefusalCode::StoreUnavailable, "messages cannot be kept at present", RETRY_MS)
    }
}

/// Returns the sender's answer for an appended message, beyond what the whole room receives.
fn answer(draft: &NewMessage, appended: Appended) -> Option<ServerLine> {
    match appended {
        // The room sends it to everybody, including the sender.
        Appended::New(_) => None,
        Appended::Known(message) => Some(ServerLine::Message(message)),
        Appended::Reused => {
            let reason = "this id was used before, for another message";
            Some(refusal(draft, RefusalCode::IdReused, reason, None))
        }
    }
}

fn refusal(draft: &NewMessage, code: RefusalCode, reason: &str, retry_ms: Option<u64>) -> ServerLine {
    ServerLine::Refused(Refused {
        id: Some(draft.id.to_string()),
        room: Some(draft.room.to_string()),
        code,
        reason: reason.to_owned(),
        retry_ms,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat::{
        id::{ClientId, Epoch, UserId},
        protocol::{RefusalCode, ServerLine, User},
        room_name::RoomName,
        time::Millis,
    };
    use futures::FutureExt as _;
    use rusqlite::Connection;
    use tokio::sync::mpsc;

    use super::Sending;
    use crate::{
        service::scratch::service,
        store::{
            NewMessage, SharedStore,
            sqlite::{FILE, SqliteStore},
        },
    };

    fn draft(id: &str, text: &str) -> NewMessage {
        let user = User { id: UserId::parse("u").unwrap(), name: "U".into() };
        let id = ClientId::parse(id).unwrap();
        NewMessage { room: RoomName::lobby(), id, user, text: text.into(), at: Millis(1) }
    }

    #[tokio::test]
    async fn what_gathered_behind_a_message_is_refused_with_it_and_nothing_lifts_it_past() {
        let folder = tempfile::tempdir().unwrap();
        let (news, _told) = mpsc::channel(10);
        let store = SqliteStore::open(folder.path(), Epoch::parse("e").unwrap(), 0, news).unwrap();
        let file = Connection::open(folder.path().join(FILE)).unwrap();
        file.execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON event WHEN new.text = 'poison'
             BEGIN SELECT RAISE(ABORT, 'poison'); END;
             BEGIN IMMEDIATE;",
        )
        .unwrap();
        let mut sending = Sending::new(service(&(Arc::new(store) as SharedStore)), true);
        assert!(sending.take(draft("m1", "poison")).is_none());
        assert!(sending.settle().now_or_never().is_none(), "its append is under way and waits for the file");
        assert!(sending.take(draft("m2", "tea")).is_none());
        file.execute_batch("COMMIT").unwrap();
        let refused = sending.settle().await.into_iter().map(|line| match line {
            ServerLine::Refused(refused) => (refused.id.unwrap(), refused.code),
            other => panic!("{other:?}"),
        });
        let expected = [("m1", RefusalCode::StoreUnavailable), ("m2", RefusalCode::OutOfOrder)];
        assert_eq!(refused.collect::<Vec<_>>(), expected.map(|(id, code)| (id.to_owned(), code)));
        sending.lift(&RoomName::lobby());
        assert!(!sending.is_busy(), "nothing is left that could be kept before it");
    }
}
