//! The user's data in browser storage: for a tab, its open rooms; for all tabs and later pages, drafts,
//! pending messages, the live tabs, and the read position of each room.
//!
//! Stores short strings under names and never interprets them. Works on plain HTTP pages, too.

use chat::{id::UserId, room_name::RoomName};
use leptos::prelude::window;
use web_sys::Storage;

const ROOMS: &str = "rooms";
const TAB: &str = "tab";

/// With more entries than this, those of other users are removed.
const MANY: u32 = 2_000;

/// Returns the rooms that a user had open in this tab; empty if the tab was another user's, or if the browser
/// stores nothing.
pub fn rooms(user: &UserId) -> Vec<RoomName> {
    let stored =
        window().session_storage().ok().flatten().and_then(|storage| storage.get_item(ROOMS).ok().flatten());
    let stored = stored.unwrap_or_default();
    let mut words = stored.split(' ');
    if words.next() != Some(user.as_str()) {
        return Vec::new();
    }
    words.filter_map(|name| RoomName::from_canonical(name).ok()).collect()
}

/// Stores the rooms that a user has open in this tab. If the browser stores nothing, they are lost with the
/// page.
pub fn keep_rooms<'a>(user: &UserId, rooms: impl Iterator<Item = &'a RoomName>) {
    let mut text = user.to_string();
    for room in rooms {
        text.push(' ');
        text.push_str(room.as_str());
    }
    if let Ok(Some(storage)) = window().session_storage() {
        // A full storage keeps its old value, and the page works all the same.
        let _ = storage.set_item(ROOMS, &text);
    }
}

/// Removes the state that the start script stores of a room's form, because it was sent.
pub fn forget_form(user: &UserId, room: &RoomName) {
    if let Ok(Some(storage)) = window().session_storage() {
        // Fails if the browser stores nothing.
        let _ = storage.remove_item(&format!("form:{user}:{room}"));
    }
}

/// Stores the tab's name for its next page, or removes it; returns the previous one. Reading removes it,
/// because a browser copies a tab's storage into its duplicate, and two tabs of one name would take each
/// other's drafts for their own.
pub fn swap_tab_name(name: Option<&str>) -> Option<String> {
    let storage = window().session_storage().ok().flatten()?;
    let before = storage.get_item(TAB).ok().flatten();
    // If the browser stores nothing, the next page gets a new name and adopts the newest draft of all tabs.
    let _ = match name {
        Some(name) => storage.set_item(TAB, name),
        None => storage.remove_item(TAB),
    };
    before
}

/// A collection of entries, below its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Pending messages, by id.
    Outbox,
    /// The time of each tab's last sign of life, by tab name.
    Tab,
    /// Drafts, by room and tab.
    Draft,
    /// The read position of each room, by room name.
    Seen,
}

impl Collection {
    fn name(self) -> &'static str {
        match self {
            Collection::Outbox => "outbox",
            Collection::Tab => "tab",
            Collection::Draft => "draft",
            Collection::Seen => "seen",
        }
    }
}

/// The stored data of one user.
pub struct LocalStore {
    storage: Option<Storage>,
    /// The prefix of the names of all entries of this user.
    user: String,
}

impl LocalStore {
    /// Returns the store of a user. If there are very many entries, removes those of other users.
    pub fn of(user: &UserId) -> LocalStore {
        let storage = window().local_storage().ok().flatten();
        let store = LocalStore { storage, user: format!("teahouse:{user}:") };
        if store.storage.as_ref().is_some_and(|storage| storage.length().unwrap_or_default() > MANY) {
            for name in store.names("teahouse:") {
                if !name.starts_with(&store.user) {
                    store.remove(&name);
                }
            }
        }
        store
    }

    /// Returns all entries of a collection, by their names within it.
    pub fn entries(&self, on: Collection) -> Vec<(String, String)> {
        let prefix = self.name(on, "");
        let value = |name: &str| self.storage.as_ref()?.get_item(name).ok().flatten();
        self.names(&prefix)
            .into_iter()
            .filter_map(|name| Some((name[prefix.len()..].to_owned(), value(&name)?)))
            .collect()
    }

    /// Records this user as the latest with a nickname. Returns the store of the previous one, if that was
    /// another login.
    pub fn succeed(&self, nickname: &str) -> Option<LocalStore> {
        let storage = self.storage.as_ref()?;
        let name = format!("teahouse::{nickname}");
        let before = storage.get_item(&name).ok().flatten();
        // A full storage keeps its old value.
        let _ = storage.set_item(&name, &self.user);
        let user = before.filter(|before| *before != self.user)?;
        Some(LocalStore { storage: Some(storage.clone()), user })
    }

    /// Stores an entry in a collection, replacing one of the same name; returns `false` if the browser does
    /// not store it.
    pub fn put(&self, on: Collection, name: &str, value: &str) -> bool {
        let name = self.name(on, name);
        self.storage.as_ref().is_some_and(|storage| storage.set_item(&name, value).is_ok())
    }

    /// Removes an entry from a collection.
    pub fn take(&self, on: Collection, name: &str) {
        self.remove(&self.name(on, name));
    }

    /// Returns the name of an entry within a collection, from its full name in the storage.
    pub fn entry<'a>(&self, on: Collection, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(self.name(on, "").as_str())
    }

    fn name(&self, on: Collection, name: &str) -> String {
        let LocalStore { user, .. } = self;
        format!("{user}{}:{name}", on.name())
    }

    fn names(&self, prefix: &str) -> Vec<String> {
        let Some(storage) = &self.storage else { return Vec::new() };
        (0..storage.length().unwrap_or_default())
            .filter_map(|index| storage.key(index).ok().flatten())
            .filter(|name| name.starts_with(prefix))
            .collect()
    }

    fn remove(&self, name: &str) {
        if let Some(storage) = &self.storage {
            // Fails if the browser stores nothing.
            let _ = storage.remove_item(name);
        }
    }
}
