//! One room's task: feeds input to [`Room`] and performs the effects it returns. Makes no decisions of its
//! own.

use std::{hint::black_box, sync::Arc, time::Duration};

use chat::{
    id::{Epoch, UserId},
    protocol::{Event, Head, Joined, Members, Message, Seq, ServerLine, User},
    room::{Command, Effect, Room, SessionId},
    room_name::RoomName,
    time::Millis,
};
use indexmap::IndexMap;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    command::{RoomCommand, RoomHead},
    registry::{MAILBOX, Registry},
};
use crate::{
    clock,
    cluster::Roster,
    store::{Piece, Slice, StoreError},
};
use transport::{
    frame::{Frame, Gathering},
    outbound::Outbound,
    wire_format::Broadcast,
};

/// How long an empty room waits before it checks whether it may stop.
const IDLE: Duration = Duration::from_secs(5);

/// How many sessions a room delivers to before it yields: some milliseconds of kernel work. Resuming after a
/// yield costs more than it seems, since the task may move to another processor with a cold cache.
const IN_ONE_GO: usize = 1_024;

/// How many sessions' queues are loaded into the cache together.
const NEAR: usize = 32;

/// How long a room waits before it retries a failed read of its log or of the cluster's presence.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

struct Actor {
    room: Room,
    registry: Arc<Registry>,
    audience: IndexMap<SessionId, (UserId, Arc<Outbound>)>,
    /// Lines to send to all sessions in one frame.
    saying: Gathering,
    /// How many sessions were delivered to since the task last yielded.
    spoken_to: usize,
    /// Sessions found to be gone during delivery; they are removed afterwards.
    gone: Vec<SessionId>,
    wake: Option<Instant>,
    /// When the room next looks for missed events, if it has to.
    look_at: Option<Instant>,
}

/// Runs a room until it is empty, or until the rooms are closed.
pub(super) async fn run(name: RoomName, mut words: mpsc::Receiver<RoomCommand>, registry: Arc<Registry>) {
    let (head, seats) = match open(&name, &registry).await {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(%error, room = %name, "failed to open a room");
            // Remove it from the list first, so that a caller that finds this task closed starts another.
            registry.open().remove(&name);
            words.close();
            while let Some(word) = words.recv().await {
                refuse(word, &error);
            }
            return;
        }
    };
    let room = Room::new(head, registry.leave_grace_ms()).with_bots((registry.bots)(&name));
    let mut actor = Actor {
        room,
        registry,
        audience: IndexMap::new(),
        saying: Gathering::default(),
        spoken_to: 0,
        gone: Vec::new(),
        wake: None,
        look_at: None,
    };
    actor.apply(Command::Roster(seats)).await;
    loop {
        let idle = actor.is_idle();
        let wake = actor.wake;
        let look_at = actor.look_at;
        let timer = async {
            match wake {
                Some(at) => sleep_until(at).await,
                None if idle => tokio::time::sleep(IDLE).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            word = words.recv() => match word {
                Some(word) => {
                    actor.handle(word).await;
                    // Sends the events that arrived meanwhile in the same frame.
                    for _ in 0..MAILBOX {
                        let Ok(word) = words.try_recv() else { break };
                        actor.handle(word).await;
                        tokio::task::consume_budget().await;
                    }
                    actor.finish().await;
                    if words.is_empty() {
                        // The task is about to wait, so the others run anyway.
                        actor.spoken_to = 0;
                    }
                }
                None => return,
            },
            () = timer => {
                actor.wake = None;
                actor.apply(Command::Tick).await;
                actor.finish().await;
                if actor.is_idle() && wake.is_none() && actor.registry.forget(&name, &words) {
                    return;
                }
            }
            () = sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some() => {
                actor.look_again().await;
                actor.finish().await;
            }
        }
    }
}

/// Follows a room and returns its head and its members on the other nodes.
async fn open(name: &RoomName, registry: &Registry) -> Result<(Head, Roster), StoreError> {
    let head = registry.store().follow(name.clone()).await?;
    let seats = registry.cluster().roster(name.clone()).await?;
    Ok((head, seats))
}

impl Actor {
    /// Returns whether the room has neither members nor listeners.
    fn is_idle(&self) -> bool {
        self.room.is_idle() && self.audience.is_empty()
    }

    async fn handle(&mut self, word: RoomCommand) {
        if !matches!(word, RoomCommand::Commit(..) | RoomCommand::Typing(_) | RoomCommand::Writes(_)) {
            // Sends pending messages first, so that a join, a leave or a query comes after every earlier
            // commit.
            self.flush().await;
        }
        match word {
            RoomCommand::Enter { session, user, outbound, reply } => {
                self.audience.insert(session, (user.id.clone(), outbound));
                let stand = self.apply(Command::Enter(session, user)).await;
                if let Some(stand) = stand
                    && reply.send(Ok(stand)).is_err()
                {
                    self.drop_session(session).await;
                }
            }
            RoomCommand::Listen { session, user, outbound, reply } => {
                self.audience.insert(session, (user, outbound));
                let stand = RoomHead { head: self.room.head(), members: self.room.members() };
                if reply.send(Ok(stand)).is_err() {
                    self.drop_session(session).await;
                }
            }
            RoomCommand::Leave(session) => {
                self.audience.swap_remove(&session);
                self.apply(Command::Leave(session)).await;
            }
            RoomCommand::Lose(session) => self.drop_session(session).await,
            RoomCommand::Typing(session) => {
                self.apply(Command::Typing(session)).await;
            }
            RoomCommand::Commit(epoch, messages) => self.commit(epoch, messages).await,
            RoomCommand::Elsewhere(node, user, seat) => {
                self.apply(Command::Elsewhere(node, user, seat)).await;
            }
            RoomCommand::Writes(user) => {
                for effect in self.room.apply(Command::Writes(user), clock::now()) {
                    match effect {
                        // The other nodes know already.
                        Effect::Typing(user) => self.say_typing(user).await,
                        other => self.perform(other),
                    }
                }
            }
            RoomCommand::StreamingAnswer(growing) => self.queue(ServerLine::StreamingAnswer(growing)),
            RoomCommand::NodeLost(node) => {
                self.apply(Command::NodeLost(node)).await;
            }
            RoomCommand::LookAgain => self.look_again().await,
            RoomCommand::Head(reply) => {
                // The caller may have gone away; nothing depends on it.
                let _ = reply.send(Ok(self.room.head()));
            }
            RoomCommand::Look(reply) => {
                // The caller may have gone away; nothing depends on it.
                let _ = reply.send(Ok(RoomHead { head: self.room.head(), members: self.room.members() }));
            }
            RoomCommand::Members { after, reply } => {
                // The same applies here.
                let _ = reply.send(Ok(self.room.page(after.as_deref())));
            }
        }
    }

    async fn drop_session(&mut self, session: SessionId) {
        self.audience.swap_remove(&session);
        self.apply(Command::Lose(session)).await;
    }

    /// Applies messages committed in an epoch of the room's log.
    async fn commit(&mut self, epoch: Epoch, messages: Vec<Message>) {
        for message in messages {
            if epoch != self.room.head().epoch {
                // A new epoch has begun, or one has just ended: the log tells which.
                return self.look_again().await;
            }
            self.apply(Command::Commit(Event::Message(message))).await;
            if self.saying.is_full() {
                self.flush().await;
            }
        }
    }

    /// Applies a command and performs its effects; returns the room's state if the command admitted a
    /// session.
    async fn apply(&mut self, command: Command) -> Option<RoomHead> {
        let mut admitted = None;
        let mut missing = None;
        for effect in self.room.apply(command, clock::now()) {
            match effect {
                Effect::Admit(_, head, members) => admitted = Some(RoomHead { head, members }),
                Effect::Missing(after) => missing = Some(after),
                Effect::Typing(user) => {
                    self.registry.cluster().typing(self.room.name(), &user);
                    self.say_typing(user).await;
                }
                other => self.perform(other),
            }
        }
        if let Some(after) = missing {
            self.catch_up(after, Seq::MAX).await;
        }
        admitted
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Event(Event::Message(message)) => self.queue(ServerLine::Message(message)),
            Effect::PresenceChange(presence) => self.queue(ServerLine::Presence(presence)),
            Effect::Members(members) => {
                self.queue(ServerLine::Members { room: self.room.name().clone(), members });
            }
            Effect::Presence(user, seat) => self.registry.cluster().seat(self.room.name(), &user, seat),
            Effect::WakeAt(at) => self.wake = Some(instant(at)),
            // A store of this version commits messages only; the other effects are not sent.
            Effect::Event(Event::Unknown(_))
            | Effect::Admit(..)
            | Effect::Typing(_)
            | Effect::Renewed(..)
            | Effect::Missing(_) => {}
        }
    }

    /// Sends a typing notice to everybody but the user who is typing.
    async fn say_typing(&mut self, user: User) {
        self.flush().await;
        let writer = user.id.clone();
        let line = ServerLine::Typing { room: self.room.name().clone(), user };
        self.pass_on(&Arc::new(Frame::of(line)), Some(&writer)).await;
    }

    /// Queues a line for all sessions, to go out with the others of this frame.
    fn queue(&mut self, line: ServerLine) {
        self.saying.add(Broadcast::new(line));
    }

    /// Sends the queued lines.
    async fn flush(&mut self) {
        if let Some(frame) = self.saying.finish() {
            self.pass_on(&Arc::new(frame), None).await;
        }
    }

    /// Sends the queued lines, including those caused by sessions found to be gone.
    async fn finish(&mut self) {
        self.flush().await;
        while let Some(session) = self.gone.pop() {
            self.drop_session(session).await;
            self.flush().await;
        }
    }

    /// Pushes a frame to every session's queue, except those of one user.
    async fn pass_on(&mut self, frame: &Arc<Frame>, but: Option<&UserId>) {
        let people = self.audience.len();
        self.registry.count_deliveries(people);
        let found = self.gone.len();
        for start in (0..people).step_by(NEAR) {
            if self.spoken_to >= IN_ONE_GO {
                self.spoken_to = 0;
                tokio::task::yield_now().await;
            }
            let Some(some) = self.audience.get_range(start..people.min(start + NEAR)) else { break };
            self.spoken_to += some.len();
            black_box(some.values().filter(|(_, outbound)| outbound.is_direct()).count());
            for (session, (user, outbound)) in some {
                if Some(user) != but && outbound.push(frame).is_err() {
                    self.gone.push(*session);
                }
            }
        }
        for session in &self.gone[found..] {
            self.audience.swap_remove(session);
        }
    }

    /// Checks the log and the other nodes for missed events. A failed check is retried later.
    async fn look_again(&mut self) {
        match open(self.room.name(), &self.registry).await {
            Ok((head, seats)) => {
                self.look_at = None;
                self.apply(Command::Roster(seats)).await;
                let known = self.room.head();
                if head.epoch != known.epoch || head.seq < known.seq {
                    self.begin_anew().await;
                } else if head.seq > known.seq {
                    self.catch_up(known.seq, head.seq).await;
                }
            }
            Err(error) => self.try_again(&error),
        }
    }

    /// Reads messages that were committed but never announced, and sends them. If some are not retained any
    /// more, the room starts over from the log's current head.
    async fn catch_up(&mut self, after: Seq, upto: Seq) {
        let missing = Piece::Between { after, upto };
        match self.registry.store().read(self.room.name().clone(), missing).await {
            Ok(slice) => {
                let whole = slice.messages.first().is_some_and(|message| message.seq == after + 1);
                if slice.epoch != self.room.head().epoch || !whole {
                    return self.begin_anew().await;
                }
                for message in slice.messages {
                    self.registry.missed(&message);
                    for effect in self.room.apply(Command::Commit(Event::Message(message)), clock::now()) {
                        self.perform(effect);
                    }
                    if self.saying.is_full() {
                        self.flush().await;
                    }
                }
            }
            Err(error) => self.try_again(&error),
        }
    }

    /// Starts over from the log's current head, and sends all sessions a new `joined` with the newest page.
    async fn begin_anew(&mut self) {
        let latest = Piece::Latest { upto: Seq::MAX, limit: self.registry.backlog() };
        match self.registry.store().read(self.room.name().clone(), latest).await {
            Ok(Slice { epoch, extent, messages }) => {
                let head = Head { room: self.room.name().clone(), epoch, seq: extent.head };
                for message in &messages {
                    self.registry.missed(message);
                }
                tracing::info!(room = %head.room, epoch = %head.epoch, seq = head.seq, "a room's log began a new epoch");
                for effect in self.room.apply(Command::Renew(head), clock::now()) {
                    match effect {
                        Effect::Renewed(head, members) => {
                            let events = messages.iter().cloned().map(Event::Message).collect();
                            let joined = ServerLine::Joined(joined(head, extent.oldest, members, events));
                            self.flush().await;
                            let frame = Frame::of_broadcast(Broadcast::for_clients(joined));
                            self.pass_on(&Arc::new(frame), None).await;
                        }
                        other => self.perform(other),
                    }
                }
            }
            Err(error) => self.try_again(&error),
        }
    }

    fn try_again(&mut self, error: &StoreError) {
        tracing::warn!(%error, room = %self.room.name(), "a room cannot look at its log; it tries again");
        self.look_at = Some(Instant::now() + LOOK_AGAIN);
    }
}

/// Builds the line that tells all sessions that the room starts over.
fn joined(head: Head, oldest: Seq, members: Members, events: Vec<Event>) -> Joined {
    Joined { room: head.room, epoch: head.epoch, head: head.seq, oldest, resumed: false, members, events }
}

fn refuse(word: RoomCommand, error: &StoreError) {
    let reason = StoreError::Unavailable(error.to_string());
    match word {
        // The caller may have gone away; nothing depends on it.
        RoomCommand::Enter { reply, .. } | RoomCommand::Listen { reply, .. } | RoomCommand::Look(reply) => {
            let _ = reply.send(Err(reason));
        }
        RoomCommand::Head(reply) => {
            let _ = reply.send(Err(reason));
        }
        RoomCommand::Members { reply, .. } => {
            let _ = reply.send(Err(reason));
        }
        RoomCommand::Leave(_)
        | RoomCommand::Lose(_)
        | RoomCommand::Typing(_)
        | RoomCommand::Commit(..)
        | RoomCommand::Elsewhere(..)
        | RoomCommand::Writes(_)
        | RoomCommand::StreamingAnswer(_)
        | RoomCommand::NodeLost(_)
        | RoomCommand::LookAgain => {}
    }
}

/// Converts a wall-clock time to the clock of the timers.
fn instant(at: Millis) -> Instant {
    Instant::now() + Duration::from_millis(at.since(clock::now()))
}
