//! A session's conversation: parses the client's commands and answers them. Never touches the socket.

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

/// How many bytes of an answer cost as much as one line.
const BYTES_PER_LINE: usize = 32 * 1_024;

/// The state of a session's conversation.
pub(super) struct Conversation {
    pub(super) state: Arc<AppState>,
    pub(super) id: SessionId,
    pub(super) me: User,
    pub(super) outbound: Arc<Outbound>,
    pub(super) format: WireFormat,
    pub(super) rooms: BTreeSet<RoomName>,
    pub(super) sending: Sending,
    /// The address charged beside the user; `None` for this machine.
    pub(super) address: Option<Block>,
    pub(super) pause: Option<Instant>,
    /// The frame being processed, and where its next line begins: a client that asks for much is processed
    /// later.
    pub(super) rest: Option<Box<(Utf8Bytes, usize)>>,
    /// Counts the messages of a client that sends no ids.
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

    /// Returns whether another frame may be read: not while answers are unread, or when the connection is
    /// closing.
    pub(super) fn listens(&self) -> bool {
        self.pause.is_none() && self.rest.is_none() && !self.sending.is_full() && self.outbound.listens()
    }

    /// Returns until when reading is paused because the user exceeds their pace, if it is.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.pause
    }

    /// Resumes reading, with the rest of the frame being processed. Returns the code to close with, as
    /// [`Conversation::receive`] does.
    pub(super) async fn resume(&mut self) -> Result<(), CloseCode> {
        self.pause = None;
        self.receive_rest().await
    }

    /// Returns whether an accepted message is not stored yet.
    pub(super) fn is_busy(&self) -> bool {
        self.sending.is_busy()
    }

    /// Waits until some accepted messages are stored or refused, and answers them; waits forever if there are
    /// none. Cancel-safe.
    pub(super) async fn settle(&mut self) {
        for line in self.sending.settle().await {
            self.answer(line);
        }
    }

    /// Returns whether the conversation has begun: with a `hello`, or by the plain-text protocol.
    pub(super) fn has_begun(&self) -> bool {
        self.greeted
    }

    /// Processes a frame: all of its lines, or as many as the user may send now. Returns the code to close
    /// with if the conversation cannot continue; lines after the faulty one are not processed.
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

    /// Processes the rest of a frame, until it exceeds what the user may request now.
    async fn receive_rest(&mut self) -> Result<(), CloseCode> {
        while self.pause.is_none()
            && let Some(rest) = self.rest.take()
        {
            let (frame, at) = *rest;
            // A client that does not read its answers is not served further.
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

    /// Charges input that has already arrived, so that any request costs something; a user who exceeds their
    /// pace is read later.
    pub(super) fn spend(&mut self, cost: Cost, amount: u32) {
        let paused = self.payer().spend(cost, amount);
        if !paused.is_zero() {
            self.pause = self.pause.max(Some(Instant::now() + paused));
        }
    }

    /// Charges for a large answer.
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

    /// Waits until the client has read its answers; returns whether the connection is still open.
    pub(super) async fn is_read(&mut self) -> bool {
        !self.outbound.owes() || self.outbound.deliver(true).await == Ok(None)
    }

    /// Refuses a binary frame.
    pub(super) fn refuse_binary(&mut self) {
        self.spend(Cost::Line, 1);
        self.refuse(RefusalCode::Malformed, "frames are text, not binary".to_owned(), None, None);
    }

    /// Returns the heartbeat's line, with the heads of the rooms' logs.
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

    /// Ends the session in its rooms. Accepted messages are still stored; only the answers are lost.
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
            // A conversation begins only once.
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

    /// Returns a room that the session is in; refuses the command otherwise.
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

    /// Refuses a room that the store cannot read for now.
    pub(super) fn refuse_reading(&mut self, room: String) {
        self.answer(unreadable(room));
    }

    /// Refuses a room for a number of milliseconds.
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

/// Returns the refusal of a room that cannot be read for now.
pub(super) fn unreadable(room: String) -> ServerLine {
    ServerLine::Refused(Refused {
        id: None,
        room: Some(room),
        code: RefusalCode::StoreUnavailable,
        reason: "the room cannot be read at present".to_owned(),
        retry_ms: Some(RETRY_MS),
    })
}
