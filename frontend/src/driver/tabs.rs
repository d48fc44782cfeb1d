//! Exchanges state with the user's other tabs and earlier pages through the browser's storage.

use std::rc::Rc;

use chat::{
    client::{Client, Input},
    id::{ClientId, Epoch},
    protocol::Seq,
    room_name::RoomName,
    time::Millis,
};
use wasm_bindgen::JsCast as _;
use web_sys::{Event, StorageEvent};

use super::Driver;
use crate::storage::Collection;

impl Driver {
    /// Restores the state that other tabs have stored.
    pub(super) fn look_up(self: &Rc<Driver>) {
        for (tab, at) in self.store.entries(Collection::Tab) {
            self.signed(&tab, Some(&at));
        }
        for (id, record) in self.store.entries(Collection::Outbox) {
            self.stored(&id, Some(&record));
        }
    }

    /// Takes over pending messages of an earlier login with the same nickname, which cannot come back.
    pub(super) fn take_up_left_behind(self: &Rc<Driver>) {
        let nickname = self.client.borrow().me().name.clone();
        let Some(earlier) = self.store.succeed(&nickname) else { return };
        for (id, record) in earlier.entries(Collection::Outbox) {
            if let Ok(name) = ClientId::parse(&id) {
                // Removed first, so that a full storage has room for it.
                earlier.take(Collection::Outbox, &id);
                self.drive(Input::Inherited(name, &record));
            }
        }
    }

    /// Handles a storage change by another tab.
    pub(super) fn hear_of(self: &Rc<Driver>, event: &Event) {
        let event: &StorageEvent = event.unchecked_ref();
        // No key means that everything was cleared; then this page's state is all there is.
        let Some(name) = event.key() else { return };
        let value = event.new_value();
        if let Some(id) = self.store.entry(Collection::Outbox, &name) {
            self.stored(id, value.as_deref());
        } else if let Some(tab) = self.store.entry(Collection::Tab, &name) {
            self.signed(tab, value.as_deref());
        } else if let Some(room) = self.store.entry(Collection::Seen, &name) {
            self.seen(room, &value.unwrap_or_default(), Input::SeenElsewhere);
        } else if let Some(draft) = self.store.entry(Collection::Draft, &name) {
            let before = event.old_value();
            let kept = || self.kept_drafts();
            let changes = self.drafts.borrow_mut().stored(draft, before.as_deref(), value.as_deref(), &kept);
            self.keep_drafts(changes);
        }
    }

    pub(super) fn stored(self: &Rc<Driver>, id: &str, record: Option<&str>) {
        if let Ok(id) = ClientId::parse(id) {
            self.drive(Input::Stored(id, record));
        }
    }

    pub(super) fn signed(self: &Rc<Driver>, tab: &str, at: Option<&str>) {
        if let Ok(tab) = ClientId::parse(tab) {
            let at = at.and_then(|at| at.parse().ok()).unwrap_or_default();
            self.drive(Input::Signed(tab, Millis(at)));
        }
    }

    pub(super) fn seen(
        self: &Rc<Driver>,
        room: &str,
        seen: &str,
        input: fn(RoomName, Epoch, Seq) -> Input<'static>,
    ) {
        if let Ok(room) = RoomName::from_canonical(room)
            && let Some((epoch, seq)) = seen.split_once(' ')
            && let (Ok(epoch), Ok(seq)) = (Epoch::parse(epoch), seq.parse())
        {
            self.drive(input(room, epoch, seq));
        }
    }

    /// Stores the read position of the active room, if it has changed.
    pub(super) fn keep_seen(&self, client: &Client) {
        let room = client.active();
        let seq = room.seen_seq();
        if let Some((epoch, _)) = room.timeline().position()
            && seq > 0
        {
            let seen = format!("{epoch} {seq}");
            let last = Some((room.name().clone(), seq));
            if *self.seen.borrow() != last {
                self.store.put(Collection::Seen, room.name().as_str(), &seen);
                self.seen.replace(last);
            }
        }
    }
}
