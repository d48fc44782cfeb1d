//! All user interface strings. Each struct has one value per language, so a missing translation does not
//! compile.
//!
//! [`Strings`] are those of the room, [`PageStrings`] those of the pages around it, [`FormStrings`] those
//! about posted forms, [`SearchStrings`] those of the search and [`ReferenceStrings`] those of the API
//! reference. Only the first are part of the WebAssembly binary.

mod reference;
mod search;

use chat::{close::CloseCode, name::NicknameError, protocol::RefusalCode, room_name::RoomNameError};
use time::Date;

pub use reference::ReferenceStrings;
pub use search::SearchStrings;

/// The strings of the room.
pub struct Strings {
    /// The instance's name.
    pub brand: &'static str,
    /// The name of the lobby, the room that every user joins.
    pub lobby: &'static str,
    /// Link that skips the header to the composer.
    pub skip: &'static str,
    /// Logout button.
    pub log_out: &'static str,
    /// Button that ends the user's logins in other browsers, and those with copies of this one's cookie.
    /// Short, because it is beside the logout button.
    pub log_out_elsewhere: &'static str,
    /// Tooltip of that button: the logins that it ends.
    pub log_out_elsewhere_hint: &'static str,
    /// Link back to the login page.
    pub log_in: &'static str,

    /// Heading of the list of open rooms, and label of the button that opens it on phones.
    pub rooms: &'static str,
    /// Number of unread messages, which screen readers announce after a room's name.
    pub unread: fn(usize) -> String,
    /// Button that leaves the room of this name.
    pub leave: fn(&str) -> String,
    /// Label of the field that goes to a room by name.
    pub go_to_room: &'static str,
    /// Placeholder of that field: an example of a room's name.
    pub room_example: &'static str,
    /// Button that goes to the entered room.
    pub go: &'static str,
    /// Why a room name is invalid.
    pub room_unfit: fn(RoomNameError) -> String,

    /// Button that closes a panel.
    pub close: &'static str,

    /// Heading of the members panel.
    pub members: &'static str,
    /// Number of members.
    pub here: fn(usize) -> String,
    /// Mark of the user in the list of members.
    pub you: &'static str,
    /// Number of members that are not shown; the button shows some of them.
    pub more_members: fn(usize) -> String,
    /// Badge beside the name of a program.
    pub program: &'static str,
    /// Label of the list of built-in bots.
    pub programs: &'static str,

    /// Label of the timeline of the room of this name.
    pub timeline: fn(&str) -> String,
    /// Day separator.
    pub day: fn(Date) -> String,
    /// Full date and time, from a date and its `hh:mm`.
    pub moment: fn(Date, &str) -> String,
    /// Join notice: the named users, and the number of others.
    pub entered: fn(&[&str], usize) -> String,
    /// Leave notice: the named users, and the number of others.
    pub left: fn(&[&str], usize) -> String,
    /// Button that requests the history before the first line.
    pub earlier: &'static str,
    /// Shown while that request is in flight.
    pub looking_back: &'static str,
    /// The history before the first line is no longer retained.
    pub earlier_gone: &'static str,
    /// Link to the history before the first line, on a page of its own.
    pub further_back: &'static str,
    /// Button that requests this many missing messages, for a user who reads upwards.
    pub missing: fn(u64) -> String,
    /// The same, for a user who reads downwards.
    pub missing_onward: fn(u64) -> String,
    /// This many messages are no longer retained.
    pub gone: fn(u64) -> String,
    /// Heading above the unread messages.
    pub news: &'static str,
    /// The log started a new epoch, and the last messages of the previous one may be lost.
    pub renewed: &'static str,
    /// Label of the button that opens the search, and title of its panel.
    pub search: &'static str,
    /// An empty room: the state, and what to do about it.
    pub empty: (&'static str, &'static str),
    /// Hint that the built-in bot of this name answers here, and how to ask it.
    pub ask: fn(&str) -> String,
    /// Shown until the room's state has arrived.
    pub entering: &'static str,
    /// The room cannot be joined.
    pub not_let_in: &'static str,
    /// Button that goes to the lobby instead.
    pub to_lobby: &'static str,
    /// This many new messages are below.
    pub new_messages: fn(usize) -> String,
    /// Button that scrolls to the newest message.
    pub to_newest: &'static str,

    /// Label of an unacknowledged message.
    pub pending: &'static str,
    /// A message has been pending for so long that the server may already have it.
    pub old: &'static str,
    /// A message was refused, and why.
    pub not_sent: fn(&str) -> String,
    /// Why the server refused it; `None` if only the server's own text can tell.
    pub refusal: fn(RefusalCode) -> Option<&'static str>,
    /// Button that sends a refused message again.
    pub retry: &'static str,
    /// Button that discards a refused message.
    pub discard: &'static str,

    /// These users are typing; at least one.
    pub typing: fn(&[&str]) -> String,
    /// The program of this name was asked and has not streamed any text yet.
    pub thinking: fn(&str) -> String,
    /// Button that stops a streaming answer.
    pub stop: &'static str,
    /// Label of the composer.
    pub composer: &'static str,
    /// Placeholder of the composer.
    pub placeholder: &'static str,
    /// Label of the list of mention suggestions.
    pub mentions: &'static str,
    /// Send button.
    pub send: &'static str,
    /// This many characters are left.
    pub characters_left: fn(usize) -> String,
    /// This many characters exceed the limit.
    pub characters_over: fn(usize) -> String,
    /// The text exceeds the maximum message length.
    pub too_long: &'static str,
    /// The outbox is full.
    pub outbox_full: &'static str,

    /// The first connection is being opened.
    pub connecting: &'static str,
    /// The connection is lost since this `hh:mm`.
    pub lost_since: fn(&str) -> String,
    /// The device has been offline since this `hh:mm`.
    pub offline_since: fn(&str) -> String,
    /// A reconnection attempt is under way.
    pub reconnecting: &'static str,
    /// The next attempt is due in this many seconds.
    pub next_try: fn(u64) -> String,
    /// Button that reconnects immediately.
    pub try_now: &'static str,
    /// What happens to messages written meanwhile.
    pub kept: &'static str,
    /// The same, in a browser that stores nothing.
    pub not_kept: &'static str,
    /// The server temporarily cannot store messages or read the history.
    pub store_away: &'static str,
    /// What happens to messages written meanwhile.
    pub kept_without_store: &'static str,
    /// Why the connection has ended permanently.
    pub ended: fn(CloseCode) -> &'static str,

    /// Shows the rest of a long message.
    pub unfold: &'static str,
    /// Folds a long message again.
    pub fold: &'static str,
    /// This many characters did not fit into the composer.
    pub left_out: fn(usize) -> String,
    /// A file was dropped or pasted, which is not supported.
    pub no_files: &'static str,
    /// The page belongs to the user of this name, but another user has logged in with this browser.
    pub other_user: fn(&str) -> String,
}

/// Why a posted form was not accepted.
pub struct FormStrings {
    /// The page was made for another user than the current one, who has this name.
    pub posted_as_other: fn(&str) -> String,
    /// The rate limit for messages is exceeded; a retry is allowed in this many seconds.
    pub posted_too_fast: fn(u64) -> String,
    /// The post lacks fields of the page's form.
    pub posted_damaged: &'static str,
}

/// The strings of the pages around the room: the login and the notices.
#[expect(missing_docs, reason = "a field is called what it says")]
pub struct PageStrings {
    pub brand: &'static str,
    /// What Teahouse is, in a sentence.
    pub invitation: &'static str,
    pub log_in: &'static str,
    pub nickname: &'static str,
    pub nickname_hint: &'static str,
    pub come_in: &'static str,
    pub without_account: &'static str,
    /// What is different without JavaScript.
    pub no_script: &'static str,

    /// The nickname, or one that looks like it, is taken.
    pub taken: &'static str,
    pub unfit: fn(NicknameError) -> &'static str,
    pub lost_name: &'static str,
    pub logged_out: &'static str,
    pub login_needed: &'static str,
    /// The rate limit is exceeded; a retry is allowed in this many seconds.
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

    /// Title of the frame that shows the log without scripts.
    pub log: &'static str,
    /// The WebAssembly program takes long to load.
    pub program_late: &'static str,
    /// The browser does not support WebAssembly.
    pub no_wasm: &'static str,
    /// The program could not be fetched or started.
    pub program_failed: &'static str,
    /// The program has failed twice.
    pub program_crashed: &'static str,
    /// Button that reloads the page.
    pub reload: &'static str,
    /// A message was posted without a login.
    pub posted_without_login: &'static str,

    /// The browser does not store cookies, and what to do about it.
    pub no_cookies: &'static str,
    /// Another user is logged in with this browser, and what logging in does to that login.
    pub other_user: &'static str,
}
