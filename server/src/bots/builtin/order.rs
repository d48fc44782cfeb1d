//! The orders that the built-in bot understands. [`super::parser`] parses them.

use std::time::Duration;

use super::dice::Dice;

/// An order to the built-in bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// List what it can do.
    Help,
    /// Tell the time, in a place or on the server.
    Time(Option<String>),
    /// Roll dice.
    Dice(Dice),
    /// Flip a coin.
    Coin,
    /// Count the room's messages.
    Counts,
    /// Quote an earlier message.
    Quote,
    /// Set a reminder.
    Remind(When, String),
    /// Set a reminder whose time is missing or invalid.
    RemindWhen,
    /// List the user's reminders.
    Reminders,
    /// Thanks, no order.
    Thanks,
    /// A farewell, no order.
    Farewell,
    /// Delete a reminder by its position in the list, from 1.
    Forget(usize),
    /// Anything else.
    Unknown,
}

/// When to remind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After this time.
    In(Duration),
    /// When the server's clock shows this hour and minute, in `day` days or the next time it does.
    At { day: Option<i8>, hour: i8, minute: i8 },
}
