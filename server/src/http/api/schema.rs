//! What programs get: the answers as JSON. A thing of its own beside the wire's lines, so that either can grow without
//! the other; the golden test below holds the names.

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
    /// By name.
    pub(super) rooms: Vec<Room>,
    /// What to ask for as `after` to get the next ones; missing if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(super) next: Option<RoomName>,
}

/// A room, and where its log stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Room {
    /// Its name.
    #[schema(value_type = String, example = "lobby")]
    pub(super) name: RoomName,
    /// The life of its log in which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if nobody has said anything.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest seq still kept; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
}

/// A piece of a room's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// The life of its log in which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if nobody has said anything.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest seq still kept; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
    /// By seq, without holes.
    pub(super) messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Message {
    /// The room in which it was said.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// Its number there.
    #[schema(minimum = 1)]
    pub(super) seq: Seq,
    /// Its sender's own name for it.
    #[schema(value_type = String, example = "build-7")]
    pub(super) id: ClientId,
    /// Who said it.
    pub(super) user: User,
    /// What was said.
    #[schema(value_type = String, example = "deploy done")]
    pub(super) text: Arc<str>,
    /// When the server took it, in milliseconds since 1970.
    #[schema(value_type = u64, example = 1_795_255_200_000_u64)]
    pub(super) at: Millis,
}

/// A person or a program.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// What stays the same about them. A program's begins with `bot-`, `hook-` or `api-`.
    #[schema(value_type = String, example = "api-0123456789ab")]
    pub(super) id: chat::id::UserId,
    /// Their nickname at the time.
    #[schema(value_type = String, example = "deploys")]
    pub(super) name: Arc<str>,
}

/// A message that was said, and the life of the log in which it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Said {
    /// The message as everybody hears it.
    #[serde(flatten)]
    pub(super) message: Message,
    /// The life of the log in which its seq counts; missing if the log has begun another one since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Option<Epoch>,
}

/// Who is in a room.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Presence {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// How many people there are.
    #[schema(minimum = 0)]
    pub(super) count: usize,
    /// Who they are: the first 200.
    pub(super) people: Vec<User>,
    /// The bots that answer there. They are not counted.
    pub(super) bots: Vec<User>,
}

/// Where a follower begins to hear.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Start {
    /// The room.
    #[schema(value_type = String, example = "lobby")]
    pub(super) room: RoomName,
    /// The life of its log in which seqs count.
    #[schema(value_type = String, example = "9f2c4b1d8e7a6350")]
    pub(super) epoch: Epoch,
    /// The newest seq; 0 if nobody has said anything.
    #[schema(minimum = 0)]
    pub(super) head: Seq,
    /// The oldest seq still kept; 0 if there is none.
    #[schema(minimum = 0)]
    pub(super) oldest: Seq,
    /// In a `start`: whether it goes on after the position that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<bool>,
    /// In a `reset`: why it does not, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// One event of a stream.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Events` writes")]
pub(super) struct StreamEvent {
    /// What it is. `presence`, `members`, `typing` and `growing` come only if they were asked for.
    pub(super) event: Kind,
    /// The position up to which the log was told with this event; missing in what is no part of the log.
    #[schema(nullable = false, example = "9f2c4b1d8e7a6350:42")]
    pub(super) id: Option<String>,
    /// JSON on one line: a `Start` in `start` and `reset`, a `Message` in `message`; the others are as on the socket.
    pub(super) data: String,
}

/// What an event is.
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
    Growing,
}

/// A message in the shape of Slack's incoming webhooks. At least one of `text`, `attachments` and `blocks` says something;
/// docs/api.md tells what is read of the latter two. A number or a truth may stand for a text, as some programs have it.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what hooks read")]
pub(crate) struct SlackMessage {
    /// What is said.
    #[schema(schema_with = words)]
    text: String,
    /// What the program wants to be called.
    #[schema(schema_with = words, required = false)]
    username: String,
    /// What is to stand before its name, as in `:rocket:`.
    #[schema(schema_with = words, required = false)]
    icon_emoji: String,
    /// Another room, where the hook may choose.
    #[schema(schema_with = words, required = false)]
    channel: String,
}

/// A text, or what may stand for one.
fn words() -> Object {
    let kinds = [Type::String, Type::Number, Type::Boolean, Type::Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds)).build()
}

/// An answer that comes late.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `/replies/` reads")]
pub(crate) struct Reply {
    /// The answer.
    #[schema(min_length = 1, example = "42")]
    text: String,
}

/// What is to be said.
#[derive(Clone, Debug, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    /// The text. Line breaks are kept, other control characters are not; something in it must be visible.
    #[schema(min_length = 1, example = "deploy done")]
    pub(super) text: String,
    /// The program's own name for the message: to say it again under the same one is harmless. It counts before an
    /// `Idempotency-Key`.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]+$", min_length = 1, max_length = 64, example = "build-7")]
    pub(super) id: Option<ClientId>,
}

/// Why a program did not get what it asked for.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Problem` prints")]
pub(crate) struct Trouble {
    pub(super) error: Error,
}

/// What was wrong.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Problem` prints")]
pub(crate) struct Error {
    /// For programs; never changes.
    #[schema(example = "scope_missing")]
    pub(super) code: String,
    /// For people, in one line.
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

    use super::{Said, Saying};

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
        let said = Said { message: message.into(), epoch: Some(Epoch::parse("e1").unwrap()) };
        assert_eq!(
            serde_json::to_string(&said).unwrap(),
            r#"{"room":"lobby","seq":7,"id":"build-7","user":{"id":"api-1","name":"deploys"},"text":"deploy done","at":5,"epoch":"e1"}"#
        );
    }

    #[test]
    fn what_is_to_be_said_has_no_other_fields() {
        assert!(serde_json::from_str::<Saying>(r#"{"text":"a","id":null}"#).is_ok());
        for wrong in
            [r#"{"text":"a","room":"b"}"#, r#"{"id":"a"}"#, r#"{"text":"a","id":"a b"}"#, r#"{"text":1}"#]
        {
            assert!(serde_json::from_str::<Saying>(wrong).is_err(), "{wrong}");
        }
    }
}
