//! The JSON responses of the API. Separate from the lines of the WebSocket protocol, so that either can
//! change without the other; the golden test below pins the field names.

use chat::{
    id::{ClientId, Epoch},
    protocol::{self, Seq},
    room_name::RoomName,
    time::Millis,
};
use serde::Serialize;
use std::sync::Arc;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type, schema::SchemaType},
};

/// The rooms that a token may read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Rooms {
    /// The rooms, sorted by name.
    pub(super) rooms: Vec<Room>,
    /// The value of `after` for the next page; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(super) next: Option<RoomName>,
}

/// A room and the state of its log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Room {
    /// Its name.
    #[schema(value_type = String, example = "lobby")]
    pub(super) name: RoomName,
    /// The epoch of its log, within which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if there are no messages yet.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest retained seq; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
}

/// A page of a room's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// The epoch of its log, within which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if there are no messages yet.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest retained seq; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
    /// The messages by seq, without gaps.
    pub(super) messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Message {
    /// Its room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// Its sequence number in the room.
    #[schema(minimum = 1)]
    pub(super) seq: Seq,
    /// The id that its sender chose.
    #[schema(value_type = String, example = "build-7")]
    pub(super) id: ClientId,
    /// Its sender.
    pub(super) user: User,
    /// Its text.
    #[schema(value_type = String, example = "deploy done")]
    pub(super) text: Arc<str>,
    /// When the server accepted it, in milliseconds since 1970.
    #[schema(value_type = u64, example = 1_795_255_200_000_u64)]
    pub(super) at: Millis,
}

/// A user or a program.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// The permanent id. A program's begins with `bot-`, `hook-` or `api-`.
    #[schema(value_type = String, example = "api-0123456789ab")]
    pub(super) id: chat::id::UserId,
    /// The nickname at that time.
    #[schema(value_type = String, example = "deploys")]
    pub(super) name: Arc<str>,
}

/// A sent message and the epoch of its log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CreatedMessage {
    /// The message as all clients get it.
    #[serde(flatten)]
    pub(super) message: Message,
    /// The epoch within which its seq counts; missing if the log has begun a new epoch since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Option<Epoch>,
}

/// The users and bots in a room.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Presence {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// The number of users.
    #[schema(minimum = 0)]
    pub(super) count: usize,
    /// The first 200 users by name.
    pub(super) people: Vec<User>,
    /// The bots that answer there, not included in `count`.
    pub(super) bots: Vec<User>,
}

/// The start of a stream.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Start {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// The epoch of its log, within which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if there are no messages yet.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest retained seq; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
    /// In a `start`: whether the stream resumes after the given position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<bool>,
    /// In a `reset`: the reason that it does not resume, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// An event of a stream.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Events` writes")]
pub(super) struct StreamEvent {
    /// The kind of event. `presence`, `members`, `typing` and `growing` are sent only on request.
    pub(super) event: Kind,
    /// The position in the log after this event; missing if the event is not part of the log.
    #[schema(nullable = false, example = "9f2c4b1d8e7a6350:42")]
    pub(super) id: Option<String>,
    /// JSON on one line: a `Start` in `start` and `reset`, a `Message` in `message`; otherwise as in the
    /// WebSocket protocol.
    pub(super) data: String,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what `Events` writes")]
pub(super) enum Kind {
    Start,
    Reset,
    Message,
    Presence,
    Members,
    Typing,
    #[schema(rename = "growing")]
    StreamingAnswer,
}

/// A message in the format of Slack's incoming webhooks. At least one of `text`, `attachments` and `blocks`
/// must contain text; docs/api.md describes what is read of the latter two. A number or a boolean may take
/// the place of a string, because some programs send these.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what hooks read")]
pub(crate) struct SlackMessage {
    /// The message text.
    #[schema(schema_with = words)]
    text: String,
    /// The requested sender name.
    #[schema(schema_with = words, required = false)]
    username: String,
    /// The requested emoji before the name, as in `:rocket:`.
    #[schema(schema_with = words, required = false)]
    icon_emoji: String,
    /// Another room, if the hook may choose.
    #[schema(schema_with = words, required = false)]
    channel: String,
}

/// Returns the schema of a string or of the values accepted in its place.
fn words() -> Object {
    let kinds = [Type::String, Type::Number, Type::Boolean, Type::Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds)).build()
}

/// A late answer.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `/replies/` reads")]
pub(crate) struct Reply {
    /// The answer.
    #[schema(min_length = 1, example = "42")]
    text: String,
}

/// A message to send.
#[derive(Clone, Debug, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateMessage {
    /// The text. Line breaks are preserved, other control characters are removed; at least one character must
    /// be visible.
    #[schema(min_length = 1, example = "deploy done")]
    pub(super) text: String,
    /// The program's own id for the message; sending it again under the same id is harmless. Takes precedence
    /// over an `Idempotency-Key`.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]+$", min_length = 1, max_length = 64, example = "build-7")]
    pub(super) id: Option<ClientId>,
}

/// An error response.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Problem` prints")]
pub(crate) struct ErrorBody {
    pub(super) error: Error,
}

/// The error.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Problem` prints")]
pub(crate) struct Error {
    /// The code for programs, which never changes.
    #[schema(example = "scope_missing")]
    pub(super) code: String,
    /// One line for people.
    #[schema(example = "this token lacks the scope `write`")]
    pub(super) reason: String,
}

impl From<protocol::Message> for Message {
    fn from(message: protocol::Message) -> Message {
        let protocol::Message { room, seq, id, user, text, at } = message;
        Message { room, seq, id, user: user.into(), text, at }
    }
}

impl From<protocol::User> for User {
    fn from(user: protocol::User) -> User {
        User { id: user.id, name: user.name }
    }
}

#[cfg(test)]
mod tests {
    use chat::{
        id::{ClientId, Epoch, UserId},
        protocol,
        room_name::RoomName,
        time::Millis,
    };

    use super::{CreateMessage, CreatedMessage};

    #[test]
    fn the_names_of_fields_hold() {
        let message = protocol::Message {
            room: RoomName::lobby(),
            seq: 7,
            id: ClientId::parse("build-7").unwrap(),
            user: protocol::User { id: UserId::parse("api-1").unwrap(), name: "deploys".into() },
            text: "deploy done".into(),
            at: Millis(5),
        };
        let said = CreatedMessage { message: message.into(), epoch: Some(Epoch::parse("e1").unwrap()) };
        assert_eq!(
            serde_json::to_string(&said).unwrap(),
            r#"{"room":"lobby","seq":7,"id":"build-7","user":{"id":"api-1","name":"deploys"},"text":"deploy done","at":5,"epoch":"e1"}"#
        );
    }

    #[test]
    fn what_is_to_be_said_has_no_other_fields() {
        assert!(serde_json::from_str::<CreateMessage>(r#"{"text":"a","id":null}"#).is_ok());
        for wrong in
            [r#"{"text":"a","room":"b"}"#, r#"{"id":"a"}"#, r#"{"text":"a","id":"a b"}"#, r#"{"text":1}"#]
        {
            assert!(serde_json::from_str::<CreateMessage>(wrong).is_err(), "{wrong}");
        }
    }
}
