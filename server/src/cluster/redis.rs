//! This node among the others, by way of Redis: it says that it is there and who sits here, and finds out who sits
//! elsewhere and which nodes are gone.
//!
//! What the others must know of the seats here is kept here too: when Redis has forgotten it, or has held this node for
//! gone, all of it is said again.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::{Growing, User},
    room::Presence,
    room_name::RoomName,
    time::Millis,
};
use futures::{FutureExt as _, future::BoxFuture};
use redis::{Pipeline, Script};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    budget::Charge,
    clock,
    cluster::{Cluster, Roster},
    events::{ClusterMessage, EventSender, StoreEvent},
    store::{
        StoreError,
        redis::{key::Keys, link::Link, live::DEADLINE, wire},
    },
};

/// How often a node says that it is there, as part of the time for which it is taken to be.
const BEATS: u32 = 5;

/// How many words about people rather than seats may wait to be told; beyond that the oldest are left out.
const WAITING: usize = 10_000;

/// How many charges are told in one word.
const CHARGES: usize = 200;

/// The way to the other nodes.
pub(crate) struct RedisCluster {
    node: NodeId,
    link: Arc<Link>,
    leave_grace_ms: u64,
    /// How long a node that says nothing more is taken to be there.
    lease: Duration,
    told: Mutex<Told>,
    changed: Notify,
    /// Whether goodbye was said: from then on this node does not say that it is there.
    closed: AtomicBool,
}

/// What Redis says of a room's roster: its time in seconds, the nodes, and the entries.
type Look = ((u64, u64), HashMap<String, u64>, HashMap<String, String>);

/// What the other nodes must know of this one.
#[derive(Default)]
struct Told {
    /// Every seat here that they were told of, or must be.
    seats: HashMap<RoomName, HashMap<UserId, ToldPresence>>,
    /// Which seats have changed since they were told.
    changed: Vec<(RoomName, UserId)>,
    /// Other words, and the channel that they go to.
    words: VecDeque<(String, String)>,
}

struct ToldPresence {
    user: User,
    seat: Presence,
    leaves_at: Option<Millis>,
}

impl RedisCluster {
    /// Nobody sits here yet. A user whose last session is gone is expected back for `leave_grace_ms`; a node that says
    /// nothing for `lease` is taken to be gone.
    pub(crate) fn new(node: NodeId, link: Arc<Link>, leave_grace_ms: u64, lease: Duration) -> RedisCluster {
        RedisCluster {
            node,
            link,
            leave_grace_ms,
            lease,
            told: Mutex::default(),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Says that this node is there, and what has changed on it, until `stop`. Tells of nodes that are gone.
    pub(crate) async fn run(self: Arc<Self>, news: EventSender, stop: CancellationToken) {
        let mut there = BTreeSet::new();
        let mut live = self.link.watch();
        let mut beat = Instant::now();
        let keeping = async {
            loop {
                tokio::select! {
                    () = sleep_until(beat) => {
                        beat = Instant::now() + self.lease / BEATS;
                        self.beat(&mut there, &news).await;
                        // What could not be told before, because the memory was full, say, is tried again.
                        self.tell().await;
                    }
                    () = self.changed.notified() => self.tell().await,
                    changed = live.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        if live.borrow_and_update().is_some() {
                            // It may be another server, or one that has forgotten.
                            self.tell_all();
                            beat = Instant::now();
                        }
                    }
                }
            }
        };
        stop.run_until_cancelled(keeping).await;
    }

    async fn beat(&self, there: &mut BTreeSet<NodeId>, news: &EventSender) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let lease = Script::new(include_str!("lease.lua"));
        let mut lease = lease.key(self.link.keys().nodes());
        lease.key(self.link.keys().gone());
        lease.arg(self.node.as_str()).arg(u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX));
        let answer: Result<(bool, Vec<String>, Vec<String>), StoreError> =
            self.link.ask(async |mut live| lease.invoke_async(&mut live.connection).await).await;
        let (known, nodes, gone) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, "this node could not say that it is there");
                return;
            }
        };
        if !known {
            self.tell_all();
        }
        let now: BTreeSet<NodeId> = nodes.iter().filter_map(|node| NodeId::parse(node).ok()).collect();
        for lost in there.difference(&now) {
            tracing::warn!(node = %lost, "another node is gone");
            let lost = StoreEvent::Elsewhere(ClusterMessage::NodeLost(lost.clone()));
            if news.send(lost).await.is_err() {
                tracing::trace!("the rooms are closed; nobody is left to tell");
            }
        }
        *there = now;
        for node in gone.iter().filter_map(|node| NodeId::parse(node).ok()) {
            if let Err(error) = self.clear_away(&node).await {
                tracing::debug!(%error, "what a node left could not be cleared away; nobody takes it for true");
            }
        }
    }

    /// Removes the seats of a node that is gone.
    async fn clear_away(&self, node: &NodeId) -> Result<(), StoreError> {
        let keys = self.link.keys();
        let seated = keys.seated(node);
        let rooms: Vec<String> = self.link.command(redis::cmd("SMEMBERS").arg(&seated)).await?;
        for room in rooms.iter().filter_map(|room| RoomName::from_canonical(room).ok()) {
            let members = keys.room(&room, "members");
            let names: Vec<String> = self.link.command(redis::cmd("HKEYS").arg(&members)).await?;
            let left: Vec<&String> =
                names.iter().filter(|name| name.split('/').next() == Some(node.as_str())).collect();
            if !left.is_empty() {
                self.link.command::<()>(redis::cmd("HDEL").arg(&members).arg(&left)).await?;
            }
        }
        self.link.command::<()>(redis::cmd("DEL").arg(&seated)).await?;
        let cleared = Script::new(include_str!("cleared.lua"));
        let mut cleared = cleared.key(keys.nodes());
        cleared.key(keys.gone()).arg(node.as_str());
        self.link.ask(async |mut live| cleared.invoke_async(&mut live.connection).await).await
    }

    /// Every seat has to be told again.
    fn tell_all(&self) {
        let mut told = self.told();
        let all =
            told.seats.iter().flat_map(|(room, seats)| seats.keys().map(|id| (room.clone(), id.clone())));
        told.changed = all.collect();
        drop(told);
        self.changed.notify_one();
    }

    /// Tells what has changed. What cannot be told now is told with everything else when there is a connection again.
    async fn tell(&self) {
        let (pipeline, changed) = self.news();
        if pipeline.is_empty() {
            return;
        }
        let told: Result<(), StoreError> =
            self.link.ask(async |mut live| pipeline.query_async(&mut live.connection).await).await;
        match told {
            Ok(()) => self.forget_left(&changed),
            Err(error) => {
                tracing::debug!(%error, "the other nodes could not be told");
                self.told().changed.extend(changed);
            }
        }
    }

    /// What is to be told, and of which seats.
    fn news(&self) -> (Pipeline, Vec<(RoomName, UserId)>) {
        let keys = self.link.keys();
        let mut pipeline = Pipeline::new();
        let mut told = self.told();
        let mut seen = HashSet::new();
        let changed = std::mem::take(&mut told.changed);
        let changed: Vec<_> = changed.into_iter().filter(|one| seen.insert(one.clone())).collect();
        for (room, id) in &changed {
            if let Some(kept) = told.seats.get(room).and_then(|seats| seats.get(id)) {
                self.tell_seat(&mut pipeline, keys, room, kept);
            }
        }
        for (channel, word) in told.words.drain(..) {
            pipeline.cmd("PUBLISH").arg(channel).arg(word).ignore();
        }
        (pipeline, changed)
    }

    fn tell_seat(&self, pipeline: &mut Pipeline, keys: &Keys, room: &RoomName, kept: &ToldPresence) {
        let ToldPresence { user, seat, leaves_at } = kept;
        let members = keys.room(room, "members");
        let (name, says) = wire::roster_entry(&self.node, user, leaves_at.map(|at| at.0));
        if *seat == Presence::Gone {
            pipeline.cmd("HDEL").arg(members).arg(name).ignore();
        } else {
            pipeline.cmd("SADD").arg(keys.seated(&self.node)).arg(room.as_str()).ignore();
            pipeline.cmd("HSET").arg(members).arg(name).arg(says).ignore();
        }
        pipeline.cmd("PUBLISH").arg(keys.news(room)).arg(wire::seat(&self.node, user, *seat)).ignore();
    }

    /// Forgets seats that are left, once the others know it.
    fn forget_left(&self, changed: &[(RoomName, UserId)]) {
        let mut told = self.told();
        for (room, id) in changed {
            // Whatever has changed again meanwhile is told once more.
            if told.changed.iter().any(|(other, user)| (other, user) == (room, id)) {
                continue;
            }
            if let Some(seats) = told.seats.get_mut(room) {
                if seats.get(id).is_some_and(|kept| kept.seat == Presence::Gone) {
                    seats.remove(id);
                }
                if seats.is_empty() {
                    told.seats.remove(room);
                }
            }
        }
    }

    fn say(&self, channel: String, word: String) {
        let mut told = self.told();
        if told.words.len() >= WAITING {
            told.words.pop_front();
        }
        told.words.push_back((channel, word));
        drop(told);
        self.changed.notify_one();
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing that holds the lock can panic half-way through a change.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster for RedisCluster {
    fn roster(&self, room: RoomName) -> BoxFuture<'_, Result<Roster, StoreError>> {
        async move {
            let keys = self.link.keys();
            let mut look = Pipeline::new();
            look.cmd("TIME");
            look.cmd("ZRANGE").arg(keys.nodes()).arg(0).arg(-1).arg("WITHSCORES");
            look.cmd("HGETALL").arg(keys.room(&room, "members"));
            let ((seconds, _), nodes, entries): Look =
                self.link.ask(async |mut live| look.query_async(&mut live.connection).await).await?;
            let now = clock::now();
            let is_there =
                |node: &NodeId| nodes.get(node.as_str()).is_some_and(|until| *until >= seconds * 1_000);
            let seats = entries.iter().filter_map(|(name, says)| wire::read_roster_entry(name, says));
            Ok(seats
                .filter(|(node, _, _)| *node != self.node)
                .filter_map(|(node, user, leaves_at)| match leaves_at {
                    Some(at) => (Millis(at) > now).then_some((node, user, Presence::Away)),
                    None => is_there(&node).then_some((node, user, Presence::Online)),
                })
                .collect())
        }
        .boxed()
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        async move {
            let keys = self.link.keys();
            let nodes: Vec<String> =
                self.link.command(redis::cmd("ZRANGE").arg(keys.nodes()).arg(0).arg(-1)).await?;
            let others = nodes.iter().filter_map(|node| NodeId::parse(node).ok());
            let mut seated = Pipeline::new();
            for node in others.filter(|node| *node != self.node) {
                seated.cmd("SMEMBERS").arg(keys.seated(&node));
            }
            if seated.is_empty() {
                return Ok(Vec::new());
            }
            let seated: Vec<Vec<String>> =
                self.link.ask(async |mut live| seated.query_async(&mut live.connection).await).await?;
            let seated: BTreeSet<RoomName> =
                seated.iter().flatten().filter_map(|room| RoomName::from_canonical(room).ok()).collect();
            // A node's rooms are those in which anybody has sat since it started; the room itself knows who still does.
            let mut taken = Pipeline::new();
            for room in &seated {
                taken.cmd("EXISTS").arg(keys.room(room, "members"));
            }
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let taken: Vec<bool> =
                self.link.ask(async |mut live| taken.query_async(&mut live.connection).await).await?;
            Ok(seated.into_iter().zip(taken).filter_map(|(room, taken)| taken.then_some(room)).collect())
        }
        .boxed()
    }

    fn seat(&self, room: &RoomName, user: &User, seat: Presence) {
        let leaves_at = (seat == Presence::Away).then(|| clock::now() + self.leave_grace_ms);
        let mut told = self.told();
        let kept = ToldPresence { user: user.clone(), seat, leaves_at };
        told.seats.entry(room.clone()).or_default().insert(user.id.clone(), kept);
        told.changed.push((room.clone(), user.id.clone()));
        drop(told);
        self.changed.notify_one();
    }

    fn typing(&self, room: &RoomName, user: &User) {
        self.say(self.link.keys().news(room), wire::typing(&self.node, user));
    }

    fn growing(&self, growing: &Growing) {
        let (channel, word) = (self.link.keys().news(&growing.room), wire::growing(&self.node, growing));
        // While nothing can be told, only how far it is by then is worth telling.
        self.told().words.retain(|(of, waits)| *of != channel || !wire::is_of(waits, growing));
        self.say(channel, word);
    }

    fn stop(&self, room: &RoomName, id: &ClientId, user: &UserId) {
        self.say(self.link.keys().news(room), wire::stop(&self.node, id, user));
    }

    fn introduce(&self, user: &UserId, client: &ClientId) {
        self.say(self.link.keys().control(), wire::introduced(&self.node, user, client));
    }

    fn log_out(&self, user: &UserId) {
        self.say(self.link.keys().control(), wire::logged_out(&self.node, user));
    }

    fn charge(&self, charges: &[Charge]) {
        for charges in charges.chunks(CHARGES) {
            self.say(self.link.keys().control(), wire::charged(&self.node, charges));
        }
    }

    fn is_single_node(&self) -> bool {
        false
    }

    fn end_logins(&self, user: &UserId) {
        self.say(self.link.keys().control(), wire::logins_ended(&self.node, user));
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            let goodbye = async {
                self.closed.store(true, Ordering::Relaxed);
                self.tell().await;
                let (keys, node) = (self.link.keys(), self.node.as_str());
                // Its people are expected back until then, by way of the others.
                let clear_at = clock::now() + self.leave_grace_ms;
                let mut leave = Pipeline::new();
                leave.cmd("ZADD").arg(keys.gone()).arg(clear_at.0).arg(node).ignore();
                leave.cmd("ZREM").arg(keys.nodes()).arg(node).ignore();
                self.link.ask(async |mut live| leave.query_async::<()>(&mut live.connection).await).await
            };
            if !matches!(timeout(DEADLINE, goodbye).await, Ok(Ok(()))) {
                tracing::warn!("the other nodes could not be told goodbye; they find out by themselves");
            }
        }
        .boxed()
    }
}
