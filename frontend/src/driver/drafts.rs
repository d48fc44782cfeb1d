//! Stores unsent text for each room, and restores it after a reload or from other tabs.

use std::sync::Arc;

use app::draft::{Drafts, Entry};
use chat::room_name::RoomName;

use super::Driver;
use crate::{clock, storage::Collection};

impl Driver {
    /// Returns all stored drafts.
    pub(super) fn kept_drafts(&self) -> Vec<Entry> {
        self.store.entries(Collection::Draft)
    }

    /// Restores the draft of the active room.
    pub(super) fn take_up_draft(&self, room: &RoomName) {
        self.drafts.borrow_mut().take_up(room, &self.kept_drafts());
        self.show_draft(room);
    }

    /// Restores the draft of the first active room, unless the user has already typed other text there, or
    /// the draft was posted from the page before.
    pub(super) fn take_up_first_draft(&self, typed: &str, posted: Option<&(RoomName, Arc<str>)>) {
        let room = self.model.room.get_untracked();
        self.drafts.borrow_mut().take_up(&room, &self.kept_drafts());
        let is_sent = |(to, words): &(RoomName, Arc<str>)| {
            *to == room && **words == *self.drafts.borrow().of(&room).trim()
        };
        if posted.is_some_and(is_sent) {
            self.write("");
        }
        let is_other = self.drafts.borrow().of(&room) != typed;
        if is_other && !typed.is_empty() {
            self.drafts.replace(Drafts::new(self.tab.clone()));
            self.write(typed);
        }
        self.show_draft(&room);
    }

    /// Stores the unsent text of the active room.
    pub(super) fn write(&self, text: &str) {
        let room = self.model.room.get_untracked();
        if self.model.draft.with_untracked(|draft| draft != text) {
            self.model.problem.show(String::new());
        }
        let kept = || self.kept_drafts();
        let changes = self.drafts.borrow_mut().write(&room, text, clock::now().0, &kept);
        self.keep_drafts(changes);
    }

    /// Stores changed drafts, and shows the draft of the active room.
    pub(super) fn keep_drafts(&self, changes: Vec<Entry>) {
        for (key, record) in changes {
            if record.is_empty() {
                self.store.take(Collection::Draft, &key);
            } else if !self.store.put(Collection::Draft, &key, &record) {
                self.model.forgetful.show(true);
                if key.ends_with(&self.tab) {
                    // The previously stored draft is older and must not come back.
                    self.store.take(Collection::Draft, &key);
                }
            }
        }
        self.show_draft(&self.model.room.get_untracked());
    }

    pub(super) fn show_draft(&self, room: &RoomName) {
        let draft = self.drafts.borrow().of(room).to_owned();
        app::composer::lay_out(&draft);
        self.model.draft.show(draft);
    }

    /// Moves the draft of a renamed room, unless there is one under the new name.
    pub(super) fn move_draft(&self, from: &RoomName, to: &RoomName) {
        let mut drafts = self.drafts.borrow_mut();
        for room in [from, to] {
            drafts.take_up(room, &self.kept_drafts());
        }
        let text = drafts.of(from).to_owned();
        if text.is_empty() || !drafts.of(to).is_empty() {
            return;
        }
        let (now, kept) = (clock::now().0, || self.kept_drafts());
        let mut changes = drafts.write(from, "", now, &kept);
        changes.append(&mut drafts.write(to, &text, now, &kept));
        drop(drafts);
        self.keep_drafts(changes);
    }
}
