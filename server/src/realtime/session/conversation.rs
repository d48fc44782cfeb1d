//! What a session's user asks, understood and answered: entering and leaving, saying, looking back. Touches no socket.

use std::{collections::BTreeSet, sync::Arc};

use chat::{
    close::CloseCode,
    protocol::{ClientLine, Event, RefusalCode, Refused, ServerLine, User},
    room::SessionId,
    room_name::RoomName,
};
use tokio::time::Instant;
use transport::{outbound::Outbound, wire_format::WireFormat};
use tungstenite::Utf8Bytes;

use super::{retry::RETRY_MS, sending::Sending};

use crate::{
    app_state::AppState,
    budget::{Cost, Payer},
    net::address_block::Block,
    service::read::ReadError,
};

/// So many bytes of an answer cost as much as a line.
const BYTES_PER_LINE: usize = 32 * 1_024;

/// A session's half of the talk.
pub(super) struct Conversation {
    pub(super) state: Arc<AppState>,
    pub(super) id: SessionId,
    pub(super) me: User,
    pub(super) outbound: Arc<Outbound>,
    pub(super) format: WireFormat,
    pub(super) rooms: BTreeSet<RoomName>,
    pub(super) sending: Sending,
    /// The address that pays for it, beside its user; none for this machine.
    pub(super) address: Option<Block>,
    pub(super) pause: Option<Instant>,
    /// The frame that is being heard, from where its next line begins: whoever asks for much is heard later.
    pub(super) rest: Option<Box<(Utf8Bytes, usize)>>,
    /// Counts the messages of a client that gives them no ids.
    pub(super) said: u64,
    /// Whether the conversation has begun.
    pub(super) greeted: bool,
}

impl Conversation {
    pub(super) fn new(
        state: Arc<AppState>,
        id: SessionId,
        me: User,
        outbound: Arc<Outbound>,
        format: WireFormat,
        address: Option<Block>,
    ) -> Conversation {
        let sending = Sending::new(state.service.clone(), matches!(format, WireFormat::Json));
        Conversation {
            state,
            id,
            me,
            outbound,
            format,
            rooms: BTreeSet::new(),
            sending,
            address,
            pause: None,
            rest: None,
            said: 0,
            greeted: false,
        }
    }

    /// Whether another frame may be read: not while answers wait to be read, or when the connection is to be closed.
    pub(super) fn listens(&self) -> bool {
        self.pause.is_none() && self.rest.is_none() && !self.sending.is_full() && self.outbound.listens()
    }

    /// Until when reading pauses because the user is faster than the pace, if it does.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.pause
    }

    /// Reading goes on, with what is left of the frame that was being heard. Returns the code to close with, as
    /// [`Conversation::receive`] does.
    pub(super) async fn resume(&mut self) -> Result<(), CloseCode> {
        self.pause = None;
        self.receive_rest().await
    }

    /// Whether something was taken and is not yet kept.
    pub(super) fn is_busy(&self) -> bool {
        self.sending.is_busy()
    }

    /// Waits until some of what was taken is kept or refused, and answers; for ever if nothing was taken. May be dropped
    /// while it waits.
    pub(super) async fn settle(&mut self) {
        for line in self.sending.settle().await {
            self.answer(line);
        }
    }

    /// Whether the conversation has begun: with a `hello`, or by the plain door.
    pub(super) fn has_begun(&self) -> bool {
        self.greeted
    }

    /// Hears a frame: one or more lines, or as many of them as may be heard now. The code to close with, if the conversation
    /// cannot go on; nothing that follows the line at fault is heard.
    pub(super) async fn receive(&mut self, frame: Utf8Bytes) -> Result<(), CloseCode> {
        let limit = self.state.config.frame_limit;
        if limit > 0 && frame.len() > limit {
            let reason = format!("a frame holds at most {limit} bytes; this one has {}", frame.len());
            self.refuse(RefusalCode::FrameTooLarge, reason, None, None);
            return Ok(());
        }
        if let WireFormat::PlainText(plain) = &self.format {
            let room = plain.room.to_string();
            let id = format!("{}{}", plain.prefix, self.said);
            self.said += 1;
            self.spend(Cost::Line, 1);
            self.send(&id, &room, &frame);
            return Ok(());
        }
        self.rest = Some(Box::new((frame, 0)));
        self.receive_rest().await
    }

    /// Hears what is left of a frame, until it asks for more than may be done for it now.
    async fn receive_rest(&mut self) -> Result<(), CloseCode> {
        while self.pause.is_none()
            && let Some(rest) = self.rest.take()
        {
            let (frame, at) = *rest;
            // Whoever does not read what they asked for is heard no further.
            if !self.is_read().await {
                return Ok(());
            }
            let rest = &frame[at..];
            let end = rest.find('\n').unwrap_or(rest.len());
            let next = at + end + 1;
            let line = rest[..end].trim();
            let left = (next < frame.len()).then_some(next);
            if line.is_empty() {
                self.rest = left.map(|next| Box::new((frame, next)));
                continue;
            }
            self.spend(Cost::Line, 1);
            let heard = self.receive_line(line).await;
            self.rest = left.filter(|_| heard.is_ok()).map(|next| Box::new((frame, next)));
            heard?;
        }
        Ok(())
    }

    async fn receive_line(&mut self, line: &str) -> Result<(), CloseCode> {
        match serde_json::from_str::<ClientLine>(line) {
            Ok(ClientLine::Hello { rooms, client, user }) => {
                self.check_user(user.as_deref())?;
                self.hello(rooms, client).await;
            }
            Ok(_) if !self.greeted => {
                self.refuse(RefusalCode::Malformed, "the first line is `hello`".to_owned(), None, None);
                return Err(CloseCode::Protocol);
            }
            Ok(line) => self.take(line).await,
            Err(error) => {
                let reason = format!("this line is not understood: {error}");
                self.refuse(RefusalCode::Malformed, reason, None, None);
                if !self.greeted {
                    return Err(CloseCode::Protocol);
                }
            }
        }
        Ok(())
    }

    pub(super) fn payer(&self) -> Payer<'_> {
        Payer::new(&self.state.budgets, &self.me.id, self.address)
    }

    /// Charges what has come already. Whatever it asks for costs something; who asks for much is read later.
    pub(super) fn spend(&mut self, cost: Cost, amount: u32) {
        let paused = self.payer().spend(cost, amount);
        if !paused.is_zero() {
            self.pause = self.pause.max(Some(Instant::now() + paused));
        }
    }

    /// Charges an answer that holds much.
    pub(super) fn spend_on<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
        let length = |event: &Event| match event {
            Event::Message(message) => message.text.len(),
            Event::Unknown(_) => 0,
        };
        let lines = events.map(length).sum::<usize>() / BYTES_PER_LINE;
        if lines > 0 {
            self.spend(Cost::Line, u32::try_from(lines).unwrap_or(u32::MAX));
        }
    }

    /// Waits until this connection has read what it asked for; returns whether it is still there.
    pub(super) async fn is_read(&mut self) -> bool {
        !self.outbound.owes() || self.outbound.deliver(true).await == Ok(None)
    }

    /// Says that only text is understood.
    pub(super) fn refuse_binary(&mut self) {
        self.spend(Cost::Line, 1);
        self.refuse(RefusalCode::Malformed, "frames are text, not binary".to_owned(), None, None);
    }

    /// The heartbeat's line: where the rooms' logs stand.
    pub(super) async fn heads(&mut self) -> ServerLine {
        let mut heads = Vec::with_capacity(self.rooms.len());
        for room in &self.rooms {
            match self.state.rooms.head(room).await {
                Ok(head) => heads.push(head),
                Err(error) => tracing::debug!(%error, "a head is left out of a heartbeat"),
            }
        }
        ServerLine::Ping { heads }
    }

    /// The session is over: its rooms are told. What was taken is still kept; only nobody hears the answer.
    pub(super) async fn end(&mut self, left: bool) {
        for room in std::mem::take(&mut self.rooms) {
            if left {
                self.state.rooms.leave(&room, self.id).await;
            } else {
                self.state.rooms.lose(&room, self.id).await;
            }
        }
        while self.is_busy() {
            self.settle().await;
        }
    }

    async fn take(&mut self, line: ClientLine) {
        match line {
            // A conversation has begun only once.
            ClientLine::Hello { .. } | ClientLine::Pong {} => {}
            ClientLine::Send { id, room, text } => self.send(&id, &room, &text),
            ClientLine::History(history) => self.history(history).await,
            ClientLine::Members { room, after } => self.members(room, after).await,
            ClientLine::Join(place) => self.join(place, self.state.config.backlog).await,
            ClientLine::Leave { room } => self.leave(&room).await,
            ClientLine::Stop { room, id } => self.stop(&room, &id),
            ClientLine::Typing { room } => self.typing(&room).await,
        }
    }

    /// A room that the session is in; if it is not, says so.
    pub(super) fn joined(&mut self, room: &str, id: Option<&str>) -> Option<RoomName> {
        let id = id.map(str::to_owned);
        if let Some(name) = self.rooms.get(room) {
            return Some(name.clone());
        }
        match RoomName::parse(room) {
            Ok(name) => {
                let reason = format!("you are not in {name}; join it first");
                self.refuse(RefusalCode::NotJoined, reason, id, Some(room.to_owned()));
                None
            }
            Err(error) => {
                self.refuse(RefusalCode::RoomUnfit, error.to_string(), id, Some(room.to_owned()));
                None
            }
        }
    }

    /// Refuses to read a room.
    pub(super) fn refuse_read(&mut self, room: String, error: &ReadError) {
        match error {
            ReadError::Denied(denial) => {
                self.refuse(RefusalCode::Forbidden, denial.to_string(), None, Some(room));
            }
            ReadError::Store(error) => {
                tracing::warn!(%error, %room, "failed to read a room; the client is told to ask again");
                self.refuse_reading(room);
            }
        }
    }

    /// The store cannot read a room for now.
    pub(super) fn refuse_reading(&mut self, room: String) {
        self.answer(unreadable(room));
    }

    /// Refuses a room for so many milliseconds.
    pub(super) fn put_off(&mut self, room: String, code: RefusalCode, reason: String, retry_ms: u64) {
        let (room, retry_ms) = (Some(room), Some(retry_ms));
        self.answer(ServerLine::Refused(Refused { id: None, room, code, reason, retry_ms }));
    }

    pub(super) fn refuse(
        &mut self,
        code: RefusalCode,
        reason: String,
        id: Option<String>,
        room: Option<String>,
    ) {
        self.answer(ServerLine::Refused(Refused { id, room, code, reason, retry_ms: None }));
    }

    pub(super) fn answer(&mut self, line: ServerLine) {
        self.outbound.answer(Some(line));
    }
}

/// A room cannot be read for now.
pub(super) fn unreadable(room: String) -> ServerLine {
    ServerLine::Refused(Refused {
        id: None,
        room: Some(room),
        code: RefusalCode::StoreUnavailable,
        reason: "the room cannot be read at present".to_owned(),
        retry_ms: Some(RETRY_MS),
    })
}
