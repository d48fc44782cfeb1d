//! Parses server lines from JSON objects. The browser runs this code too, so it is kept small.

use super::{
    Event, Head, Joined, Members, Message, Page, PresenceChange, RefusalCode, Refused, ServerLine,
    StreamingAnswer, Unknown, UnknownEvent, User, Welcome,
};
use crate::{
    id::{ClientId, Epoch, UserId},
    json::{Misread, Object},
    room_name::RoomName,
    time::Millis,
};

impl ServerLine {
    /// Parses a server line.
    pub fn parse(text: &str) -> Result<ServerLine, Misread> {
        let (kind, mut fields) = Object::parse(text)?.tagged()?;
        Ok(match &*kind {
            "welcome" => ServerLine::Welcome(Welcome {
                user: User::read(fields.object("user")?)?,
                heartbeat_ms: fields.number("heartbeat_ms")?,
                text_limit: count(&mut fields, "text_limit")?,
                at: fields.number_if_any("at")?.map(Millis),
            }),
            "joined" => ServerLine::Joined(Joined::read(fields)?),
            "page" => ServerLine::Page(Page {
                room: room(&mut fields)?,
                epoch: epoch(&mut fields)?,
                oldest: fields.number("oldest")?,
                events: fields.list("events", event)?,
            }),
            "message" => ServerLine::Message(message(fields)?),
            "presence" => ServerLine::Presence(PresenceChange {
                room: room(&mut fields)?,
                enter: fields.list("enter", User::read)?,
                leave: fields.list("leave", User::read)?,
                count: count(&mut fields, "count")?,
            }),
            "members" => ServerLine::Members { room: room(&mut fields)?, members: members(fields)? },
            "typing" => {
                ServerLine::Typing { room: room(&mut fields)?, user: User::read(fields.object("user")?)? }
            }
            "growing" => ServerLine::StreamingAnswer(StreamingAnswer {
                room: room(&mut fields)?,
                id: message_id(&mut fields)?,
                user: User::read(fields.object("user")?)?,
                asker: fields.parsed("asker", USER_ID, UserId::parse)?,
                text: fields.text("text")?.into(),
            }),
            "ping" => ServerLine::Ping { heads: fields.list("heads", head)? },
            "refused" => ServerLine::Refused(Refused {
                id: fields.text_if_any("id")?.map(Into::into),
                room: fields.text_if_any("room")?.map(Into::into),
                code: RefusalCode::from_word(&fields.text("code")?),
                reason: fields.text("reason")?.into(),
                retry_ms: fields.number_if_any("retry_ms")?,
            }),
            "renamed" => ServerLine::Renamed {
                room: fields.text("room")?.into(),
                name: fields.parsed("name", ROOM, RoomName::from_canonical)?,
            },
            "store" => ServerLine::Store { available: fields.flag("available")? },
            "drain" => ServerLine::Drain { retry_ms: fields.number("retry_ms")? },
            kind => ServerLine::Unknown(unknown(kind, fields)?),
        })
    }
}

impl User {
    /// Reads a user from its JSON object.
    pub fn read(mut fields: Object<'_>) -> Result<User, Misread> {
        Ok(User { id: fields.parsed("id", USER_ID, UserId::parse)?, name: fields.text("name")?.into() })
    }
}

impl Joined {
    /// Reads a `joined` line from its JSON object.
    pub fn read(mut fields: Object<'_>) -> Result<Joined, Misread> {
        Ok(Joined {
            room: room(&mut fields)?,
            epoch: epoch(&mut fields)?,
            head: fields.number("head")?,
            oldest: fields.number("oldest")?,
            resumed: fields.flag("resumed")?,
            members: members(fields.object("members")?)?,
            events: fields.list("events", event)?,
        })
    }
}

fn members(mut fields: Object<'_>) -> Result<Members, Misread> {
    Ok(Members {
        count: count(&mut fields, "count")?,
        list: fields.list("list", User::read)?,
        bots: fields.list_if_any("bots", User::read)?,
    })
}

fn head(mut fields: Object<'_>) -> Result<Head, Misread> {
    Ok(Head { room: room(&mut fields)?, epoch: epoch(&mut fields)?, seq: fields.number("seq")? })
}

fn event(event: Object<'_>) -> Result<Event, Misread> {
    let (kind, fields) = event.tagged()?;
    match &*kind {
        "message" => message(fields).map(Event::Message),
        kind => unknown(kind, fields).map(Event::Unknown),
    }
}

fn message(mut fields: Object<'_>) -> Result<Message, Misread> {
    Ok(Message {
        room: room(&mut fields)?,
        seq: fields.number("seq")?,
        id: message_id(&mut fields)?,
        user: User::read(fields.object("user")?)?,
        text: fields.text("text")?.into(),
        at: Millis(fields.number("at")?),
    })
}

/// Reads only the room and the seq of an unknown kind; a later version may give any other field any meaning.
fn unknown(kind: &str, mut fields: Object<'_>) -> Result<Unknown, Misread> {
    let room = fields.parsed_if_any("room", ROOM, RoomName::from_canonical)?;
    Ok(Unknown { kind: kind.to_owned(), ghost: UnknownEvent { room, seq: fields.number_if_any("seq")? } })
}

const ROOM: &str = "a room's name";

const USER_ID: &str = "a user's id";

fn message_id(fields: &mut Object<'_>) -> Result<ClientId, Misread> {
    fields.parsed("id", "a message's id", ClientId::parse)
}

fn room(fields: &mut Object<'_>) -> Result<RoomName, Misread> {
    fields.parsed("room", ROOM, RoomName::from_canonical)
}

fn epoch(fields: &mut Object<'_>) -> Result<Epoch, Misread> {
    fields.parsed("epoch", "an epoch", Epoch::parse)
}

fn count(fields: &mut Object<'_>, name: &'static str) -> Result<usize, Misread> {
    usize::try_from(fields.number(name)?)
        .map_err(|_| Misread::Unfit { name, wanted: "a number of things that fit into a memory" })
}
