//! This node's membership in the cluster, over Redis: renews its lease, publishes its presence, and finds out
//! who is present elsewhere and which nodes are gone.
//!
//! Also holds the presence that the others must know: when Redis has lost it, or has considered this node
//! gone, it is published again in full.

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
    protocol::{StreamingAnswer, User},
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

/// How many heartbeats a node sends per lease.
const BEATS: u32 = 5;

/// How many messages other than presence may wait to be published; beyond that the oldest are dropped.
const WAITING: usize = 10_000;

/// The maximum number of charges per message.
const CHARGES: usize = 200;

/// The cluster over Redis.
pub(crate) struct RedisCluster {
    node: NodeId,
    link: Arc<Link>,
    leave_grace_ms: u64,
    /// How long a node without a heartbeat counts as live.
    lease: Duration,
    told: Mutex<Told>,
    changed: Notify,
    /// Whether this node has left the cluster: it sends no heartbeats from then on.
    closed: AtomicBool,
}

/// Redis's answer about a room's roster: its time in seconds, the live nodes, and the entries.
type Look = ((u64, u64), HashMap<String, u64>, HashMap<String, String>);

/// The state that the other nodes must know of this one.
#[derive(Default)]
struct Told {
    /// Every local presence that was published, or must be.
    seats: HashMap<RoomName, HashMap<UserId, ToldPresence>>,
    /// The presences that have changed since they were published.
    changed: Vec<(RoomName, UserId)>,
    /// Other messages, and their channels.
    words: VecDeque<(String, String)>,
}

struct ToldPresence {
    user: User,
    seat: Presence,
    leaves_at: Option<Millis>,
}

impl RedisCluster {
    /// Creates the cluster with no local presence. A user whose last session is gone counts as away for
    /// `leave_grace_ms`; a node without a heartbeat for `lease` counts as gone.
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

    /// Sends heartbeats and publishes changes until `stop`. Reports nodes that are gone.
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
                        // Retries what could not be published before, for example because Redis's memory was
                        // full.
                        self.tell().await;
                    }
                    () = self.changed.notified() => self.tell().await,
                    changed = live.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        if live.borrow_and_update().is_some() {
                            // It may be another server, or one that has lost its data.
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
            tracing::warn!(node = %lost, "another node left the cluster");
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

    /// Removes the presences of a node that is gone.
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

    /// Marks every presence to be published again.
    fn tell_all(&self) {
        let mut told = self.told();
        let all =
            told.seats.iter().flat_map(|(room, seats)| seats.keys().map(|id| (room.clone(), id.clone())));
        told.changed = all.collect();
        drop(told);
        self.changed.notify_one();
    }

    /// Publishes changes. What cannot be published now goes out with everything else after a reconnection.
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

    /// Returns the commands to publish, and the presences they cover.
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

    /// Forgets presences that are gone, once they are published.
    fn forget_left(&self, changed: &[(RoomName, UserId)]) {
        let mut told = self.told();
        for (room, id) in changed {
            // A presence that has changed again meanwhile is published once more.
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
        // No code that holds the lock can panic halfway through a change.
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
            // A node's set lists every room with members since its start; the roster itself knows who still
            // is a member.
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

    fn growing(&self, growing: &StreamingAnswer) {
        let (channel, word) = (self.link.keys().news(&growing.room), wire::growing(&self.node, growing));
        // While nothing can be published, only the latest progress is worth retaining.
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
                // Until then the other nodes expect this node's users to come back through them.
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
