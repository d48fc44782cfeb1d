//! Every string that a person reads. One struct, filled once per language: a missing translation does not build.
//!
//! [`Strings`] are those of the room, [`PageStrings`] those of the pages around it, [`SearchStrings`] those of the search and
//! [`ReferenceStrings`] those of the page about the API: none but the first reach the browser's program.

mod reference;
mod search;

use chat::{close::CloseCode, name::NicknameError, protocol::RefusalCode, room_name::RoomNameError};
use time::Date;

pub use reference::ReferenceStrings;
pub use search::SearchStrings;

/// The words of the room.
pub struct Strings {
    /// The name of the house.
    pub brand: &'static str,
    /// The name of the room that everybody is in.
    pub lobby: &'static str,
    /// Leads past the header to the composer.
    pub skip: &'static str,
    /// Logs out.
    pub log_out: &'static str,
    /// Ends the reader's logins in other browsers, and with copies of this one's cookie. Short, since it stands beside the way
    /// out.
    pub log_out_elsewhere: &'static str,
    /// Says what it ends.
    pub log_out_elsewhere_hint: &'static str,
    /// Goes back to the login page.
    pub log_in: &'static str,

    /// Heads the list of open rooms, and opens it on a phone.
    pub rooms: &'static str,
    /// How many messages nobody has looked at, spoken after a room's name.
    pub unread: fn(usize) -> String,
    /// Leaves the room of this name.
    pub leave: fn(&str) -> String,
    /// Labels the field that goes to a room by name.
    pub go_to_room: &'static str,
    /// An example of a room's name.
    pub room_example: &'static str,
    /// Goes to the room that was named.
    pub go: &'static str,
    /// Why this is no room's name.
    pub room_unfit: fn(RoomNameError) -> String,

    /// Puts away what has slid in.
    pub close: &'static str,

    /// Heads the list of those who are here.
    pub members: &'static str,
    /// How many are here.
    pub here: fn(usize) -> String,
    /// Marks the reader in that list.
    pub you: &'static str,
    /// How many more are here than are shown, and that some of them can be.
    pub more_members: fn(usize) -> String,
    /// Marks a program beside its name.
    pub program: &'static str,
    /// Names the list of the programs that answer here.
    pub programs: &'static str,

    /// Names the timeline of the room of this name.
    pub timeline: fn(&str) -> String,
    /// The day of a day line.
    pub day: fn(Date) -> String,
    /// A moment in full, from its date and its `hh:mm`.
    pub moment: fn(Date, &str) -> String,
    /// These people entered, and so many more.
    pub entered: fn(&[&str], usize) -> String,
    /// These people left, and so many more.
    pub left: fn(&[&str], usize) -> String,
    /// Asks for what was said before the first line.
    pub earlier: &'static str,
    /// That is on its way.
    pub looking_back: &'static str,
    /// What was said before the first line is no longer kept.
    pub earlier_gone: &'static str,
    /// Leads to what was said before the first line, on a page of its own.
    pub further_back: &'static str,
    /// So many messages are missing here, for those who look back; asks for them.
    pub missing: fn(u64) -> String,
    /// The same, for those who read on.
    pub missing_onward: fn(u64) -> String,
    /// So many messages are no longer kept.
    pub gone: fn(u64) -> String,
    /// Heads what is new to the reader.
    pub news: &'static str,
    /// The log has begun a new life, and some of what was said may be gone.
    pub renewed: &'static str,
    /// Opens the search, and names it.
    pub search: &'static str,
    /// Nobody has said anything yet: what is so, and what to do about it.
    pub empty: (&'static str, &'static str),
    /// Who answers here goes by this name, and how to ask them.
    pub ask: fn(&str) -> String,
    /// Nothing has been heard about the room yet.
    pub entering: &'static str,
    /// The room cannot be entered.
    pub not_let_in: &'static str,
    /// Goes to the lobby instead.
    pub to_lobby: &'static str,
    /// So many new messages are below.
    pub new_messages: fn(usize) -> String,
    /// Leads to the newest message.
    pub to_newest: &'static str,

    /// A message that is not confirmed.
    pub pending: &'static str,
    /// A message has waited for so long that it may have been said already.
    pub old: &'static str,
    /// A message was refused, and why.
    pub not_sent: fn(&str) -> String,
    /// Why the server refuses; `None` where only its own words can tell.
    pub refusal: fn(RefusalCode) -> Option<&'static str>,
    /// Sends a refused message again.
    pub retry: &'static str,
    /// Forgets a refused message.
    pub discard: &'static str,

    /// These people write; at least one.
    pub typing: fn(&[&str]) -> String,
    /// The program of this name has been asked, and has not said anything yet.
    pub thinking: fn(&str) -> String,
    /// Ends an answer that grows.
    pub stop: &'static str,
    /// Labels the composer.
    pub composer: &'static str,
    /// Stands in the empty composer.
    pub placeholder: &'static str,
    /// Names the list of those who can be mentioned.
    pub mentions: &'static str,
    /// Sends.
    pub send: &'static str,
    /// So many characters are left.
    pub characters_left: fn(usize) -> String,
    /// So many characters are too many.
    pub characters_over: fn(usize) -> String,
    /// The text is longer than a message may be.
    pub too_long: &'static str,
    /// No more can wait.
    pub outbox_full: &'static str,

    /// The first connection is being made.
    pub connecting: &'static str,
    /// There is no connection since this `hh:mm`.
    pub lost_since: fn(&str) -> String,
    /// The machine has no network since this `hh:mm`.
    pub offline_since: fn(&str) -> String,
    /// A connection is being made again.
    pub reconnecting: &'static str,
    /// The next attempt is due in so many seconds.
    pub next_try: fn(u64) -> String,
    /// Connects at once.
    pub try_now: &'static str,
    /// What becomes of what is written meanwhile.
    pub kept: &'static str,
    /// The same, where this browser keeps nothing.
    pub not_kept: &'static str,
    /// The server cannot keep what is said for now, nor read what is not here yet.
    pub store_away: &'static str,
    /// What becomes of what is written meanwhile.
    pub kept_without_store: &'static str,
    /// Why the connection has ended for good.
    pub ended: fn(CloseCode) -> &'static str,

    /// Shows the rest of a long message.
    pub unfold: &'static str,
    /// Shows its beginning only.
    pub fold: &'static str,
    /// So many characters were too many for the composer.
    pub left_out: fn(usize) -> String,
    /// A file was dropped or pasted.
    pub no_files: &'static str,
    /// The page belongs to the user of this name, and somebody else is logged in in this browser by now.
    pub other_user: fn(&str) -> String,
}

/// Why what a form posted was not sent: sentences for whoever posted it.
pub struct FormStrings {
    /// The page was made for somebody else than who posts it now, who goes by this name.
    pub posted_as_other: fn(&str) -> String,
    /// Messages were posted too fast; try again in so many seconds.
    pub posted_too_fast: fn(u64) -> String,
    /// What was posted lacks what the page's form holds.
    pub posted_damaged: &'static str,
}

/// The words of the pages around the room: the login and the notices.
#[expect(missing_docs, reason = "a field is called what it says")]
pub struct PageStrings {
    pub brand: &'static str,
    /// What this is, in a sentence.
    pub invitation: &'static str,
    pub log_in: &'static str,
    pub nickname: &'static str,
    pub nickname_hint: &'static str,
    pub come_in: &'static str,
    pub without_account: &'static str,
    /// What is different without JavaScript.
    pub no_script: &'static str,

    /// Somebody goes by that nickname, or by one that looks like it.
    pub taken: &'static str,
    pub unfit: fn(NicknameError) -> &'static str,
    pub lost_name: &'static str,
    pub logged_out: &'static str,
    pub login_needed: &'static str,
    /// Too many attempts; try again in so many seconds.
    pub too_often: fn(u64) -> String,
    pub foreign_origin: &'static str,
    pub store_unavailable: &'static str,

    /// The titles and sentences of the notices.
    pub not_found: (&'static str, &'static str),
    pub no_message: (&'static str, &'static str),
    pub message_gone: (&'static str, &'static str),
    pub forbidden: (&'static str, &'static str),
    pub too_large: (&'static str, &'static str),
    pub too_many: (&'static str, fn(u64) -> String),
    pub broken: (&'static str, &'static str),
    pub unavailable: (&'static str, &'static str),
    pub room_unfit: &'static str,
    pub room_rule: &'static str,
    pub back_to_lobby: &'static str,
    pub back_to_login: &'static str,

    /// Names the frame that shows the log where no program runs.
    pub log: &'static str,
    /// The program takes long to come.
    pub program_late: &'static str,
    /// The browser runs no WebAssembly.
    pub no_wasm: &'static str,
    /// The program could not be fetched or started.
    pub program_failed: &'static str,
    /// The program has failed twice.
    pub program_crashed: &'static str,
    /// Loads the page anew.
    pub reload: &'static str,
    /// A message was posted without a login.
    pub posted_without_login: &'static str,

    /// The browser keeps no cookies, and what to do about it.
    pub no_cookies: &'static str,
    /// Somebody is logged in in this browser, and what becomes of that.
    pub other_user: &'static str,
}
