//! Reads rooms' logs.

use std::sync::Arc;

use chat::{
    id::Epoch,
    protocol::{Head, Message, Seq},
    room_name::RoomName,
    time::Millis,
};
use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, Script, Value};

use crate::store::{
    Extent, Piece, Slice, StoreError,
    redis::{entry, link::Link, live::Live},
};

const READ: &str = include_str!("read.lua");

/// The maximum number of messages per script call, so that it does not block Redis for long.
const PAGE: u32 = 1_000;

/// The largest integer that a script can represent exactly.
const LARGEST: u64 = 1 << 53;

/// Reads the logs.
pub(super) struct Reader {
    link: Arc<Link>,
    script: Script,
}

/// The part of a piece that one script call returns.
struct Page {
    epoch: Epoch,
    extent: Extent,
    /// The last seq of the whole piece.
    last: Seq,
    messages: Vec<Message>,
}

impl Reader {
    pub(super) fn new(link: Arc<Link>) -> Reader {
        Reader { link, script: Script::new(READ) }
    }

    /// Returns the head of a room's log. A room without messages in the current epoch is in that epoch too.
    pub(super) async fn head(&self, room: RoomName) -> Result<Head, StoreError> {
        let state = self.link.keys().room(&room, "state");
        let asked = self.link.ask(async |mut live| {
            let (seq, generation): (Option<Seq>, Option<u64>) = redis::cmd("HMGET")
                .arg(state)
                .arg(&["head", "generation"])
                .query_async(&mut live.connection)
                .await?;
            Ok((live, seq.unwrap_or_default(), generation.unwrap_or_default()))
        });
        let (live, seq, generation) = asked.await?;
        if generation > live.generation {
            return Err(self.stale(&live));
        }
        Ok(Head { room, epoch: live.epoch, seq })
    }

    /// Reads a piece of a room's log. A large one is read in several parts, and the log may change between
    /// them: messages no longer retained when the next part is read are left out, so that there is never a
    /// gap.
    pub(super) async fn read(&self, room: &RoomName, piece: Piece) -> Result<Slice, StoreError> {
        let mut read = self.page(room, piece).await?;
        while let Some(newest) = read.messages.last().map(|message| message.seq)
            && newest < read.last
        {
            let rest = self.page(room, Piece::Between { after: newest, upto: read.last }).await?;
            if rest.epoch != read.epoch {
                return Err(StoreError::Unavailable("another life of the logs has begun".to_owned()));
            }
            read.go_on(rest);
        }
        let Page { epoch, extent, messages, .. } = read;
        Ok(Slice { epoch, extent, messages })
    }

    async fn page(&self, room: &RoomName, piece: Piece) -> Result<Page, StoreError> {
        let keys = self.link.keys();
        let (kind, from, to) = match piece {
            Piece::Between { after, upto } => ("between", after, upto),
            Piece::Latest { upto, limit } => ("latest", upto, u64::from(limit)),
            Piece::Around { seq, limit } => ("around", seq, u64::from(limit)),
            Piece::Since { at, limit } => ("since", at.0, u64::from(limit)),
        };
        let asked = self.link.ask(async |mut live| {
            let mut call = self.script.key(keys.room(room, "state"));
            call.key(keys.room(room, "log")).key(keys.room(room, "body"));
            call.arg(live.generation).arg(PAGE).arg(kind).arg(from.min(LARGEST)).arg(to.min(LARGEST));
            let answer: Value = call.invoke_async(&mut live.connection).await?;
            let page = read_page(room, live.epoch.clone(), answer)?;
            Ok((live, page))
        });
        let (live, page) = asked.await?;
        page.ok_or_else(|| self.stale(&live))
    }

    /// Handles that another node has seen a newer epoch than this one.
    fn stale(&self, live: &Live) -> StoreError {
        self.link.greet_again(live);
        StoreError::Unavailable("another life of the logs has begun".to_owned())
    }
}

impl Page {
    /// Appends the next part.
    fn go_on(&mut self, rest: Page) {
        let newest = self.messages.last().map_or(0, |message| message.seq);
        if rest.messages.first().is_none_or(|message| message.seq != newest + 1) {
            self.messages.clear();
            self.extent = rest.extent;
        }
        self.messages.extend(rest.messages);
    }
}

/// Parses the script's answer; `None` if Redis knows of a newer epoch.
fn read_page(room: &RoomName, epoch: Epoch, answer: Value) -> RedisResult<Option<Page>> {
    let mut answer = Vec::<Value>::from_redis_value(answer)?.into_iter();
    let mut next = || answer.next().ok_or_else(unexpected);
    if String::from_redis_value(next()?)? == "stale" {
        return Ok(None);
    }
    let mut number = || u64::from_redis_value(next()?).map_err(RedisError::from);
    let (head, oldest, first, last) = (number()?, number()?, number()?, number()?);
    let mut messages = Vec::with_capacity(answer.len() / 2);
    for seq in first.. {
        let (Some(at), Some(body)) = (answer.next(), answer.next()) else { break };
        let at = Millis(u64::from_redis_value(at)?);
        let body = Vec::<u8>::from_redis_value(body)?;
        messages.push(entry::message(room, seq, at, &body).ok_or_else(unexpected)?);
    }
    Ok(Some(Page { epoch, extent: Extent { head, oldest }, last, messages }))
}

fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "what lies in a log is no message").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{draft, seqs};

    fn page(oldest: Seq, seqs: impl Iterator<Item = Seq>) -> Page {
        let said = draft("m", "tea");
        let message = |seq| {
            let (id, user, text) = (said.id.clone(), said.user.clone(), said.text.clone());
            Message { room: said.room.clone(), seq, id, user, text, at: said.at }
        };
        let extent = Extent { head: 9, oldest };
        Page { epoch: Epoch::parse("e").unwrap(), extent, last: 8, messages: seqs.map(message).collect() }
    }

    #[test]
    fn what_was_trimmed_between_two_parts_leaves_no_hole() {
        let mut whole = page(1, 1..=3);
        whole.go_on(page(2, 4..=6));
        assert_eq!((seqs(&whole.messages), whole.extent.oldest), (vec![1, 2, 3, 4, 5, 6], 1));
        whole.go_on(page(8, 8..=8));
        assert_eq!((seqs(&whole.messages), whole.extent.oldest), (vec![8], 8));
        let mut gone = page(1, 1..=3);
        gone.go_on(page(9, 0..0));
        assert_eq!((seqs(&gone.messages), gone.extent.oldest), (vec![], 9));
    }
}
