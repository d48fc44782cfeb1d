//! The strings in English.

use chat::{close::CloseCode, name::NicknameError, protocol::RefusalCode, room_name::RoomNameError};

use crate::strings::{FormStrings, PageStrings, Strings};

pub(super) const STRINGS: Strings = Strings {
    brand: "Teahouse",
    lobby: "Lobby",
    skip: "Skip to writing",
    log_out: "Log out",
    log_out_elsewhere: "Log out elsewhere",
    log_out_elsewhere_hint: "Ends your logins in other browsers, and every copy of this login",
    log_in: "Log in",

    rooms: "Rooms",
    unread: |n| format!("{n} unread"),
    leave: |room| format!("Leave {room}"),
    go_to_room: "Go to a room",
    room_example: "name of a room",
    go: "Go",
    room_unfit: |error| match error {
        RoomNameError::Empty => "A room needs a name.".to_owned(),
        RoomNameError::TooLong => "A room’s name may have 32 characters at most.".to_owned(),
        RoomNameError::Unfit(c) if c.is_whitespace() => {
            "A room’s name has no spaces; join its words with -.".to_owned()
        }
        RoomNameError::Unfit(c) => {
            format!("A room’s name is made of letters, digits, - and _; “{c}” is none of them.")
        }
        RoomNameError::NotCanonical => "A room’s name is written in lower case.".to_owned(),
    },
    close: "Close",

    members: "Here now",
    here: |n| format!("{n} here"),
    you: "you",
    more_members: |n| format!("{n} more, show some"),
    program: "bot",
    programs: "Bots",

    timeline: |room| format!("Messages in {room}"),
    day: |date| format!("{}, {} {} {}", date.weekday(), date.day(), date.month(), date.year()),
    moment: |date, clock| format!("{} {} {}, {clock}", date.day(), date.month(), date.year()),
    entered: |names, more| format!("~~~ {} entered ~~~", list(names, more)),
    left: |names, more| format!("~~~ {} left ~~~", list(names, more)),
    earlier: "Show earlier messages",
    looking_back: "Looking them up…",
    earlier_gone: "Earlier messages are no longer kept.",
    further_back: "Read on further back",
    missing: |n| match n {
        1 => "1 earlier message, show it".to_owned(),
        _ => format!("{n} earlier messages, show them"),
    },
    missing_onward: |n| match n {
        1 => "1 message follows, show it".to_owned(),
        _ => format!("{n} messages follow, show them"),
    },
    gone: |n| match n {
        1 => "1 message that belongs here is no longer kept.".to_owned(),
        _ => format!("{n} messages that belong here are no longer kept."),
    },
    news: "New since you left",
    renewed: "The server was restored. The latest messages before this line may be missing.",
    search: "Search",
    empty: ("Nobody has said anything here yet.", "The tea is poured. The first word is yours."),
    ask: |name| format!("Ask @{name} anything: try “@{name} help”."),
    entering: "Opening the room…",
    not_let_in: "You cannot come into this room.",
    to_lobby: "Back to the lobby",
    new_messages: |n| match n {
        1 => "1 new message".to_owned(),
        _ => format!("{n} new messages"),
    },
    to_newest: "To the newest",

    pending: "On its way",
    old: "This waited for a long time and may have been sent already. Send it now?",
    not_sent: |reason| format!("Not sent. {reason}"),
    refusal: |code| match code {
        RefusalCode::FrameTooLarge | RefusalCode::TextTooLong => Some("It is longer than a message may be."),
        RefusalCode::TextEmpty => Some("It contains nothing visible."),
        RefusalCode::RoomUnfit => Some("This is not a valid room name."),
        RefusalCode::NotJoined => Some("You are not in this room."),
        RefusalCode::TooManyRooms => Some("You have as many rooms open as you may. Leave one first."),
        RefusalCode::Forbidden => Some("You may not do this in this room."),
        RefusalCode::OverBudget => Some("That was a lot in a short time. Please wait a while."),
        RefusalCode::ServerFull => Some("The server is full and takes nothing new at the moment."),
        RefusalCode::NicknameTaken => Some("Somebody else has your nickname now."),
        RefusalCode::StoreUnavailable => Some("The server cannot store it right now."),
        RefusalCode::OutOfOrder => Some("An earlier message has to go first."),
        RefusalCode::TooManyConnections => Some("Too many connections are open."),
        RefusalCode::Malformed
        | RefusalCode::IdUnfit
        | RefusalCode::IdReused
        | RefusalCode::OtherUser
        | RefusalCode::Unknown => None,
    },
    retry: "Send again",
    discard: "Discard",

    typing: |names| match names {
        [one] => format!("{one} is writing…"),
        [one, two] => format!("{one} and {two} are writing…"),
        _ => "Several people are writing…".to_owned(),
    },
    thinking: |name| format!("{name} is thinking…"),
    stop: "Stop",
    composer: "Your message",
    placeholder: "Say something",
    mentions: "Whom to mention",
    send: "Send",
    characters_left: |n| match n {
        1 => "1 character left".to_owned(),
        _ => format!("{n} characters left"),
    },
    characters_over: |n| match n {
        1 => "1 character too many".to_owned(),
        _ => format!("{n} characters too many"),
    },
    too_long: "This is longer than a message may be. Shorten it, or send it in parts.",
    outbox_full: "Too many messages wait to be sent. This one can go once some of them have.",

    connecting: "Connecting…",
    lost_since: |clock| format!("Connection lost at {clock}."),
    offline_since: |clock| format!("Offline since {clock}."),
    reconnecting: "Reconnecting…",
    next_try: |seconds| format!("Trying again in {seconds}\u{a0}s."),
    try_now: "Try now",
    kept: "What you send now goes out when the connection is back.",
    not_kept: "This browser cannot store messages: keep this page open until they are sent.",
    store_away: "The server cannot store messages right now.",
    kept_without_store: "What you send waits here and goes out by itself once it can.",
    ended: |code| match code {
        CloseCode::LoggedOut => "You have logged out.",
        CloseCode::NicknameTaken => "Somebody else has your nickname now. Log in under another.",
        CloseCode::LoginRequired => "Your login is no longer valid. Please log in again.",
        CloseCode::Normal
        | CloseCode::TooBig
        | CloseCode::Restart
        | CloseCode::SlowConsumer
        | CloseCode::Silent
        | CloseCode::Protocol
        | CloseCode::TooMany
        | CloseCode::Replaced
        | CloseCode::OtherUser => "The server has ended the connection.",
    },
    other_user: |name| {
        format!("This browser is logged in under another nickname now. What waits here stays {name}’s.")
    },

    unfold: "Show all",
    fold: "Show less",
    left_out: |n| match n {
        1 => "1 character did not fit here and was left out.".to_owned(),
        _ => format!("{n} characters did not fit here and were left out."),
    },
    no_files: "Files cannot be sent here yet.",
};

pub(super) const FORM: FormStrings = FormStrings {
    posted_as_other: |name| {
        format!(
            "Not sent. This page was opened under another name; you are logged in as {name} now. Send it again to send it as {name}."
        )
    },
    posted_too_fast: |seconds| match seconds {
        0 | 1 => "Not sent. You are sending very fast; please try again in a second.".to_owned(),
        _ => format!("Not sent. You are sending very fast; please try again in {seconds} seconds."),
    },
    posted_damaged: "Not sent. The form arrived incomplete; please send it again.",
};

pub(super) const PAGES: PageStrings = PageStrings {
    brand: "Teahouse",
    invitation: "Pick a nickname, take a seat, talk.",
    log_in: "Log in",
    nickname: "Nickname",
    nickname_hint: "1 to 24 characters of any script.",
    come_in: "Come in",
    without_account: "No account, no password. The name is yours while you are here.",
    no_script: "JavaScript is off. You can still read and write here; new messages appear every 15 seconds.",

    taken: "Sorry, that nickname is taken, please choose another.",
    unfit: |error| match error {
        NicknameError::Empty => "Please type a nickname.",
        NicknameError::TooLong => "That is too long: a nickname has 24 characters at most.",
        NicknameError::Control => "A nickname has no line breaks or control characters in it.",
        NicknameError::Bidi => {
            "That nickname contains hidden characters that change the writing direction. Please remove them."
        }
        NicknameError::Invisible => "That nickname contains invisible characters. Please remove them.",
        NicknameError::Unassigned => "That nickname contains a character that most devices cannot show.",
        NicknameError::StrayMark => {
            "That nickname contains an accent that belongs to no letter of its script."
        }
        NicknameError::TooManyMarks => "That nickname has too many accents on one letter.",
        NicknameError::OnlyPunctuation => "A nickname needs a letter, a digit or a symbol.",
    },
    lost_name: "You were away for a while, and somebody else has your nickname now. Please choose another.",
    logged_out: "You have logged out. Come again.",
    login_needed: "You are not logged in any more: this browser’s login has expired or was deleted. Please log in again.",
    too_often: |seconds| match seconds {
        0 | 1 => "That was many attempts. Please try again in a second.".to_owned(),
        _ => format!("That was many attempts. Please try again in {seconds} seconds."),
    },
    foreign_origin: "That form came from another site, so nothing was done. Please use this one.",
    store_unavailable: "Your nickname could not be stored. Please try again shortly.",

    not_found: ("There is no such page", "The address may be mistyped, or the page is gone."),
    no_message: (
        "There is no such message",
        "No message in this room has this number yet. The address may be mistyped.",
    ),
    message_gone: (
        "That message is no longer kept",
        "Only the newest messages of a room are kept here, and this one is older.",
    ),
    forbidden: ("That is not allowed", "The request came from another website, so nothing was done."),
    too_large: ("That is too much at once", "What was sent exceeds the limit, so nothing was done."),
    too_many: ("One moment, please", |seconds| match seconds {
        0 | 1 => "You are sending requests very fast. Please try again in a second.".to_owned(),
        _ => format!("You are sending requests very fast. Please try again in {seconds} seconds."),
    }),
    broken: ("Something broke", "It is not your fault. The error was logged, and trying again may help."),
    unavailable: ("We will be right back", "The server cannot answer right now. Please try again shortly."),
    room_unfit: "That is not a valid room name",
    room_rule: "A room’s name has 1 to 32 letters or digits of any script, - and _.",
    back_to_lobby: "To the lobby",
    back_to_login: "To the login page",

    log: "Messages",
    program_late: "This page is still loading. You can already read and write; new messages appear every 15 seconds.",
    no_wasm: "This browser has WebAssembly switched off, perhaps in its security settings. You can still read and write here; new messages appear every 15 seconds.",
    program_failed: "A part of this page could not be loaded. You can still read and write; new messages appear every 15 seconds.",
    program_crashed: "Something on this page failed twice. You can still read and write; new messages appear every 15 seconds.",
    reload: "Reload",
    posted_without_login: "Your message was not sent, because you are not logged in any more. Here it is, to copy:",

    no_cookies: "This browser keeps no cookies for this site, and without one nobody stays logged in. Allow cookies for this \
                 site in the browser’s settings, then log in again.",
    other_user: "This browser is logged in under the nickname below. Choose another one to log in as somebody else; the \
                 one below is then logged out.",
};

/// Joins names as English does.
fn list(names: &[&str], more: usize) -> String {
    let others = match more {
        0 => None,
        1 => Some("1 other".to_owned()),
        _ => Some(format!("{more} others")),
    };
    let mut all: Vec<&str> = names.to_vec();
    all.extend(others.as_deref());
    match all.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use time::{Date, Month};

    use super::STRINGS;

    #[test]
    fn names_are_joined_as_english_joins_them() {
        assert_eq!((STRINGS.entered)(&["Ann"], 0), "~~~ Ann entered ~~~");
        assert_eq!((STRINGS.left)(&["Ann", "Bo"], 0), "~~~ Ann and Bo left ~~~");
        assert_eq!((STRINGS.entered)(&["Ann", "Bo", "Cy"], 1), "~~~ Ann, Bo, Cy and 1 other entered ~~~");
        assert_eq!((STRINGS.entered)(&["Ann", "Bo", "Cy"], 7), "~~~ Ann, Bo, Cy and 7 others entered ~~~");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!((STRINGS.new_messages)(1), "1 new message");
        assert_eq!((STRINGS.new_messages)(2), "2 new messages");
    }

    #[test]
    fn a_day_is_written_out() {
        let date = Date::from_calendar_date(2026, Month::November, 20).unwrap();
        assert_eq!((STRINGS.day)(date), "Friday, 20 November 2026");
    }
}
