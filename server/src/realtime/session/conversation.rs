//! What a session's user asks, understood and answered: entering and leaving, saying, looking back. Touches no socket.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chat::{
    close::CloseCode,
    id::{ClientId, UserId},
    protocol::{
        ClientLine, Event, History, Joined, RefusalCode, Refused, RoomPosition, Seq, ServerLine, User,
        Welcome,
    },
    room::SessionId,
    room_name::RoomName,
    text::MessageText,
};
use tokio::time::Instant;
use transport::{frame::Frame, outbound::Outbound, wire_format::Dialect};
use tungstenite::Utf8Bytes;

use super::{
    retry::{FULL_RETRY_MS, RETRY_MS},
    sending::Sending,
};

use crate::{
    app_state::AppState,
    bots::running::Stopped,
    budget::{Cost, Exceeded, Payer},
    clock,
    identity::nicknames::Standing,
    net::address_block::Block,
    rooms::room_limit::NoRoom,
    service::{
        authorize::{Action, authorize},
        publish::prepare,
        read::{self, ReadError},
        subscribe::{Membership, Subscribed, Subscriber},
    },
    store::{StoreError, spelling},
};

/// So many bytes of an answer cost as much as a line.
const BYTES_PER_LINE: usize = 32 * 1_024;

/// How long somebody is asked to wait at the most until they try again what was over their budget.
const LONGEST_RETRY: Duration = Duration::from_mins(5);

/// A session's half of the talk.
pub(super) struct Conversation {
    state: Arc<AppState>,
    id: SessionId,
    me: User,
    outbound: Arc<Outbound>,
    dialect: Dialect,
    rooms: BTreeSet<RoomName>,
    sending: Sending,
    /// The address that pays for it, beside its user; none for this machine.
    address: Option<Block>,
    pause: Option<Instant>,
    /// The frame that is being heard, from where its next line begins: whoever asks for much is heard later.
    rest: Option<Box<(Utf8Bytes, usize)>>,
    /// Counts the messages of a client that gives them no ids.
    said: u64,
    /// Whether the conversation has begun.
    greeted: bool,
}

impl Conversation {
    pub(super) fn new(
        state: Arc<AppState>,
        id: SessionId,
        me: User,
        outbound: Arc<Outbound>,
        dialect: Dialect,
        address: Option<Block>,
    ) -> Conversation {
        let sending = Sending::new(state.service.clone(), matches!(dialect, Dialect::Lines));
        Conversation {
            state,
            id,
            me,
            outbound,
            dialect,
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
        if let Dialect::Plain(plain) = &self.dialect {
            let room = plain.room.to_string();
            let id = format!("{}{}", plain.prefix, self.said);
            self.said += 1;
            self.spend(Cost::Line, 1);
            self.say(&id, &room, &frame);
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

    /// Refuses a client of another user than the login's: a page that somebody else's login has overtaken in its browser.
    /// What it has sent behind its `hello` is not this user's.
    fn check_user(&mut self, user: Option<&str>) -> Result<(), CloseCode> {
        if user.is_none_or(|user| UserId::parse(user).is_ok_and(|user| user == self.me.id)) {
            return Ok(());
        }
        let reason = "the login is another user's than this client's".to_owned();
        self.refuse(RefusalCode::OtherUser, reason, None, None);
        Err(CloseCode::OtherUser)
    }

    fn payer(&self) -> Payer<'_> {
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
    fn spend_on<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
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
    async fn is_read(&mut self) -> bool {
        !self.outbound.owes() || self.outbound.deliver(true).await == Ok(None)
    }

    /// Says that only text is understood.
    pub(super) fn refuse_binary(&mut self) {
        self.spend(Cost::Line, 1);
        self.refuse(RefusalCode::Malformed, "frames are text, not binary".to_owned(), None, None);
    }

    /// Enters the room that a client of the plain door has asked for in its address.
    pub(super) async fn enter_plain(&mut self) {
        self.greeted = true;
        if let Dialect::Plain(plain) = self.dialect.clone() {
            let place = RoomPosition { room: plain.room.to_string(), epoch: None, seq: None };
            self.join(place, plain.backlog).await;
        }
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

    async fn hello(&mut self, mut rooms: Vec<RoomPosition>, client: Option<String>) {
        self.greeted = true;
        let Some(superseded) = self.introduce(client) else { return };
        self.answer(ServerLine::Welcome(Welcome {
            user: self.me.clone(),
            heartbeat_ms: self.state.config.heartbeat.millis(),
            text_limit: self.state.config.text_limit,
            at: Some(clock::now()),
        }));
        if !self.state.is_available() {
            self.answer(ServerLine::Store { available: false });
        }
        if rooms.is_empty() {
            rooms.push(RoomPosition { room: RoomName::lobby().to_string(), epoch: None, seq: None });
        }
        let mut named = BTreeSet::new();
        rooms.retain(|place| named.insert(place.room.clone()));
        for place in rooms {
            if !self.is_read().await {
                return;
            }
            self.spend(Cost::Line, 1);
            self.join(place, self.state.config.backlog).await;
        }
        // Only now that their user is there by this connection too: so nobody hears them leave.
        for superseded in superseded {
            superseded.cut_off(CloseCode::Replaced);
        }
    }

    /// The client names itself, or does not. The connections of its that this one replaces; none if this one is itself
    /// replaced by a newer one.
    fn introduce(&mut self, client: Option<String>) -> Option<Vec<Arc<Outbound>>> {
        let Some(client) = client else { return Some(Vec::new()) };
        match ClientId::parse(&client) {
            Ok(client) => match self.state.nicknames.introduce(&self.me.id, self.id, client) {
                Standing::Newest(superseded) => Some(superseded),
                Standing::Superseded => {
                    self.outbound.cut_off(CloseCode::Replaced);
                    None
                }
            },
            Err(error) => {
                let reason = format!("`client` names no client: {error}");
                self.refuse(RefusalCode::IdUnfit, reason, None, None);
                Some(Vec::new())
            }
        }
    }

    async fn take(&mut self, line: ClientLine) {
        match line {
            // A conversation has begun only once.
            ClientLine::Hello { .. } | ClientLine::Pong {} => {}
            ClientLine::Send { id, room, text } => self.say(&id, &room, &text),
            ClientLine::History(history) => self.look_back(history).await,
            ClientLine::Members { room, after } => self.look_around(room, after).await,
            ClientLine::Join(place) => self.join(place, self.state.config.backlog).await,
            ClientLine::Leave { room } => {
                if let Some(room) = self.joined(&room, None) {
                    self.rooms.remove(&room);
                    self.sending.lift(&room);
                    self.state.rooms.leave(&room, self.id).await;
                }
            }
            ClientLine::Stop { room, id } => self.stop(&room, &id),
            ClientLine::Typing { room } => {
                if let Some(room) = self.joined(&room, None) {
                    self.state.rooms.typing(&room, self.id).await;
                }
            }
        }
    }

    fn stop(&mut self, room: &str, id: &str) {
        let Some(name) = self.joined(room, Some(id)) else { return };
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, Some(id.to_owned()), Some(room.to_owned()));
        };
        let answer = match ClientId::parse(id) {
            Ok(answer) => answer,
            Err(error) => return refuse(self, RefusalCode::IdUnfit, error.to_string()),
        };
        match self.state.bots.stop(&name, &answer, &self.me.id) {
            Stopped::Ends => {}
            Stopped::NotTheirs => {
                let reason = "only who asked ends an answer".to_owned();
                refuse(self, RefusalCode::Forbidden, reason);
            }
            Stopped::NotHere => self.state.cluster.stop(&name, &answer, &self.me.id),
        }
    }

    fn say(&mut self, id: &str, room: &str, text: &str) {
        let Some(name) = self.joined(room, Some(id)) else { return };
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, Some(id.to_owned()), Some(room.to_owned()));
        };
        let client_id = match ClientId::parse(id) {
            Ok(client_id) => client_id,
            Err(error) => return refuse(self, RefusalCode::IdUnfit, error.to_string()),
        };
        let text = match MessageText::parse(text, self.state.config.text_limit) {
            Ok(text) => text,
            Err(error) => {
                let code = match error {
                    chat::text::TextError::Empty => RefusalCode::TextEmpty,
                    chat::text::TextError::TooLong { .. } => RefusalCode::TextTooLong,
                };
                return refuse(self, code, error.to_string());
            }
        };
        let draft = match prepare(&self.me, &name, client_id, text.as_str()) {
            Ok(draft) => draft,
            Err(denial) => return refuse(self, RefusalCode::Forbidden, denial.to_string()),
        };
        // One that waits for another is not kept, and costs nothing.
        let waits = self.sending.waits(&draft);
        let charged = if waits { Ok(()) } else { self.payer().charge(Cost::TextByte, text.bytes()) };
        let refused = match charged {
            Ok(()) => self.sending.take(draft),
            Err(exceeded) => {
                let (reason, retry_ms) = (exceeded.to_string(), retry_ms(&exceeded));
                Some(self.sending.put_off(&draft, RefusalCode::OverBudget, &reason, retry_ms))
            }
        };
        if let Some(refused) = refused {
            self.answer(refused);
        }
    }

    async fn join(&mut self, place: RoomPosition, backlog: u32) {
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, None, Some(place.room.clone()));
        };
        let Ok(room) = RoomName::parse(&place.room) else { return self.tell_name(place.room).await };
        if let Err(denial) = authorize(&self.me, Action::Read, &room) {
            return refuse(self, RefusalCode::Forbidden, denial.to_string());
        }
        if !self.rooms.contains(&room)
            && let Some(name) = self.state.service.look_alike(&room).await
        {
            return self.answer(ServerLine::Renamed { room: place.room, name });
        }
        let limit = self.state.config.room_limit;
        if limit > 0 && self.rooms.len() >= limit && !self.rooms.contains(&room) {
            return refuse(
                self,
                RefusalCode::TooManyRooms,
                format!("a connection is in at most {limit} rooms"),
            );
        }
        match self.state.service.admit(&room, Some(self.payer())).await {
            Ok(()) => {}
            Err(NoRoom::TooMany(_)) => {
                let reason = "there are as many rooms as there may be".to_owned();
                return self.put_off(place.room, RefusalCode::ServerFull, reason, FULL_RETRY_MS);
            }
            Err(NoRoom::Exceeded(exceeded)) => {
                let (reason, retry_ms) = (exceeded.to_string(), retry_ms(&exceeded));
                return self.put_off(place.room, RefusalCode::OverBudget, reason, retry_ms);
            }
            Err(NoRoom::Store(error)) => {
                tracing::warn!(%error, %room, "failed to look for a room");
                return self.refuse_reading(place.room);
            }
        }
        self.sending.lift(&room);
        self.outbound.hold();
        // From the moment of entering on, the room's events gather in the queue, which is written after this answer: so nothing
        // is missed between, and nothing comes before it.
        match self.subscribe(&room, &place, backlog).await {
            Ok(Subscribed { joined, head }) => {
                self.rooms.insert(room.clone());
                self.tell_joined(room, joined, head.seq, backlog).await;
            }
            Err(error) => {
                // Whoever comes as the server closes comes back to the next one.
                if !matches!(error, ReadError::Store(StoreError::Closed)) {
                    tracing::warn!(%error, %room, "a room could not be entered");
                }
                self.rooms.remove(&room);
                self.refuse_entry(&room, place.room.clone()).await;
            }
        }
    }

    /// Says what the room is called that a client asked for by another spelling: a page goes there, and so would any other
    /// client. One that was kept under this very spelling once is meant, if there is one.
    async fn tell_name(&mut self, room: String) {
        match spelling::meant(&self.state.store, &room).await {
            Ok(Ok(name)) => self.answer(ServerLine::Renamed { room, name }),
            Ok(Err(error)) => self.refuse(RefusalCode::RoomUnfit, error.to_string(), None, Some(room)),
            Err(error) => {
                tracing::warn!(%error, "failed to look up a room by an earlier spelling");
                self.refuse_reading(room);
            }
        }
    }

    async fn subscribe(
        &mut self,
        room: &RoomName,
        place: &RoomPosition,
        backlog: u32,
    ) -> Result<Subscribed, ReadError> {
        let (user, session, outbound) = (&self.me, self.id, &self.outbound);
        let subscriber = Subscriber { user, session, membership: Membership::Member, outbound };
        self.state.service.subscribe(&subscriber, room, place, backlog).await
    }

    /// Tells that the session is in a room, with what was said up to the moment of entering: what is too much for one answer
    /// in pieces, each when the one before it was read.
    async fn tell_joined(&mut self, room: RoomName, joined: Joined, upto: Seq, backlog: u32) {
        self.spend_on(joined.events.iter());
        let (epoch, mut told) = (joined.epoch.clone(), joined.head);
        let mut lines = vec![ServerLine::Joined(joined)];
        while told < upto {
            self.outbound.answer_and_hold(lines);
            if !self.is_read().await {
                return;
            }
            match self.state.service.rest((&room, &epoch), (told, upto)).await {
                Ok(Some(messages)) => {
                    told = messages.last().map_or(upto, |message| message.seq);
                    lines = messages.into_iter().map(ServerLine::Message).collect();
                }
                // The rest is not kept any more: the newest page, then.
                Ok(None) => {
                    let place = RoomPosition { room: room.to_string(), epoch: None, seq: None };
                    return Box::pin(self.join(place, backlog)).await;
                }
                Err(error) => {
                    tracing::warn!(%error, %room, "a room could not be entered");
                    self.rooms.remove(&room);
                    return self.refuse_entry(&room, room.to_string()).await;
                }
            }
        }
        self.outbound.answer_and_hold(lines);
        self.outbound.answer(None);
    }

    /// The session is not in a room after all. The room may have begun another life meanwhile and told this session so,
    /// which would be taken for the answer: the refusal comes behind whatever the room has said.
    async fn refuse_entry(&mut self, room: &RoomName, place: String) {
        self.state.rooms.lose(room, self.id).await;
        if let Err(error) = self.state.rooms.heard(room).await {
            tracing::trace!(%error, %room, "a room that is not open says nothing");
        }
        let refusal = Arc::new(Frame::of(unreadable(place)));
        if self.outbound.push(&refusal).is_err() {
            tracing::trace!(%room, "a connection ended before it was refused a room");
        }
        self.outbound.answer(None);
    }

    async fn look_back(&mut self, history: History) {
        let room = history.room.clone();
        let Some(name) = self.joined(&room, None) else { return };
        let piece = match read::wanted(&history) {
            Ok(piece) => piece,
            Err(reason) => {
                return self.refuse(RefusalCode::Malformed, reason.to_owned(), None, Some(room));
            }
        };
        match self.state.service.page(&self.me, name, piece).await {
            Ok(page) => {
                self.spend_on(page.events.iter());
                self.answer(ServerLine::Page(page));
            }
            Err(error) => self.refuse_read(room, &error),
        }
    }

    async fn look_around(&mut self, room: String, after: Option<String>) {
        let Some(name) = self.joined(&room, None) else { return };
        // Who comes and goes from here on is told behind it.
        self.outbound.hold();
        match self.state.service.members(&self.me, &name, after).await {
            Ok(members) => self.answer(ServerLine::Members { room: name, members }),
            Err(error) => self.refuse_read(room, &error),
        }
    }

    /// A room that the session is in; if it is not, says so.
    fn joined(&mut self, room: &str, id: Option<&str>) -> Option<RoomName> {
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
    fn refuse_read(&mut self, room: String, error: &ReadError) {
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
    fn refuse_reading(&mut self, room: String) {
        self.answer(unreadable(room));
    }

    /// Refuses a room for so many milliseconds.
    fn put_off(&mut self, room: String, code: RefusalCode, reason: String, retry_ms: u64) {
        let (room, retry_ms) = (Some(room), Some(retry_ms));
        self.answer(ServerLine::Refused(Refused { id: None, room, code, reason, retry_ms }));
    }

    fn refuse(&mut self, code: RefusalCode, reason: String, id: Option<String>, room: Option<String>) {
        self.answer(ServerLine::Refused(Refused { id, room, code, reason, retry_ms: None }));
    }

    fn answer(&mut self, line: ServerLine) {
        self.outbound.answer(Some(line));
    }
}

/// In how many milliseconds to try again what was over a budget.
fn retry_ms(exceeded: &Exceeded) -> u64 {
    u64::try_from(exceeded.wait.min(LONGEST_RETRY).as_millis()).unwrap_or(u64::MAX)
}

/// A room cannot be read for now.
fn unreadable(room: String) -> ServerLine {
    ServerLine::Refused(Refused {
        id: None,
        room: Some(room),
        code: RefusalCode::StoreUnavailable,
        reason: "the room cannot be read at present".to_owned(),
        retry_ms: Some(RETRY_MS),
    })
}
