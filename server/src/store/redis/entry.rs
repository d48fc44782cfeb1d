//! The encoding of a message as stored and published in Redis. Knows neither keys nor commands.
//!
//! The append script assigns the seq and the time; the rest, the body, is encoded here once, and is the part
//! that an edit or a deletion would blank.

use std::{borrow::Cow, str::from_utf8};

use chat::{
    id::{ClientId, Epoch},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use serde::{Deserialize, Serialize};

/// The first byte of a published committed message.
pub(crate) const COMMITTED: u8 = b'm';

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    id: Cow<'a, ClientId>,
    user: Cow<'a, User>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Encodes a message, except for its seq and its time.
pub(crate) fn body(id: &ClientId, user: &User, text: &str) -> String {
    let body = Body { id: Cow::Borrowed(id), user: Cow::Borrowed(user), text: Cow::Borrowed(text) };
    serde_json::to_string(&body).expect("strings can be written as JSON")
}

/// Decodes a body; `None` if it is malformed.
pub(crate) fn message(room: &RoomName, seq: Seq, at: Millis, body: &[u8]) -> Option<Message> {
    let Body { id, user, text } = serde_json::from_slice(body).ok()?;
    Some(Message {
        room: room.clone(),
        seq,
        id: id.into_owned(),
        user: user.into_owned(),
        text: text.into(),
        at,
    })
}

/// Decodes a published committed message and its epoch; `None` for anything else.
///
/// The append script writes the letter, then epoch, seq and time, each followed by a space; the body is the
/// rest.
pub(crate) fn read_news(room: &RoomName, payload: &[u8]) -> Option<(Epoch, Message)> {
    let (&COMMITTED, rest) = payload.split_first()? else { return None };
    let mut fields = rest.splitn(4, |byte| *byte == b' ');
    let mut field = || fields.next();
    let epoch = Epoch::parse(from_utf8(field()?).ok()?).ok()?;
    let seq = from_utf8(field()?).ok()?.parse().ok()?;
    let at = Millis(from_utf8(field()?).ok()?.parse().ok()?);
    Some((epoch, message(room, seq, at, field()?)?))
}

#[cfg(test)]
mod tests {
    use chat::id::UserId;

    use super::*;

    fn said() -> Message {
        Message {
            room: RoomName::lobby(),
            seq: 7,
            id: ClientId::parse("m-1").unwrap(),
            user: User { id: UserId::parse("u").unwrap(), name: "小 \"明\"".into() },
            text: "茶 \"or\" not\n\\ tea".into(),
            at: Millis(1_700_000_000_001),
        }
    }

    #[test]
    fn a_message_is_the_same_after_it_was_written_and_read() {
        let said = said();
        let body = body(&said.id, &said.user, &said.text);
        assert_eq!(message(&said.room, said.seq, said.at, body.as_bytes()), Some(said));
    }

    #[test]
    fn what_is_told_of_a_message_is_read_as_it_was_written() {
        let said = said();
        let told = format!("me-1 7 1700000000001 {}", body(&said.id, &said.user, &said.text));
        let epoch = Epoch::parse("e-1").unwrap();
        assert_eq!(read_news(&said.room, told.as_bytes()), Some((epoch, said)));
    }

    #[test]
    fn what_is_no_message_is_not_read_as_one() {
        let body = body(&said().id, &said().user, &said().text);
        let wrong = [
            String::new(),
            "m".to_owned(),
            format!("se 7 1 {body}"),
            format!("me x 1 {body}"),
            format!("me 7 {body}"),
            format!("me 7 1 {}", &body[1..]),
            "me 7 1 {}".to_owned(),
        ];
        for payload in wrong {
            assert_eq!(read_news(&RoomName::lobby(), payload.as_bytes()), None, "{payload}");
        }
    }
}
