//! The question as sent to a webhook, and the signature that proves its origin. docs/bots.md specifies both.
//! Never sends it.

use chat::{
    id::ClientId,
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::bots::{question::Question, secret::Secret};

/// The body of a request.
#[derive(Serialize)]
pub(super) struct Payload<'a> {
    id: &'a ClientId,
    room: &'a RoomName,
    bot: &'a User,
    user: &'a User,
    text: &'a str,
    at: Millis,
    context: Vec<Before<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_url: Option<&'a str>,
}

/// An earlier message.
#[derive(Serialize)]
struct Before<'a> {
    id: &'a ClientId,
    seq: Seq,
    user: &'a User,
    text: &'a str,
    at: Millis,
}

impl<'a> Payload<'a> {
    pub(super) fn new(question: &'a Question) -> Payload<'a> {
        Payload {
            id: &question.id,
            room: &question.room,
            bot: &question.bot,
            user: &question.asker,
            text: &question.text,
            at: question.at,
            context: question.context.iter().map(Before::new).collect(),
            reply_url: question.reply_url.as_deref(),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers have no failing serializer")
    }
}

impl<'a> Before<'a> {
    fn new(message: &'a Message) -> Before<'a> {
        let Message { room: _, seq, id, user, text, at } = message;
        Before { id, seq: *seq, user, text, at: *at }
    }
}

/// Returns the `Teahouse-Signature` of a body that is sent at `timestamp`, in seconds.
pub(super) fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_str().as_bytes()).expect("any length of a key will do");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1={:x}", mac.finalize().into_bytes())
}
