//! One program that follows a room: turns the room's lines into events until the stream ends. Never reads the
//! store or touches the socket itself.

use std::{sync::Arc, time::Duration};

use chat::{
    protocol::{Event, Joined, Message, Seq, ServerLine},
    room::SessionId,
    room_name::RoomName,
};
use rand::RngExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    caller::Caller,
    event_kind::{Other, Others},
    position::Position,
    schema,
    sse::Events,
};
use crate::{http::state::HttpState, net::connection::Line, service::authorize::Action};
use transport::{
    outbound::{Listening, Next, Outbound},
    timeouts::CLOSE_TIMEOUT,
    wire_format::Broadcast,
};

/// The interval of comments on an idle stream.
const BEAT: Duration = Duration::from_secs(15);

/// The interval of checks that the token is still valid.
const CHECK: Duration = Duration::from_secs(3);

/// How long the reader may leave events unread.
const STALL: Duration = Duration::from_mins(1);

/// The time that clients should wait before they reconnect.
const RETRY: Duration = Duration::from_secs(2);

/// A program that follows a room.
pub(super) struct Follower {
    pub(super) state: Arc<HttpState>,
    pub(super) session: SessionId,
    pub(super) room: RoomName,
    pub(super) caller: Caller,
    pub(super) outbound: Arc<Outbound>,
    pub(super) also: Others,
    /// When to end the stream, if requested.
    pub(super) until: Option<Instant>,
    /// The connection, if known.
    pub(super) line: Option<Line>,
    /// The sender to the response body; dropping it ends the response.
    pub(super) sink: mpsc::Sender<String>,
    /// The position up to which the log has been sent.
    pub(super) position: Option<Position>,
    /// The log's head at the time of subscribing. Messages up to it are read page by page; later ones come
    /// through the subscription.
    pub(super) head: Seq,
}

/// The start of a stream.
pub(super) struct Start {
    /// The first of the missed messages, or the newest page.
    pub(super) joined: Joined,
    /// The log's head at the time of subscribing.
    pub(super) head: Seq,
    /// The reason that the stream cannot resume, if it cannot.
    pub(super) reset: Option<String>,
}

/// The reason that a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client closed it.
    Closed,
    /// The requested time is over.
    Over,
    /// The reader is too slow.
    Slow,
    /// The token is no longer valid.
    Revoked,
    /// The server is stopping.
    Stopping,
    /// The room's messages have a gap.
    Torn,
}

/// The next message does not follow the last one sent.
struct Torn;

impl Follower {
    /// Returns the first events of the stream.
    pub(super) fn begin(&mut self, start: Start) -> String {
        let mut events = Events::default();
        events.retry(RETRY);
        self.head = start.head;
        self.tell_page(start.joined, start.reset, &mut events);
        events.into_text()
    }

    /// Unsubscribes.
    pub(super) async fn leave(&self) {
        self.state.rooms.lose(&self.room, self.session).await;
    }

    /// Follows the room until the stream ends.
    pub(super) async fn run(mut self, first: String) {
        let _listening = Listening(self.outbound.clone());
        let end = self.follow(first).await;
        self.leave().await;
        tracing::debug!(?end, token = %self.caller.holder.id, room = %self.room, "a program follows no more");
        self.part(end).await;
    }

    async fn follow(&mut self, first: String) -> End {
        let (state, outbound, sink) = (self.state.clone(), self.outbound.clone(), self.sink.clone());
        let mut waiting = Some(first);
        let mut since = Instant::now();
        let mut beat = since + BEAT;
        let mut check = since + CHECK;
        loop {
            if waiting.is_none() {
                // New messages are queued meanwhile.
                match self.read_on().await {
                    Ok(Some(text)) => (waiting, since) = (Some(text), Instant::now()),
                    Ok(None) => {}
                    Err(Torn) => return End::Torn,
                }
            }
            let end = self.until;
            let idle = waiting.is_none();
            tokio::select! {
                biased;
                () = state.stopping.cancelled() => return End::Stopping,
                () = sleep_until(check) => {
                    if !self.is_welcome().await {
                        return End::Revoked;
                    }
                    check = Instant::now() + CHECK;
                }
                _ = outbound.cut(), if !idle => return End::Slow,
                permit = sink.reserve(), if !idle => {
                    let (Ok(permit), Some(text)) = (permit, waiting.take()) else { return End::Closed };
                    permit.send(text);
                    beat = Instant::now() + BEAT;
                }
                () = sleep_until(since + STALL), if !idle => return End::Slow,
                () = sink.closed() => return End::Closed,
                () = sleep_until(end.unwrap_or(beat)), if idle && end.is_some() => return End::Over,
                next = outbound.next(), if idle => match next {
                    Next::Frames(frames) => {
                        let mut events = Events::default();
                        let mut lines = frames.iter().flat_map(|frame| frame.lines());
                        let torn = lines.any(|line| self.tell(line, &mut events).is_err());
                        if torn {
                            tracing::warn!(room = %self.room, "what a room says does not go on where it was");
                            return End::Torn;
                        }
                        if !events.is_empty() {
                            (waiting, since) = (Some(events.into_text()), Instant::now());
                        }
                    }
                    Next::Close(_) => return End::Slow,
                },
                () = sleep_until(beat), if idle => {
                    let mut events = Events::default();
                    events.comment("still here");
                    (waiting, since) = (Some(events.into_text()), Instant::now());
                }
            }
        }
    }

    /// Reads the next page of messages from before the subscription; `None` once all have been sent.
    async fn read_on(&mut self) -> Result<Option<String>, Torn> {
        let Some(Position { epoch, seq }) = self.position.clone().filter(|position| position.seq < self.head)
        else {
            return Ok(None);
        };
        match self.state.service.rest(&self.caller.user, (&self.room, &epoch), (seq, self.head)).await {
            Ok(Some(messages)) => {
                let mut events = Events::default();
                messages.iter().try_for_each(|message| self.tell_message(message, &mut events))?;
                Ok((!events.is_empty()).then(|| events.into_text()))
            }
            Ok(None) => {
                tracing::info!(room = %self.room, "some of what a program missed went while it was told; it comes again");
                Err(Torn)
            }
            Err(error) => {
                tracing::warn!(%error, room = %self.room, "failed to read what a program missed; it comes again");
                Err(Torn)
            }
        }
    }

    /// Returns whether the program may still read the room. If the token cannot be looked up now, the next
    /// check decides.
    async fn is_welcome(&self) -> bool {
        if !self.caller.reaches(Action::Read, &self.room) {
            return false;
        }
        self.state.tokens.is_good(&self.caller.holder.id).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "failed to look up a token");
            true
        })
    }

    /// Adds a room's line to the events, if the program asked for its kind.
    fn tell(&mut self, line: &Broadcast, events: &mut Events) -> Result<(), Torn> {
        match line.line() {
            ServerLine::Message(message) => self.tell_message(message, events)?,
            ServerLine::Joined(joined) => {
                let reason = "the room's log does not go on where it was".to_owned();
                self.head = joined.head;
                self.tell_page(joined.clone(), Some(reason), events);
            }
            ServerLine::Presence(presence) if self.also.has(Other::Presence) => {
                events.event("presence", None, presence);
            }
            ServerLine::Members { room, members } if self.also.has(Other::Presence) => {
                let all = serde_json::json!({ "room": room, "count": members.count, "list": members.list });
                events.event("members", None, &all);
            }
            ServerLine::Typing { room, user } if self.also.has(Other::Typing) => {
                events.event("typing", None, &serde_json::json!({ "room": room, "user": user }));
            }
            ServerLine::StreamingAnswer(growing) if self.also.has(Other::StreamingAnswer) => {
                events.event("growing", None, growing);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds a message unless it was sent before; fails if it is not the next one.
    fn tell_message(&mut self, message: &Message, events: &mut Events) -> Result<(), Torn> {
        let position = self.position.as_mut().ok_or(Torn)?;
        if message.seq <= position.seq {
            return Ok(());
        }
        if message.seq != position.seq + 1 {
            return Err(Torn);
        }
        position.seq = message.seq;
        events.event("message", Some(position), &schema::Message::from(message.clone()));
        Ok(())
    }

    /// Adds the log's position and a page of messages. A client that disconnects within the page resumes
    /// within it.
    fn tell_page(&mut self, joined: Joined, reset: Option<String>, events: &mut Events) {
        let Joined { room, epoch, head: told, oldest, resumed, events: page, .. } = joined;
        // If the log was reset, the page reaches its new head.
        let head = self.head.max(told);
        let before = page.first().and_then(Event::seq).map_or(told, |first| first - 1);
        let mut position = Position { epoch: epoch.clone(), seq: before };
        let name = if reset.is_some() { "reset" } else { "start" };
        let resumed = reset.is_none().then_some(resumed);
        let start = schema::Start { room, epoch, head, oldest, resumed, reason: reset };
        events.event(name, Some(&position), &start);
        for event in page {
            if let Event::Message(message) = event {
                position.seq = message.seq;
                events.event("message", Some(&position), &schema::Message::from(message));
            }
        }
        position.seq = told;
        self.position = Some(position);
    }

    /// Ends the response. Disconnects a reader that does not read the end.
    async fn part(self, end: End) {
        let Follower { sink, line, state, .. } = self;
        match end {
            End::Closed | End::Over | End::Torn => {}
            End::Revoked => {
                let mut events = Events::default();
                events.comment("the token is not good any more");
                // A client that does not read misses the reason.
                let _ = timeout(CLOSE_TIMEOUT, sink.send(events.into_text())).await;
            }
            End::Slow => {
                if let Some(line) = line {
                    line.cut_off();
                }
            }
            End::Stopping => {
                let spread = state.config.drain.millis().max(1);
                let mut events = Events::default();
                events.retry(RETRY + Duration::from_millis(rand::rng().random_range(0..spread)));
                events.comment("the server stops");
                let _ = timeout(CLOSE_TIMEOUT, sink.send(events.into_text())).await;
                drop(sink);
                if let Some(line) = line
                    && timeout(CLOSE_TIMEOUT, line.ended()).await.is_err()
                {
                    line.cut_off();
                }
            }
        }
    }
}
