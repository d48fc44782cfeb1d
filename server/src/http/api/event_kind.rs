//! The optional events of a room's stream.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

/// An optional kind of event besides messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Other {
    /// Users who join and leave, and the roster.
    Presence,
    /// Users who are typing.
    Typing,
    /// A bot's streaming answer so far.
    #[serde(rename = "growing")]
    StreamingAnswer,
}

/// The optional events that a program asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Others(Vec<Other>);

impl Others {
    pub(super) fn has(&self, other: Other) -> bool {
        self.0.contains(&other)
    }
}

impl FromStr for Others {
    type Err = String;

    fn from_str(text: &str) -> Result<Others, String> {
        let word = |word: &str| match word {
            "presence" => Ok(Other::Presence),
            "typing" => Ok(Other::Typing),
            "growing" => Ok(Other::StreamingAnswer),
            _ => Err("`also` is one or more of presence, typing and growing".to_owned()),
        };
        text.split(',').map(word).collect::<Result<_, _>>().map(Others)
    }
}

impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Others, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Other, Others};

    #[test]
    fn what_else_is_told_of_is_named_in_words() {
        let parse = |text: &str| text.parse::<Others>().map(|others| others.0);
        assert_eq!(parse("presence,growing"), Ok(vec![Other::Presence, Other::StreamingAnswer]));
        for wrong in ["", ",", "presence,", "people", "Presence", "presence, typing"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
