//! What is charged, and the rates at which users and addresses may cause it. docs/operations.md has the same
//! table for operators.

use std::time::Duration;

use super::bucket::Rate;
use crate::config::Config;

/// An address has the budgets of this many users, since a class or an office shares one.
const USERS_OF_AN_ADDRESS: u64 = 50;

/// Lines that may come in one burst.
const LINE_BURST: u64 = 500;

/// Frames allowed per line: for the lines themselves, and as many again for what WebSocket needs besides.
const FRAMES_PER_LINE: u64 = 4;

/// Pages that may be requested in one burst.
const PAGE_BURST: u64 = 60;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Something that costs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cost {
    /// A line of the protocol, a message to the plain door, or a message posted by a form.
    Line,
    /// A WebSocket frame, whatever it contains, including each fragment of a message.
    Frame,
    /// A byte of message text, which is stored.
    TextByte,
    /// A room that did not exist before.
    NewRoom,
    /// A rendered page, or a search.
    Page,
    /// A login under a new user id, by a form or as a guest. Charged to addresses only.
    Login,
    /// A request with an invalid token. Charged to addresses only.
    WrongToken,
    /// A question to a bot. Each bot has its own budgets as well.
    Question,
}

impl Cost {
    /// All costs, ordered by [`Cost::index`].
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

    /// Returns the position in [`Cost::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Returns the name used in metrics and between nodes.
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

    /// Returns the cost with this name.
    pub(crate) fn from_name(name: &str) -> Option<Cost> {
        Cost::ALL.into_iter().find(|cost| cost.name() == name)
    }

    /// Returns whether all nodes share the budget. Frequent costs have one per node, since sharing them is
    /// not worth the traffic.
    pub(super) const fn is_shared(self) -> bool {
        matches!(self, Cost::TextByte | Cost::NewRoom | Cost::Login)
    }

    /// Returns a description of the exceeded budget for users.
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

/// The rates at which a user and an address may cause each cost.
#[derive(Debug)]
pub(super) struct Rates {
    users: [Option<Rate>; Cost::ALL.len()],
    addresses: [Option<Rate>; Cost::ALL.len()],
}

impl Rates {
    /// Returns the configured rates; 0 lifts a limit.
    pub(super) fn new(config: &Config) -> Rates {
        let lines = u64::from(config.rate_send);
        let user = |cost| match cost {
            Cost::Line => Rate::new(lines, SECOND, LINE_BURST),
            Cost::Frame => Rate::new(FRAMES_PER_LINE * lines, SECOND, FRAMES_PER_LINE * LINE_BURST),
            Cost::TextByte => Rate::new(config.rate_text, DAY, config.rate_text),
            Cost::NewRoom => Rate::new(config.rate_rooms.into(), HOUR, config.rate_rooms.into()),
            Cost::Page => Rate::new(config.rate_pages.into(), SECOND, PAGE_BURST),
            // A logged-in user pays for no further login, and each bot counts the questions per user itself.
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

    /// Returns the rate for a user; `None` for no limit.
    pub(super) fn of_user(&self, cost: Cost) -> Option<Rate> {
        self.users[cost.index()]
    }

    /// Returns the rate for an address; `None` for no limit.
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
