//! What the browser keeps of a user: for a tab, which rooms are open in it; for all tabs and later pages, what is written,
//! what waits to be said, which tabs live, and how far each room was seen.
//!
//! What is kept is small words under names; nothing here knows what they mean. All of it works on a page of plain http.

use chat::{id::UserId, room_name::RoomName};
use leptos::prelude::window;
use web_sys::Storage;

const ROOMS: &str = "rooms";
const TAB: &str = "tab";

/// Beyond so many entries, those of other users are forgotten.
const MANY: u32 = 2_000;

/// The rooms that a user had open in this tab; none if the tab was another user's, or where the browser keeps nothing.
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

/// Remembers the rooms that a user has open in this tab. Where the browser keeps nothing, they are forgotten with the page.
pub fn keep_rooms<'a>(user: &UserId, rooms: impl Iterator<Item = &'a RoomName>) {
    let mut text = user.to_string();
    for room in rooms {
        text.push(' ');
        text.push_str(room.as_str());
    }
    if let Ok(Some(storage)) = window().session_storage() {
        // A storage that is full keeps what it had, and the page works all the same.
        let _ = storage.set_item(ROOMS, &text);
    }
}

/// Forgets what the start script keeps of a room's form: it was sent.
pub fn forget_form(user: &UserId, room: &RoomName) {
    if let Ok(Some(storage)) = window().session_storage() {
        // It fails where nothing is kept.
        let _ = storage.remove_item(&format!("form:{user}:{room}"));
    }
}

/// Keeps the tab's name for its next page, or takes it back. It is taken rather than read: a browser copies what a tab keeps
/// into a duplicate of it, and two tabs of one name would take each other's drafts for their own.
pub fn swap_tab_name(name: Option<&str>) -> Option<String> {
    let storage = window().session_storage().ok().flatten()?;
    let before = storage.get_item(TAB).ok().flatten();
    // Where nothing is kept, the next page gets a new name, and takes up the newest draft of all tabs.
    let _ = match name {
        Some(name) => storage.set_item(TAB, name),
        None => storage.remove_item(TAB),
    };
    before
}

/// What one kind of entry is named after, below its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// What waits to be said, by its id.
    Outbox,
    /// When a tab last showed that it lives, by its name.
    Tab,
    /// What is written, by its room and tab.
    Draft,
    /// How far a room was seen, by its name.
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

/// What the browser keeps of one user.
pub struct LocalStore {
    storage: Option<Storage>,
    /// What the names of all of this user's entries begin with.
    user: String,
}

impl LocalStore {
    /// That of a user. Where there are very many entries, other users' go.
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

    /// Every entry of a shelf, by its own name.
    pub fn entries(&self, on: Collection) -> Vec<(String, String)> {
        let prefix = self.name(on, "");
        let value = |name: &str| self.storage.as_ref()?.get_item(name).ok().flatten();
        self.names(&prefix)
            .into_iter()
            .filter_map(|name| Some((name[prefix.len()..].to_owned(), value(&name)?)))
            .collect()
    }

    /// Notes that this user goes by a nickname. What is kept of the one who was the last to do so, if that was another login.
    pub fn succeed(&self, nickname: &str) -> Option<LocalStore> {
        let storage = self.storage.as_ref()?;
        let name = format!("teahouse::{nickname}");
        let before = storage.get_item(&name).ok().flatten();
        // One that is full keeps what it had.
        let _ = storage.set_item(&name, &self.user);
        let user = before.filter(|before| *before != self.user)?;
        Some(LocalStore { storage: Some(storage.clone()), user })
    }

    /// Puts an entry onto a shelf, in the place of one of the same name; `false` if the browser does not keep it.
    pub fn put(&self, on: Collection, name: &str, value: &str) -> bool {
        let name = self.name(on, name);
        self.storage.as_ref().is_some_and(|storage| storage.set_item(&name, value).is_ok())
    }

    /// Takes an entry from a shelf.
    pub fn take(&self, on: Collection, name: &str) {
        self.remove(&self.name(on, name));
    }

    /// The own name of an entry of this shelf, from the name by which all storage is told apart.
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
            // It fails where nothing is kept.
            let _ = storage.remove_item(name);
        }
    }
}
