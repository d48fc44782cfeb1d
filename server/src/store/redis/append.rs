//! One call of the append script for one room: its arguments and its answer.

use std::str::from_utf8;

use chat::{
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};
use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation, Value};
use sha2::{Digest as _, Sha256};

use crate::store::{
    Appended, NewMessage,
    redis::{
        entry,
        key::{Keys, WINDOW_MS},
        live::Live,
    },
};

pub(super) const APPEND: &str = include_str!("append.lua");

/// The maximum number of its oldest messages that a room loses per append, beyond those that make room for
/// the new ones: after the retention limit is lowered, the log shrinks gradually.
pub(super) const TRIMMED: u32 = 300;

/// The script's answer.
pub(super) enum Answer {
    /// The outcome of each draft.
    Done(Vec<Appended>),
    /// Redis's clock is in this window; nothing was done.
    Window(u64),
    /// A new epoch has begun; nothing was done.
    Stale,
}

/// Builds the call that appends the drafts of one room.
pub(super) fn call<'a>(
    script: &'a Script,
    keys: &Keys,
    live: &Live,
    retain: u32,
    window: u64,
    room: &RoomName,
    drafts: &[&NewMessage],
) -> ScriptInvocation<'a> {
    let ids = |window: u64| keys.room(room, &format!("ids:{window}"));
    let mut call = script.key(keys.room(room, "state"));
    call.key(keys.room(room, "log"))
        .key(keys.room(room, "body"))
        .key(ids(window.saturating_sub(1)))
        .key(ids(window))
        .arg(live.epoch.as_str())
        .arg(live.generation)
        .arg(retain)
        .arg(keys.news(room))
        .arg(window)
        .arg(WINDOW_MS)
        .arg(TRIMMED);
    for NewMessage { id, user, text, .. } in drafts {
        call.arg(format!("{}/{id}", user.id))
            .arg(Sha256::digest(text.as_bytes()).as_slice())
            .arg(entry::body(id, user, text))
            .arg(&*user.name);
    }
    call
}

/// Parses the script's answer for these drafts.
pub(super) fn read(answer: Value, drafts: &[&NewMessage]) -> RedisResult<Answer> {
    let mut answer = Vec::<Value>::from_redis_value(answer)?.into_iter();
    let mut next = || answer.next().ok_or_else(unexpected);
    match &*String::from_redis_value(next()?)? {
        "stale" => Ok(Answer::Stale),
        "window" => Ok(Answer::Window(u64::from_redis_value(next()?)?)),
        "done" => {
            let done = drafts.iter().map(|draft| became(draft, next()?));
            Ok(Answer::Done(done.collect::<RedisResult<_>>()?))
        }
        _ => Err(unexpected()),
    }
}

/// Parses the outcome of one draft.
fn became(draft: &NewMessage, answer: Value) -> RedisResult<Appended> {
    let fields = Vec::<Vec<u8>>::from_redis_value(answer)?;
    let fields: Option<Vec<&str>> = fields.iter().map(|field| from_utf8(field).ok()).collect();
    let message = |seq: &str, at: &str, name: &str| {
        Some(Message {
            room: draft.room.clone(),
            seq: seq.parse().ok()?,
            id: draft.id.clone(),
            user: User { id: draft.user.id.clone(), name: name.into() },
            text: draft.text.clone(),
            at: Millis(at.parse().ok()?),
        })
    };
    let appended = match fields.as_deref() {
        Some(["new", seq, at]) => message(seq, at, &draft.user.name).map(Appended::New),
        Some(["known", seq, at, name]) => message(seq, at, name).map(Appended::Known),
        Some(["reused"]) => Some(Appended::Reused),
        _ => None,
    };
    appended.ok_or_else(unexpected)
}

fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "a script of the store answered otherwise than it does").into()
}
