//! What is charged, and the table of rates: how much of each a user and an address may cost. docs/operations.md lists the
//! same for operators.

use std::time::Duration;

use super::bucket::Rate;
use crate::config::Config;

/// An address has the budgets of so many users: a class or an office shares one.
const USERS_OF_AN_ADDRESS: u64 = 50;

/// How many lines may come at once.
const LINE_BURST: u64 = 500;

/// How many frames may come for each line, with as many again of what the protocol beneath needs.
const FRAMES_PER_LINE: u64 = 4;

/// How many pages may be asked for at once.
const PAGE_BURST: u64 = 60;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Something that costs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cost {
    /// A line of the protocol, a message of the plain door, a message posted by a form.
    Line,
    /// A frame of a WebSocket, whatever is in it, or a piece of a fragmented message.
    Frame,
    /// A byte of a message's text, which is kept.
    TextByte,
    /// A room that did not exist.
    NewRoom,
    /// A page that is rendered, or a search.
    Page,
    /// A login under a new user id, by a form or as a guest. Paid by addresses.
    Login,
    /// A token that is none. Paid by addresses.
    WrongToken,
    /// A question to a bot. Each bot has a budget of its own besides.
    Question,
}

impl Cost {
    /// All of them, by [`Cost::index`].
    pub(crate) const ALL: [Cost; 8] = [
        Cost::Line,
        Cost::Frame,
        Cost::TextByte,
        Cost::NewRoom,
        Cost::Page,
        Cost::Login,
        Cost::WrongToken,
        Cost::Question,
    ];

    /// Its place in [`Cost::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Its name in metrics and between nodes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Cost::Line => "line",
            Cost::Frame => "frame",
            Cost::TextByte => "text_byte",
            Cost::NewRoom => "new_room",
            Cost::Page => "page",
            Cost::Login => "login",
            Cost::WrongToken => "wrong_token",
            Cost::Question => "question",
        }
    }

    /// The cost of a name.
    pub(crate) fn from_name(name: &str) -> Option<Cost> {
        Cost::ALL.into_iter().find(|cost| cost.name() == name)
    }

    /// Whether all nodes share the budget, or each has its own: a hot one is not worth the talk.
    pub(super) const fn is_shared(self) -> bool {
        matches!(self, Cost::TextByte | Cost::NewRoom | Cost::Login)
    }

    /// What somebody did too much of, for people.
    pub(super) const fn exceeded(self) -> &'static str {
        match self {
            Cost::Line => "too many messages",
            Cost::Frame => "too many frames",
            Cost::TextByte => "too much text for one day",
            Cost::NewRoom => "too many new rooms",
            Cost::Page => "too many pages",
            Cost::Login => "too many logins",
            Cost::WrongToken => "too many wrong tokens",
            Cost::Question => "too many questions to bots",
        }
    }
}

/// How much of each cost a user and an address may cause.
#[derive(Debug)]
pub(super) struct Rates {
    users: [Option<Rate>; Cost::ALL.len()],
    addresses: [Option<Rate>; Cost::ALL.len()],
}

impl Rates {
    /// The rates that are configured; 0 lifts a limit.
    pub(super) fn new(config: &Config) -> Rates {
        let lines = u64::from(config.rate_send);
        let user = |cost| match cost {
            Cost::Line => Rate::new(lines, SECOND, LINE_BURST),
            Cost::Frame => Rate::new(FRAMES_PER_LINE * lines, SECOND, FRAMES_PER_LINE * LINE_BURST),
            Cost::TextByte => Rate::new(config.rate_text, DAY, config.rate_text),
            Cost::NewRoom => Rate::new(config.rate_rooms.into(), HOUR, config.rate_rooms.into()),
            Cost::Page => Rate::new(config.rate_pages.into(), SECOND, PAGE_BURST),
            // Who has a login pays for no other; bots count what each user asks of them.
            Cost::Login | Cost::WrongToken | Cost::Question => None,
        };
        let address = |cost: Cost| match cost {
            Cost::Login | Cost::WrongToken => {
                Rate::new(config.rate_login.into(), MINUTE, config.rate_login.into())
            }
            Cost::Question => Rate::new(config.rate_questions.into(), HOUR, config.rate_questions.into()),
            cost => user(cost).map(|rate| rate.times(USERS_OF_AN_ADDRESS)),
        };
        Rates { users: Cost::ALL.map(user), addresses: Cost::ALL.map(address) }
    }

    /// How much a user may cost; `None` for no limit.
    pub(super) fn of_user(&self, cost: Cost) -> Option<Rate> {
        self.users[cost.index()]
    }

    /// How much an address may cost; `None` for no limit.
    pub(super) fn of_address(&self, cost: Cost) -> Option<Rate> {
        self.addresses[cost.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn every_cost_has_its_place_and_its_name() {
        for (place, cost) in Cost::ALL.into_iter().enumerate() {
            assert_eq!(cost.index(), place);
            assert_eq!(Cost::from_name(cost.name()), Some(cost));
        }
        assert_eq!(Cost::from_name("tea"), None);
    }
}
