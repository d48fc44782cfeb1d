//! Drafts: unsent text, room by room, and how the tabs of one user share it. Reads and writes no storage: it says what is to
//! be kept there, and is told what other tabs keep.
//!
//! Each tab keeps drafts of its own, so that no tab overwrites another's. A tab without one in a room takes up the newest of
//! the other tabs, alive or gone, and follows it until somebody writes here; then it becomes this tab's own. The same words
//! are the same draft: sent or cleared in one tab, they go from all.
//!
//! The storage holds them by room and tab (`tea:3f…`), each with the moment at which it was written, which puts them in order,
//! before its text (`1763683200000 half a sen`). A draft that another tab has taken over holds that tab's name instead: if its
//! own tab is alive, it keeps the draft again.

use chat::room_name::RoomName;

/// How many drafts are kept at the most; beyond it the oldest are given up, unless their tabs are alive.
const LIMIT: usize = 100;

/// A key of the storage, and the record under it; an empty one stands for none.
pub type Entry = (String, String);

/// What a tab shows.
#[derive(Clone, Debug)]
pub struct Drafts {
    /// This tab's name.
    tab: String,
    /// At most one for each room: this tab's own, or that of the tab that it follows. One of no text was sent or cleared, and
    /// no other is taken up in its place.
    here: Vec<Entry>,
}

impl Drafts {
    /// The drafts of a tab, which has none yet.
    pub fn new(tab: String) -> Drafts {
        Drafts { tab, here: Vec::new() }
    }

    /// The text of a room's draft.
    pub fn of(&self, room: &RoomName) -> &str {
        self.place(room.as_str()).map_or("", |place| text(&self.here[place].1))
    }

    /// Takes up, in a room where nothing was written on this page, what is kept: the tab's own draft from before a reload, or
    /// else the newest of another tab.
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

    /// The user has written in a room at a moment, in milliseconds since 1970, or has sent or cleared what was there. Gives
    /// what is to be kept from now on, as does [`Drafts::stored()`].
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

    /// Another tab has changed what is kept under a key.
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
            // Nobody but its own tab forgets or takes over a draft while it is written.
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

    /// Where this tab keeps its own draft of a room.
    #[inline(never)]
    fn key(&self, room: &str) -> String {
        format!("{room}:{}", self.tab)
    }
}

/// What is to become of that which is kept when there is too much of it, or what is no draft.
pub fn tidy(kept: &[Entry]) -> Vec<Entry> {
    let mut changes = Vec::new();
    for (key, record) in kept {
        if room_of(key).is_empty() || text(record).is_empty() {
            changes.push((key.clone(), String::new()));
        } else if kept.iter().filter(|other| other.1 > *record).count() >= LIMIT {
            // Its tab keeps it again, if it is alive.
            changes.push((key.clone(), "-".to_owned()));
        }
    }
    changes
}

#[inline(never)]
fn room_of(key: &str) -> &str {
    key.split_once(':').map_or("", |(room, _)| room)
}

/// The text of a record; none for what is no draft.
#[inline(never)]
fn text(record: &str) -> &str {
    record.split_once(' ').map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests;
