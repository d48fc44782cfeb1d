//! Drafts: unsent text by room, shared between the tabs of one user. Performs no storage I/O: it returns the
//! changes to store, and receives the changes of other tabs.
//!
//! Each tab stores its own drafts, so that no tab overwrites another's. A tab without a draft in a room
//! adopts the newest draft of another tab, open or closed, and follows it until the user writes here; then it
//! becomes this tab's own. Equal texts are the same draft: sent or cleared in one tab, it disappears from
//! all.
//!
//! The storage key is room and tab (`tea:3f…`). The value is the time of writing, which orders the drafts,
//! and the text (`1763683200000 half a sen`). When another tab takes over a draft, its value becomes that
//! tab's name; if the original tab is still open, it stores its draft again.

use chat::room_name::RoomName;

/// The maximum number of stored drafts. Beyond it the oldest are dropped, unless their tabs are open.
const LIMIT: usize = 100;

/// A storage key and its record; an empty record stands for none.
pub type Entry = (String, String);

/// The drafts that a tab shows.
#[derive(Clone, Debug)]
pub struct Drafts {
    /// This tab's name.
    tab: String,
    /// At most one entry for each room: this tab's own, or that of the tab that it follows. An empty text
    /// means sent or cleared; no other draft is adopted in its place.
    here: Vec<Entry>,
}

impl Drafts {
    /// Creates the state of a tab without drafts.
    pub fn new(tab: String) -> Drafts {
        Drafts { tab, here: Vec::new() }
    }

    /// Returns the text of a room's draft.
    pub fn of(&self, room: &RoomName) -> &str {
        self.place(room.as_str()).map_or("", |place| text(&self.here[place].1))
    }

    /// Adopts a stored draft in a room where nothing was written on this page: the tab's own draft from
    /// before a reload, or else the newest of another tab.
    pub fn take_up(&mut self, room: &RoomName, kept: &[Entry]) {
        let room = room.as_str();
        if self.place(room).is_some() {
            return;
        }
        let own = self.key(room);
        let mut newest: Option<&Entry> = None;
        for entry in kept {
            let is_newer = newest.is_none_or(|newest| newest.0 != own && entry.1 > newest.1);
            if room_of(&entry.0) == room && !text(&entry.1).is_empty() && (is_newer || entry.0 == own) {
                newest = Some(entry);
            }
        }
        self.here.extend(newest.cloned());
    }

    /// Records that the user wrote, sent or cleared text in a room, at a time in milliseconds since 1970.
    /// Returns the entries to store, as does [`Drafts::stored()`].
    pub fn write(
        &mut self,
        room: &RoomName,
        written: &str,
        now: u64,
        kept: &dyn Fn() -> Vec<Entry>,
    ) -> Vec<Entry> {
        let room = room.as_str();
        let place = self.place(room).unwrap_or_else(|| {
            self.here.push((self.key(room), String::new()));
            self.here.len() - 1
        });
        let key = self.key(room);
        let here = &mut self.here[place];
        let mut changes = Vec::new();
        if written.is_empty() {
            for entry in &kept() {
                if entry.0 == key || room_of(&entry.0) == room && text(&entry.1) == text(&here.1) {
                    changes.push((entry.0.clone(), String::new()));
                }
            }
        } else if written == text(&here.1) {
            return changes;
        } else {
            changes.push((key.clone(), format!("{now} {written}")));
            if here.0 != key {
                changes.push((here.0.clone(), self.tab.clone()));
            }
        }
        *here = (key, format!("{now} {written}"));
        changes
    }

    /// Handles a change that another tab made under a storage key.
    pub fn stored(
        &mut self,
        key: &str,
        before: Option<&str>,
        after: Option<&str>,
        kept: &dyn Fn() -> Vec<Entry>,
    ) -> Vec<Entry> {
        let room = room_of(key);
        let own = self.key(room);
        let mut changes = Vec::new();
        let Some(place) = self.place(room) else { return changes };
        let here = &mut self.here[place];
        match after {
            None if before.map(text) == Some(text(&here.1)) => {
                *here = (own, String::new());
                changes.push(here.clone());
            }
            Some(record) if here.0 == key && !text(record).is_empty() => record.clone_into(&mut here.1),
            _ if here.0 != key => {}
            // Only its own tab deletes a draft or hands it over while the user is writing it.
            _ if key == own => changes.push(here.clone()),
            Some(tab) => {
                let taken_over = format!("{room}:{tab}");
                if let Some(entry) = kept().iter().find(|entry| entry.0 == taken_over) {
                    here.clone_from(entry);
                }
            }
            None => {}
        }
        changes
    }

    fn place(&self, room: &str) -> Option<usize> {
        self.here.iter().position(|entry| room_of(&entry.0) == room)
    }

    /// Returns the storage key of this tab's own draft of a room.
    #[inline(never)]
    fn key(&self, room: &str) -> String {
        format!("{room}:{}", self.tab)
    }
}

/// Returns the changes that remove excess drafts and malformed entries.
pub fn tidy(kept: &[Entry]) -> Vec<Entry> {
    let mut changes = Vec::new();
    for (key, record) in kept {
        if room_of(key).is_empty() || text(record).is_empty() {
            changes.push((key.clone(), String::new()));
        } else if kept.iter().filter(|other| other.1 > *record).count() >= LIMIT {
            // If its tab is open, it stores the draft again.
            changes.push((key.clone(), "-".to_owned()));
        }
    }
    changes
}

#[inline(never)]
fn room_of(key: &str) -> &str {
    key.split_once(':').map_or("", |(room, _)| room)
}

/// Returns the text of a record; empty for a malformed record.
#[inline(never)]
fn text(record: &str) -> &str {
    record.split_once(' ').map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests;
