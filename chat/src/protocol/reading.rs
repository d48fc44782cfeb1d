//! Reads what the server says. The browser's program does this too, so that it is done in few words: all lines are read
//! into the same [`Fields`], whose one reader the compiler writes once, and each kind takes from them what it must have.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap as _,
};

use super::{
    Event, Ghost, Head, Joined, Members, Message, Page, Presence, RefusalCode, Refused, ServerLine, Unknown,
    User, Welcome,
};
use crate::{
    id::{ClientId, Epoch, UserId},
    room_name::RoomName,
    time::Millis,
};

/// Every field that a line of the server's, or a part of one, may have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    room: Option<String>,
    epoch: Option<String>,
    id: Option<String>,
    name: Option<String>,
    text: Option<String>,
    reason: Option<String>,
    seq: Option<u64>,
    head: Option<u64>,
    oldest: Option<u64>,
    at: Option<u64>,
    heartbeat_ms: Option<u64>,
    text_limit: Option<u64>,
    retry_ms: Option<u64>,
    count: Option<u64>,
    resumed: Option<bool>,
    code: Option<String>,
    user: Option<User>,
    enter: Option<Vec<User>>,
    leave: Option<Vec<User>>,
    list: Option<Vec<User>>,
    members: Option<Members>,
    events: Option<Vec<Event>>,
    heads: Option<Vec<Head>>,
}

/// The value of a field that must be there.
fn must<T, E: Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::missing_field(name))
}

/// A string that must be there and be what its type says.
fn parsed<T, P: fmt::Display, E: Error>(
    value: Option<String>,
    name: &'static str,
    parse: fn(&str) -> Result<T, P>,
) -> Result<T, E> {
    parse(&must(value, name)?).map_err(E::custom)
}

fn count<E: Error>(value: Option<u64>, name: &'static str) -> Result<usize, E> {
    usize::try_from(must(value, name)?).map_err(E::custom)
}

/// What is read from fields.
trait FromFields: Sized {
    fn from_fields<E: Error>(fields: Fields) -> Result<Self, E>;
}

impl FromFields for User {
    fn from_fields<E: Error>(fields: Fields) -> Result<User, E> {
        Ok(User { id: parsed(fields.id, "id", UserId::parse)?, name: must(fields.name, "name")?.into() })
    }
}

impl FromFields for Message {
    fn from_fields<E: Error>(fields: Fields) -> Result<Message, E> {
        Ok(Message {
            room: parsed(fields.room, "room", RoomName::from_canonical)?,
            seq: must(fields.seq, "seq")?,
            id: parsed(fields.id, "id", ClientId::parse)?,
            user: must(fields.user, "user")?,
            text: must(fields.text, "text")?.into(),
            at: Millis(must(fields.at, "at")?),
        })
    }
}

impl FromFields for Head {
    fn from_fields<E: Error>(fields: Fields) -> Result<Head, E> {
        Ok(Head {
            room: parsed(fields.room, "room", RoomName::from_canonical)?,
            epoch: parsed(fields.epoch, "epoch", Epoch::parse)?,
            seq: must(fields.seq, "seq")?,
        })
    }
}

impl FromFields for Members {
    fn from_fields<E: Error>(fields: Fields) -> Result<Members, E> {
        Ok(Members { count: count(fields.count, "count")?, list: must(fields.list, "list")? })
    }
}

impl FromFields for Joined {
    fn from_fields<E: Error>(fields: Fields) -> Result<Joined, E> {
        Ok(Joined {
            room: parsed(fields.room, "room", RoomName::from_canonical)?,
            epoch: parsed(fields.epoch, "epoch", Epoch::parse)?,
            head: must(fields.head, "head")?,
            oldest: must(fields.oldest, "oldest")?,
            resumed: must(fields.resumed, "resumed")?,
            members: must(fields.members, "members")?,
            events: must(fields.events, "events")?,
        })
    }
}

impl FromFields for Page {
    fn from_fields<E: Error>(fields: Fields) -> Result<Page, E> {
        Ok(Page {
            room: parsed(fields.room, "room", RoomName::from_canonical)?,
            epoch: parsed(fields.epoch, "epoch", Epoch::parse)?,
            oldest: must(fields.oldest, "oldest")?,
            events: must(fields.events, "events")?,
        })
    }
}

/// Something that is one key, its kind, and what belongs to that kind. Of an unknown kind nothing is read but where it
/// stands: whatever else a later version gives it is its own.
trait Tagged: Sized {
    /// The kinds that are known.
    const KINDS: &[&str];

    /// One of a known kind.
    fn known<E: Error>(kind: &str, fields: Fields) -> Result<Self, E>;

    /// One of any other.
    fn unknown(unknown: Unknown) -> Self;
}

impl Tagged for ServerLine {
    const KINDS: &[&str] =
        &["welcome", "joined", "page", "message", "presence", "typing", "ping", "refused", "drain"];

    fn known<E: Error>(kind: &str, fields: Fields) -> Result<ServerLine, E> {
        Ok(match kind {
            "welcome" => ServerLine::Welcome(Welcome {
                user: must(fields.user, "user")?,
                heartbeat_ms: must(fields.heartbeat_ms, "heartbeat_ms")?,
                text_limit: count(fields.text_limit, "text_limit")?,
            }),
            "joined" => ServerLine::Joined(Joined::from_fields(fields)?),
            "page" => ServerLine::Page(Page::from_fields(fields)?),
            "message" => ServerLine::Message(Message::from_fields(fields)?),
            "presence" => ServerLine::Presence(Presence {
                room: parsed(fields.room, "room", RoomName::from_canonical)?,
                enter: must(fields.enter, "enter")?,
                leave: must(fields.leave, "leave")?,
                count: count(fields.count, "count")?,
            }),
            "typing" => ServerLine::Typing {
                room: parsed(fields.room, "room", RoomName::from_canonical)?,
                user: must(fields.user, "user")?,
            },
            "ping" => ServerLine::Ping { heads: must(fields.heads, "heads")? },
            "refused" => ServerLine::Refused(Refused {
                id: fields.id,
                room: fields.room,
                code: RefusalCode::from_word(&must(fields.code, "code")?),
                reason: must(fields.reason, "reason")?,
                retry_ms: fields.retry_ms,
            }),
            "drain" => ServerLine::Drain { retry_ms: must(fields.retry_ms, "retry_ms")? },
            _ => return Err(E::unknown_variant(kind, Self::KINDS)),
        })
    }

    fn unknown(unknown: Unknown) -> ServerLine {
        ServerLine::Unknown(unknown)
    }
}

impl Tagged for Event {
    const KINDS: &[&str] = &["message"];

    fn known<E: Error>(_: &str, fields: Fields) -> Result<Event, E> {
        Message::from_fields(fields).map(Event::Message)
    }

    fn unknown(unknown: Unknown) -> Event {
        Event::Unknown(unknown)
    }
}

struct TaggedVisitor<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for TaggedVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with one key, its kind")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<T, M::Error> {
        let kind: String = map.next_key()?.ok_or_else(|| M::Error::custom("an object without a kind"))?;
        let value = if T::KINDS.contains(&kind.as_str()) {
            T::known(&kind, map.next_value()?)?
        } else {
            let ghost: Ghost = map.next_value()?;
            T::unknown(Unknown { kind, ghost })
        };
        match map.next_key::<String>()? {
            None => Ok(value),
            Some(_) => Err(M::Error::custom("an object with more than one kind")),
        }
    }
}

macro_rules! read_tagged {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                deserializer.deserialize_map(TaggedVisitor(PhantomData))
            }
        }
    )*};
}

macro_rules! read_fields {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                <$type>::from_fields(Fields::deserialize(deserializer)?)
            }
        }
    )*};
}

read_tagged!(ServerLine, Event);
read_fields!(User, Head, Members, Joined);

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.kind, &self.ghost)?;
        map.end()
    }
}
