//! What the built-in bot can be asked for. [`super::parser`] understands it.

use std::time::Duration;

use super::dice::Dice;

/// What the waiter is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// What it can do.
    Help,
    /// What time it is, in a place or in the house.
    Time(Option<String>),
    /// A throw of dice.
    Dice(Dice),
    /// A flip of a coin.
    Coin,
    /// How much was said.
    Counts,
    /// Something that was said.
    Quote,
    /// A reminder.
    Remind(When, String),
    /// A reminder of which the time is missing or makes no sense.
    RemindWhen,
    /// What one will be reminded of.
    Reminders,
    /// Nothing, but thanks.
    Thanks,
    /// Nothing any more.
    Farewell,
    /// One reminder less, by its place in that list, from 1.
    Forget(usize),
    /// Something else.
    Unknown,
}

/// When to remind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After this time.
    In(Duration),
    /// When the house's clock shows this hour and minute, in so many days, or whenever it does next.
    At { day: Option<i8>, hour: i8, minute: i8 },
}
