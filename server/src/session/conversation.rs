//! What a session's user asks, understood and answered: entering and leaving, saying, looking back. Touches no socket.

use std::{collections::BTreeSet, sync::Arc};

use chat::{
    close::CloseCode,
    id::{ClientId, UserId},
    protocol::{ClientLine, History, Joined, Place, RefusalCode, Refused, ServerLine, User, Welcome},
    room::SessionId,
    room_name::RoomName,
    text::MessageText,
};
use tokio::time::Instant;

use super::{RETRY_MS, reading, sending::Sending};
use crate::{
    bots::running::Stopped,
    clock,
    dialect::Dialect,
    frame::Frame,
    nicknames::Standing,
    outbound::Outbound,
    pace::Pace,
    permission::{Action, may},
    spelling,
    store::{Draft, StoreError},
    teahouse::Shared,
};

/// How often somebody enters a room whose log begins another life meanwhile, before they are asked to come again.
const ENTRIES: usize = 3;

/// A session's half of the talk.
pub(super) struct Conversation {
    teahouse: Shared,
    id: SessionId,
    me: User,
    outbound: Arc<Outbound>,
    dialect: Dialect,
    rooms: BTreeSet<RoomName>,
    sending: Sending,
    pace: Pace,
    pause: Option<Instant>,
    /// Counts the messages of a client that gives them no ids.
    said: u64,
    /// Whether the conversation has begun.
    greeted: bool,
}

impl Conversation {
    pub(super) fn new(
        teahouse: Shared,
        id: SessionId,
        me: User,
        outbound: Arc<Outbound>,
        dialect: Dialect,
    ) -> Conversation {
        let pace = Pace::new(teahouse.config.rate_send, Instant::now());
        let sending = Sending::new(teahouse.store.clone(), matches!(dialect, Dialect::Lines));
        Conversation {
            teahouse,
            id,
            me,
            outbound,
            dialect,
            rooms: BTreeSet::new(),
            sending,
            pace,
            pause: None,
            said: 0,
            greeted: false,
        }
    }

    /// Whether another frame may be read: not while answers wait to be read, or when the connection is to be closed.
    pub(super) fn listens(&self) -> bool {
        self.pause.is_none() && !self.sending.is_full() && self.outbound.listens()
    }

    /// Until when reading pauses because the user is faster than the pace, if it does.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.pause
    }

    /// Reading goes on.
    pub(super) fn resume(&mut self) {
        self.pause = None;
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

    /// Hears a frame: one or more lines. The code to close with, if the conversation cannot go on; nothing that follows the
    /// line at fault is heard.
    pub(super) async fn hear(&mut self, frame: &str) -> Result<(), CloseCode> {
        let limit = self.teahouse.config.frame_limit;
        if limit > 0 && frame.len() > limit {
            let reason = format!("a frame holds at most {limit} bytes; this one has {}", frame.len());
            self.refuse(RefusalCode::FrameTooLarge, reason, None, None);
            return Ok(());
        }
        if let Dialect::Plain(plain) = &self.dialect {
            let room = plain.room.to_string();
            let id = format!("{}{}", plain.prefix, self.said);
            self.said += 1;
            self.count();
            self.say(&id, &room, frame);
            return Ok(());
        }
        for line in frame.lines().filter(|line| !line.trim().is_empty()) {
            // Whoever does not read what they asked for is heard no further.
            if self.outbound.owes() && self.outbound.deliver(true).await != Ok(None) {
                return Ok(());
            }
            self.count();
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
                    self.refuse(
                        RefusalCode::Malformed,
                        format!("this line is not understood: {error}"),
                        None,
                        None,
                    );
                    if !self.greeted {
                        return Err(CloseCode::Protocol);
                    }
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

    /// Counts a line or a message of the plain door. Whatever it asks for costs something; who asks for much is read later.
    fn count(&mut self) {
        let now = Instant::now();
        let paused = self.pace.count(now);
        if !paused.is_zero() {
            self.pause = Some(now + paused);
        }
    }

    /// Says that only text is understood.
    pub(super) fn refuse_binary(&mut self) {
        self.count();
        self.refuse(RefusalCode::Malformed, "frames are text, not binary".to_owned(), None, None);
    }

    /// Enters the room that a client of the plain door has asked for in its address.
    pub(super) async fn enter_plain(&mut self) {
        self.greeted = true;
        if let Dialect::Plain(plain) = self.dialect.clone() {
            let place = Place { room: plain.room.to_string(), epoch: None, seq: None };
            self.join(place, plain.backlog).await;
        }
    }

    /// The heartbeat's line: where the rooms' logs stand.
    pub(super) async fn heads(&mut self) -> ServerLine {
        let mut heads = Vec::with_capacity(self.rooms.len());
        for room in &self.rooms {
            match self.teahouse.rooms.head(room).await {
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
                self.teahouse.rooms.leave(&room, self.id).await;
            } else {
                self.teahouse.rooms.lose(&room, self.id).await;
            }
        }
        while self.is_busy() {
            self.settle().await;
        }
    }

    async fn hello(&mut self, mut rooms: Vec<Place>, client: Option<String>) {
        self.greeted = true;
        let Some(ghosts) = self.introduce(client) else { return };
        self.answer(ServerLine::Welcome(Welcome {
            user: self.me.clone(),
            heartbeat_ms: self.teahouse.config.heartbeat.millis(),
            text_limit: self.teahouse.config.text_limit,
            at: Some(clock::now()),
        }));
        if !self.teahouse.is_available() {
            self.answer(ServerLine::Store { available: false });
        }
        if rooms.is_empty() {
            rooms.push(Place { room: RoomName::lobby().to_string(), epoch: None, seq: None });
        }
        for place in rooms {
            self.join(place, self.teahouse.config.backlog).await;
        }
        // Only now that their user is there by this connection too: so nobody hears them leave.
        for ghost in ghosts {
            ghost.cut_off(CloseCode::Replaced);
        }
    }

    /// The client names itself, or does not. The connections of its that this one replaces; none if this one is itself
    /// replaced by a newer one.
    fn introduce(&mut self, client: Option<String>) -> Option<Vec<Arc<Outbound>>> {
        let Some(client) = client else { return Some(Vec::new()) };
        match ClientId::parse(&client) {
            Ok(client) => match self.teahouse.nicknames.introduce(&self.me.id, self.id, client) {
                Standing::Newest(ghosts) => Some(ghosts),
                Standing::Ghost => {
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
            ClientLine::Join(place) => self.join(place, self.teahouse.config.backlog).await,
            ClientLine::Leave { room } => {
                if let Some(room) = self.joined(&room, None) {
                    self.rooms.remove(&room);
                    self.sending.lift(&room);
                    self.teahouse.rooms.leave(&room, self.id).await;
                }
            }
            ClientLine::Stop { room, id } => self.stop(&room, &id),
            ClientLine::Typing { room } => {
                if let Some(room) = self.joined(&room, None) {
                    self.teahouse.rooms.typing(&room, self.id).await;
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
        match self.teahouse.running.stop(&name, &answer, &self.me.id) {
            Stopped::Ends => {}
            Stopped::NotTheirs => {
                let reason = "only who asked ends an answer".to_owned();
                refuse(self, RefusalCode::Forbidden, reason);
            }
            Stopped::NotHere => self.teahouse.neighbours.stop(&name, &answer, &self.me.id),
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
        let text = match MessageText::parse(text, self.teahouse.config.text_limit) {
            Ok(text) => text,
            Err(error) => {
                let code = match error {
                    chat::text::TextError::Empty => RefusalCode::TextEmpty,
                    chat::text::TextError::TooLong { .. } => RefusalCode::TextTooLong,
                };
                return refuse(self, code, error.to_string());
            }
        };
        if !may(&self.me, Action::Say, &name) {
            return refuse(self, RefusalCode::Forbidden, format!("you may not speak in {name}"));
        }
        let draft = Draft {
            room: name,
            id: client_id,
            user: self.me.clone(),
            text: text.as_str().into(),
            at: clock::now(),
        };
        if let Some(refused) = self.sending.take(draft) {
            self.answer(refused);
        }
    }

    async fn join(&mut self, place: Place, backlog: u32) {
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, None, Some(place.room.clone()));
        };
        let Ok(room) = RoomName::parse(&place.room) else { return self.tell_name(place.room).await };
        if !may(&self.me, Action::Read, &room) {
            return refuse(self, RefusalCode::Forbidden, format!("you may not enter {room}"));
        }
        if !self.rooms.contains(&room)
            && let Some(name) = self.teahouse.look_alikes.of(&room).await
        {
            return self.answer(ServerLine::Renamed { room: place.room, name });
        }
        let limit = self.teahouse.config.room_limit;
        if limit > 0 && self.rooms.len() >= limit && !self.rooms.contains(&room) {
            return refuse(
                self,
                RefusalCode::TooManyRooms,
                format!("a connection is in at most {limit} rooms"),
            );
        }
        self.sending.lift(&room);
        self.outbound.hold();
        match self.catch_up(&room, &place, backlog).await {
            Ok(joined) => {
                self.rooms.insert(room);
                self.answer(ServerLine::Joined(joined));
            }
            Err(error) => {
                tracing::warn!(%error, %room, "a room could not be entered");
                self.rooms.remove(&room);
                self.refuse_entry(&room, place.room.clone()).await;
            }
        }
    }

    /// Says what the room is called that a client asked for by another spelling: a page goes there, and so would any other
    /// client. One that was kept under this very spelling once is meant, if there is one.
    async fn tell_name(&mut self, room: String) {
        match spelling::meant(&self.teahouse.store, &room).await {
            Ok(Ok(name)) => self.answer(ServerLine::Renamed { room, name }),
            Ok(Err(error)) => self.refuse(RefusalCode::RoomUnfit, error.to_string(), None, Some(room)),
            Err(error) => {
                tracing::warn!(%error, "failed to look up a room by an earlier spelling");
                self.refuse_reading(room);
            }
        }
    }

    /// Enters, and reads what was said before. From the moment of entering on, the room's events gather in the queue,
    /// which is written after this answer: so nothing is missed between, and nothing comes before it.
    async fn catch_up(&mut self, room: &RoomName, place: &Place, backlog: u32) -> Result<Joined, StoreError> {
        for _ in 0..ENTRIES {
            let stand = self.teahouse.rooms.enter(room, self.id, &self.me, &self.outbound).await?;
            if let Some(joined) = reading::since(&self.teahouse.store, stand, place, backlog).await? {
                return Ok(joined);
            }
            // It finds out before it answers whoever enters next.
            self.teahouse.rooms.look_again(room).await;
        }
        Err(StoreError::Unavailable("the room's log begins one life after another".to_owned()))
    }

    /// The session is not in a room after all. The room may have begun another life meanwhile and told this session so,
    /// which would be taken for the answer: the refusal comes behind whatever the room has said.
    async fn refuse_entry(&mut self, room: &RoomName, place: String) {
        self.teahouse.rooms.lose(room, self.id).await;
        if let Err(error) = self.teahouse.rooms.heard(room).await {
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
        if !may(&self.me, Action::Read, &name) {
            let reason = format!("you may not read {name}");
            return self.refuse(RefusalCode::Forbidden, reason, None, Some(room));
        }
        let piece = match reading::wanted(&history) {
            Ok(piece) => piece,
            Err(reason) => {
                return self.refuse(RefusalCode::Malformed, reason.to_owned(), None, Some(room));
            }
        };
        match reading::page(&self.teahouse.store, name, piece).await {
            Ok(page) => self.answer(ServerLine::Page(page)),
            Err(error) => {
                tracing::warn!(%error, %room, "a page could not be read");
                self.refuse_reading(room);
            }
        }
    }

    async fn look_around(&mut self, room: String, after: Option<String>) {
        let Some(name) = self.joined(&room, None) else { return };
        if !may(&self.me, Action::Read, &name) {
            let reason = format!("you may not see who is in {name}");
            return self.refuse(RefusalCode::Forbidden, reason, None, Some(room));
        }
        // Who comes and goes from here on is told behind it.
        self.outbound.hold();
        match self.teahouse.rooms.members(&name, after).await {
            Ok(members) => self.answer(ServerLine::Members { room: name, members }),
            Err(error) => {
                tracing::warn!(%error, %room, "it could not be seen who is in a room");
                self.refuse_reading(room);
            }
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

    /// The store cannot read a room for now.
    fn refuse_reading(&mut self, room: String) {
        self.answer(unreadable(room));
    }

    fn refuse(&mut self, code: RefusalCode, reason: String, id: Option<String>, room: Option<String>) {
        self.answer(ServerLine::Refused(Refused { id, room, code, reason, retry_ms: None }));
    }

    fn answer(&mut self, line: ServerLine) {
        self.outbound.answer(Some(line));
    }
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
