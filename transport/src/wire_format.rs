//! The formats of lines on a connection: JSON for clients of the protocol, plain text for the others. Renders
//! each plain-text form once for any number of sessions; [`crate::frame`] does the same for JSON.

use std::{borrow::Cow, sync::OnceLock};

use chat::{
    id::UserId,
    protocol::{Event, ServerLine, User},
    room_name::RoomName,
    text::one_line,
};
use i18n::Language;

/// A server line for any number of connections.
#[derive(Debug)]
pub struct Broadcast {
    line: ServerLine,
    plain: [OnceLock<Option<String>>; Language::ALL.len()],
}

impl Broadcast {
    /// Creates a line for all connections.
    pub fn new(line: ServerLine) -> Broadcast {
        Broadcast { line, plain: [const { OnceLock::new() }; Language::ALL.len()] }
    }

    /// Creates a line for clients of the protocol only, because plain-text clients cannot tell which parts of
    /// it they already have.
    pub fn for_clients(line: ServerLine) -> Broadcast {
        Broadcast { line, plain: Language::ALL.map(|_| OnceLock::from(None)) }
    }

    /// Returns the line itself.
    pub fn line(&self) -> &ServerLine {
        &self.line
    }

    /// Returns the plain-text form; `None` if plain-text clients do not get this line.
    pub fn plain(&self, language: Language) -> Option<&str> {
        let form = &self.plain[language as usize];
        form.get_or_init(|| plain(&self.line, language)).as_deref()
    }
}

/// The format that a connection uses.
#[derive(Clone, Debug)]
pub enum WireFormat {
    /// JSON lines: the protocol.
    Json,
    /// Lines of plain text.
    PlainText(Plain),
}

/// The settings of a plain-text connection.
#[derive(Clone, Debug)]
pub struct Plain {
    /// The language of presence and error lines.
    pub language: Language,
    /// The room of the connection.
    pub room: RoomName,
    /// Whether it gets its own messages back.
    pub echo: bool,
    /// How many of the latest messages it gets on joining.
    pub backlog: u32,
    /// The prefix of its message ids, by which it recognizes its own messages.
    pub prefix: String,
}

impl Plain {
    /// Returns the text of a line for this client; `None` if it gets none. It gets neither its own messages,
    /// unless it asked for `echo`, nor its own coming and going.
    pub fn hears<'a>(&self, broadcast: &'a Broadcast, me: &UserId) -> Option<Cow<'a, str>> {
        match broadcast.line() {
            ServerLine::Message(message) if !self.echo && message.id.as_str().starts_with(&self.prefix) => {
                None
            }
            ServerLine::Presence(presence)
                if presence.enter.iter().chain(&presence.leave).any(|user| user.id == *me) =>
            {
                let mut others = presence.clone();
                others.enter.retain(|user| user.id != *me);
                others.leave.retain(|user| user.id != *me);
                plain(&ServerLine::Presence(others), self.language).map(Cow::Owned)
            }
            _ => broadcast.plain(self.language).map(Cow::Borrowed),
        }
    }
}

/// Renders one or more lines of plain text; `None` for lines that only clients of the protocol need.
fn plain(line: &ServerLine, language: Language) -> Option<String> {
    let words = language.strings();
    match line {
        ServerLine::Message(message) => Some(said(&message.user, &message.text, language)),
        ServerLine::Joined(joined) => {
            let messages = joined.events.iter().filter_map(|event| match event {
                Event::Message(message) => Some(said(&message.user, &message.text, language)),
                Event::Unknown(_) => None,
            });
            some_lines(&messages.collect::<Vec<_>>())
        }
        ServerLine::Presence(presence) => {
            let left = presence.leave.iter().map(|user| (words.left)(&[&user.name], 0));
            let entered = presence.enter.iter().map(|user| (words.entered)(&[&user.name], 0));
            some_lines(&left.chain(entered).collect::<Vec<_>>())
        }
        ServerLine::Refused(refused) => {
            let reason = (words.refusal)(refused.code).unwrap_or(&refused.reason);
            Some(format!("! {}", one_line(reason)))
        }
        ServerLine::Store { available: false } => Some(format!("! {}", words.store_away)),
        ServerLine::Store { available: true } => Some(store_is_back(language).to_owned()),
        ServerLine::Welcome(_)
        | ServerLine::Page(_)
        | ServerLine::Members { .. }
        | ServerLine::Typing { .. }
        | ServerLine::StreamingAnswer(_)
        | ServerLine::Ping { .. }
        | ServerLine::Drain { .. }
        | ServerLine::Renamed { .. }
        | ServerLine::Unknown(_) => None,
    }
}

/// Renders a message as one line, even if its text has line breaks. The name of a program gets a mark.
fn said(user: &User, text: &str, language: Language) -> String {
    let (mark, name, text) = (mark(user, language), &user.name, one_line(text));
    match language {
        Language::English => format!("{mark}{name}: {text}"),
        Language::Chinese => format!("{mark}{name}说:{text}"),
    }
}

/// Returns the mark before a program's name, or nothing for a person. No nickname can imitate it: its
/// brackets are full-width, and nicknames are NFKC-normalized, which turns such brackets into ASCII ones.
fn mark(user: &User, language: Language) -> String {
    if !user.id.is_program() {
        return String::new();
    }
    let program = language.strings().program;
    match language {
        Language::English => format!("［{program}］ "),
        Language::Chinese => format!("［{program}］"),
    }
}

/// Returns the line about the store's return. The shared strings lack it, because clients of the protocol
/// just remove their notice.
fn store_is_back(language: Language) -> &'static str {
    match language {
        Language::English => "! The server can store messages again.",
        Language::Chinese => "! 服务器又能保存消息了。",
    }
}

fn some_lines(lines: &[String]) -> Option<String> {
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use chat::{
        id::UserId,
        name::Nickname,
        protocol::{ServerLine, User},
    };
    use i18n::Language;

    use super::{Broadcast, mark, said};

    #[test]
    fn at_the_plain_door_too_it_is_said_that_the_store_is_away_and_that_it_is_back() {
        for (available, english, chinese) in [
            (false, "! The server cannot store messages right now.", "! 服务器暂时无法保存消息。"),
            (true, "! The server can store messages again.", "! 服务器又能保存消息了。"),
        ] {
            let line = Broadcast::new(ServerLine::Store { available });
            assert_eq!(line.plain(Language::English).unwrap(), english);
            assert_eq!(line.plain(Language::Chinese).unwrap(), chinese);
            let documented = format!("| `{english}` | `{chinese}` |");
            assert!(include_str!("../../docs/protocol.md").contains(&documented), "{documented}");
        }
    }

    #[test]
    fn a_program_bears_a_mark_that_no_nickname_makes() {
        for (id, english, chinese) in [
            ("9b1deb4d3b7d4bad9bdd", "Ann: Tea?", "Ann说:Tea?"),
            ("hook-1", "［bot］ Ann: Tea?", "［机器人］Ann说:Tea?"),
        ] {
            let user = User { id: UserId::parse(id).unwrap(), name: "Ann".into() };
            assert_eq!(said(&user, "Tea?", Language::English), english);
            assert_eq!(said(&user, "Tea?", Language::Chinese), chinese);
            let documented = format!("| `{english}` | `{chinese}` |");
            assert!(include_str!("../../docs/protocol.md").contains(&documented), "{documented}");
        }
        for language in Language::ALL {
            for id in ["bot-waiter", "hook-1", "api-1"] {
                let program = User { id: UserId::parse(id).unwrap(), name: "Ann".into() };
                let mark = mark(&program, language);
                let posing = Nickname::parse(&format!("{mark}Ann")).unwrap();
                assert!(!mark.is_empty() && !posing.as_str().starts_with(&mark), "{id}: {posing}");
            }
        }
    }
}
