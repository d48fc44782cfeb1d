//! The settings file of the bots (`--config`): its format, and the position of a mistake in it. Opens no keys
//! and contacts no services.

pub(crate) mod openai;
pub(crate) mod patience;
pub(crate) mod place;
pub(crate) mod tuling;
pub(crate) mod webhook;

mod setting;

use std::{fmt, ops::Range, time::Duration};

use chat::{name::Nickname, room_name::RoomName};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use patience::Patience;

/// The name of the built-in bot unless the file sets another.
const BUILTIN: &str = "小二";

/// Maximum number of messages that a bot sees besides the question.
const CONTEXT_LIMIT: u32 = 200;

/// The bots of a server.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) bots: Vec<BotSettings>,
}

/// The settings of one bot.
#[derive(Clone, Debug)]
pub(crate) struct BotSettings {
    /// The bot's line in the file; 0 if it is not in the file.
    pub(crate) line: usize,
    pub(crate) name: Nickname,
    pub(crate) rooms: Rooms,
    /// Whether it answers every message in its rooms, rather than only those that mention it.
    pub(crate) everything: bool,
    /// Number of messages before the question that it sees.
    pub(crate) context: u32,
    /// Answers that one user may request per hour; 0 for no limit.
    pub(crate) budget: u32,
    /// Answers that all users together may request per hour; 0 for no limit.
    pub(crate) budget_in_all: u32,
    /// Time limit for a whole answer.
    pub(crate) patience: Duration,
    /// Number of answers it gives concurrently; further questions wait.
    pub(crate) at_once: usize,
    pub(crate) kind: BotKind,
}

/// The kind of service that produces the answers.
#[derive(Clone, Debug)]
pub(crate) enum BotKind {
    Builtin,
    OpenAi(openai::Settings),
    Tuling(tuling::Settings),
    Webhook(webhook::Settings),
}

/// The rooms that a bot is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rooms {
    All,
    These(Vec<RoomName>),
}

impl Rooms {
    pub(crate) fn have(&self, room: &RoomName) -> bool {
        match self {
            Rooms::All => true,
            Rooms::These(rooms) => rooms.contains(room),
        }
    }
}

/// A mistake in a file and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    line: usize,
    column: usize,
    what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl Mistake {
    fn at(text: &str, place: &Range<usize>, what: impl Into<String>) -> Mistake {
        let before = &text[..text.floor_char_boundary(place.start)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        Mistake {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            what: what.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "yes")]
    builtin: bool,
    #[serde(default)]
    bot: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: Spanned<Name>,
    #[serde(default)]
    rooms: Option<RoomList>,
    #[serde(default)]
    answers: Option<Spanned<Answers>>,
    #[serde(default = "context")]
    context: Spanned<u32>,
    #[serde(default = "budget")]
    budget: u32,
    #[serde(default = "budget_in_all")]
    budget_in_all: u32,
    #[serde(default = "patience")]
    patience: Patience,
    #[serde(default = "at_once")]
    at_once: Spanned<usize>,
    #[serde(default)]
    builtin: Option<Builtin>,
    #[serde(default)]
    openai: Option<openai::Settings>,
    #[serde(default)]
    tuling: Option<tuling::Settings>,
    #[serde(default)]
    webhook: Option<webhook::Settings>,
}

/// The built-in bot has no settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Builtin {}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answers {
    Mentions,
    Everything,
}

struct Name(Nickname);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        let text = String::deserialize(deserializer)?;
        Nickname::parse(&text)
            .map(Name)
            .map_err(|error| D::Error::custom(format!("the name does not fit: {error}")))
    }
}

struct RoomList(Rooms);

impl<'de> Deserialize<'de> for RoomList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RoomList, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        if names.is_empty() {
            return Err(D::Error::custom("a bot without a room answers nobody; `[\"*\"]` is every room"));
        }
        if names.iter().any(|name| name == "*") {
            return Ok(RoomList(Rooms::All));
        }
        let rooms = names.iter().map(|name| {
            RoomName::parse_any(name)
                .map_err(|error| D::Error::custom(format!("`{name}` is no room: {error}")))
        });
        rooms.collect::<Result<_, _>>().map(|rooms| RoomList(Rooms::These(rooms)))
    }
}

fn yes() -> bool {
    true
}

fn context() -> Spanned<u32> {
    Spanned::new(0..0, 20)
}

fn budget() -> u32 {
    60
}

fn budget_in_all() -> u32 {
    3_000
}

fn patience() -> Patience {
    Patience(Duration::from_mins(10))
}

fn at_once() -> Spanned<usize> {
    Spanned::new(0..0, 4)
}

impl Default for Settings {
    /// Returns the bots of a server without a file: the built-in bot.
    fn default() -> Settings {
        Settings { bots: vec![builtin()] }
    }
}

fn builtin() -> BotSettings {
    BotSettings {
        line: 0,
        name: Nickname::parse(BUILTIN).expect("it is a nickname"),
        rooms: Rooms::All,
        everything: false,
        context: 0,
        budget: budget(),
        budget_in_all: budget_in_all(),
        patience: Duration::from_secs(10),
        at_once: 16,
        kind: BotKind::Builtin,
    }
}

impl Settings {
    /// Parses a file; returns the first mistake in it.
    pub(crate) fn parse(text: &str) -> Result<Settings, Mistake> {
        let file: File = toml::from_str(text).map_err(|error| {
            let what = error.message().trim().replace('\n', "; ");
            Mistake::at(text, &error.span().unwrap_or(0..0), what)
        })?;
        let mut bots: Vec<BotSettings> = Vec::new();
        for table in file.bot {
            let place = table.span();
            let table = table.into_inner();
            let name = table.name.span();
            let bot = table.check(text, &place)?;
            if bots.iter().any(|other| other.name.skeleton() == bot.name.skeleton()) {
                return Err(Mistake::at(text, &name, format!("there is a bot called {} already", bot.name)));
            }
            bots.push(bot);
        }
        let has_builtin = bots.iter().any(|bot| matches!(bot.kind, BotKind::Builtin));
        if file.builtin && !has_builtin {
            let builtin = builtin();
            if bots.iter().any(|bot| bot.name.skeleton() == builtin.name.skeleton()) {
                let what =
                    format!("{BUILTIN} is the built-in bot; write `builtin = false` above to do without it");
                let place = text.find(BUILTIN).unwrap_or_default();
                return Err(Mistake::at(text, &(place..place), what));
            }
            bots.push(builtin);
        }
        // New users are pointed to the first bot, and the built-in one answers without an external service.
        bots.sort_by_key(|bot| !matches!(bot.kind, BotKind::Builtin));
        Ok(Settings { bots })
    }
}

impl Table {
    fn check(self, text: &str, place: &Range<usize>) -> Result<BotSettings, Mistake> {
        let name = self.name.into_inner().0;
        let mut kinds = Vec::new();
        kinds.extend(self.builtin.map(|_| BotKind::Builtin));
        kinds.extend(self.openai.map(BotKind::OpenAi));
        kinds.extend(self.tuling.map(BotKind::Tuling));
        kinds.extend(self.webhook.map(BotKind::Webhook));
        let Some(kind) = kinds.pop().filter(|_| kinds.is_empty()) else {
            let what = "a bot has exactly one of [bot.builtin], [bot.openai], [bot.tuling] and [bot.webhook]";
            return Err(Mistake::at(text, place, format!("{name}: {what}")));
        };
        let rooms = self.rooms.map_or(Rooms::All, |rooms| rooms.0);
        let everything =
            self.answers.as_ref().is_some_and(|answers| *answers.get_ref() == Answers::Everything);
        if let Some(answers) = self.answers.filter(|_| everything && rooms == Rooms::All) {
            let what = "a bot that answers everything needs rooms of its own: `rooms = [\"…\"]`";
            return Err(Mistake::at(text, &answers.span(), what));
        }
        if *self.context.get_ref() > CONTEXT_LIMIT {
            let what = format!("a bot sees at most {CONTEXT_LIMIT} messages");
            return Err(Mistake::at(text, &self.context.span(), what));
        }
        if *self.at_once.get_ref() == 0 {
            return Err(Mistake::at(
                text,
                &self.at_once.span(),
                "a bot that gives no answer at once gives none",
            ));
        }
        Ok(BotSettings {
            line: Mistake::at(text, place, "").line,
            name,
            rooms,
            everything,
            context: self.context.into_inner(),
            budget: self.budget,
            budget_in_all: self.budget_in_all,
            patience: self.patience.0,
            at_once: self.at_once.into_inner(),
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BotKind, Rooms, Settings};

    fn mistake(text: &str) -> String {
        Settings::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn without_a_word_the_waiter_is_there_in_every_room() {
        for settings in [Settings::default(), Settings::parse("").unwrap()] {
            let [builtin] = settings.bots.as_slice() else { panic!("{settings:?}") };
            assert_eq!((builtin.name.as_str(), &builtin.rooms), ("小二", &Rooms::All));
            assert!(matches!(builtin.kind, BotKind::Builtin) && !builtin.everything);
        }
        assert!(Settings::parse("builtin = false").unwrap().bots.is_empty());
    }

    #[test]
    fn a_builtin_bot_of_another_name_takes_the_waiters_place() {
        let text = "[[bot]]\nname = \"店小二\"\nrooms = [\"茶\"]\nanswers = \"everything\"\nbudget = 5\n[bot.builtin]\n";
        let settings = Settings::parse(text).unwrap();
        let [bot] = settings.bots.as_slice() else { panic!("{settings:?}") };
        assert_eq!((bot.name.as_str(), bot.budget, bot.everything), ("店小二", 5, true));
        assert!(bot.rooms.have(&chat::room_name::RoomName::parse("茶").unwrap()));
        assert!(!bot.rooms.have(&chat::room_name::RoomName::lobby()));
    }

    #[test]
    fn the_waiter_stands_before_those_who_depend_on_a_service() {
        let text = "[[bot]]\nname = \"阿明\"\n[bot.tuling]\nkey_env = \"KEY\"\n";
        let names: Vec<String> =
            Settings::parse(text).unwrap().bots.iter().map(|bot| bot.name.to_string()).collect();
        assert_eq!(names, ["小二", "阿明"]);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let bot = "[[bot]]\nname = \"A\"\n";
        for (text, said) in [
            (
                "builtn = false",
                "line 1, column 1: unknown field `builtn`, expected `builtin` or `bot`".to_owned(),
            ),
            ("builtin = 1", "line 1, column 11: invalid type: integer `1`, expected a boolean".to_owned()),
            ("\nbot = [", "line 2,".to_owned()),
            ("[[bot]]\n[bot.builtin]", "line 1, column 1: missing field `name`".to_owned()),
            ("[[bot]]\nname = \"\\u202e\"", "line 2, column 8: the name does not fit: ".to_owned()),
            (
                &format!("{bot}colour = 1\n"),
                "line 3, column 1: unknown field `colour`, expected one of ".to_owned(),
            ),
            (&format!("{bot}rooms = []\n[bot.builtin]"), "line 3, column 9: a bot without a room".to_owned()),
            (&format!("{bot}rooms = [\"a/b\"]\n"), "line 3, column 9: `a/b` is no room: ".to_owned()),
            (
                &format!("{bot}patience = \"5 weeks\"\n"),
                "line 3, column 12: ` weeks` is no unit of time".to_owned(),
            ),
            (
                &format!("{bot}patience = \"0\"\n"),
                "line 3, column 12: a service is waited for between".to_owned(),
            ),
            (
                &format!("{bot}context = 201\n[bot.builtin]"),
                "line 3, column 11: a bot sees at most 200".to_owned(),
            ),
            (&format!("{bot}at_once = 0\n[bot.builtin]"), "line 3, column 11: a bot that gives".to_owned()),
            (&format!("{bot}answers = \"all\"\n"), "line 3, column 11: unknown variant `all`".to_owned()),
            (
                &format!("{bot}answers = \"everything\"\n[bot.builtin]"),
                "line 3, column 11: a bot that answers everything needs rooms".to_owned(),
            ),
            (bot, "line 1, column 1: A: a bot has exactly one of".to_owned()),
            (
                &format!("{bot}[bot.builtin]\n{bot}[bot.builtin]\n"),
                "line 5, column 8: there is a bot called A already".to_owned(),
            ),
        ] {
            assert!(mistake(text).starts_with(&said), "{text}\n{}\n{said}", mistake(text));
        }
    }
}
