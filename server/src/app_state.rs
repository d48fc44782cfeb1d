//! The state that all requests and connections of one server share, how it is opened, and the order in which
//! it is closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use chat::{protocol::ServerLine, room::SessionId};
use rand::RngExt as _;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use transport::{frame::Frame, outbound::Outbound};

use crate::{
    bots::{BotContext, BotList, Bots, running::Running},
    budget::Ledger,
    cluster::{SharedCluster, SingleNode, redis::RedisCluster},
    config::{Config, RedisAddress, StoreChoice},
    events::{CAPACITY, EventSender, StoreEvent},
    identity::{
        cookie::Identity,
        logins::Logins,
        nicknames::{self, Nicknames},
        recent_logins::RecentLogins,
        tokens::Tokens,
    },
    net::connection_limit::ConnectionLimit,
    ops::data_folder,
    random,
    rooms::Rooms,
    search::Search,
    service::Service,
    store::{
        SharedStore,
        instance_id::InstanceId,
        redis::{RedisStore, connection::Redis, cookies},
        sqlite::SqliteStore,
    },
};

/// Number of connections that a stopping server closes at once.
const DRAIN_BATCH: usize = 100;

/// Time for the sessions to end after they were told to, in addition to `--drain`.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The shared state.
pub(crate) struct AppState {
    pub(crate) config: Config,
    /// Identifies this server among those on one host name.
    pub(crate) instance_id: InstanceId,
    pub(crate) identity: Identity,
    /// The logins that are still valid.
    pub(crate) logins: Logins,
    pub(crate) budgets: Arc<Ledger>,
    pub(crate) recent_logins: RecentLogins,
    pub(crate) tokens: Tokens,
    pub(crate) nicknames: Arc<Nicknames>,
    pub(crate) rooms: Rooms,
    /// Operations on rooms and their logs.
    pub(crate) service: Arc<Service>,
    pub(crate) search: Arc<Search>,
    pub(crate) bots: Arc<Bots>,
    pub(crate) store: SharedStore,
    pub(crate) cluster: SharedCluster,
    /// Connections by the address that a trusted proxy names; direct connections are counted when they are
    /// accepted.
    pub(crate) forwarded: Arc<ConnectionLimit>,
    /// The task of every session, so that shutdown can await them.
    pub(crate) sessions: TaskTracker,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
    next_session: AtomicU64,
    /// Whether the store is available.
    available: AtomicBool,
}

/// The background tasks.
pub(crate) struct Background {
    redis_tasks: RedisTasks,
    indexer: JoinHandle<()>,
    maintenance: JoinHandle<()>,
}

/// The tasks that maintain the connections to Redis until everything else is closed.
#[derive(Default)]
struct RedisTasks {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The parts of the state that depend on the chosen store.
struct Opened {
    store: SharedStore,
    cluster: SharedCluster,
    instance_id: InstanceId,
    identity: Identity,
    search: Search,
}

impl Opened {
    /// Opens them in a data folder, which one process owns exclusively.
    fn in_folder(config: &Config, events: EventSender) -> anyhow::Result<Opened> {
        let folder = &config.data;
        data_folder::check(folder, data_folder::Use::Serve)?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
        let store = SqliteStore::open(folder, random::epoch(), config.retain, events)?
            .within(config.max_stored, config.min_free);
        let search = Search::new(folder, store.epoch());
        let store: SharedStore = Arc::new(store);
        let instance_id = InstanceId::open(folder)?;
        let identity = Identity::open(folder, instance_id.clone())?;
        data_folder::hand_over(folder);
        Ok(Opened { identity, instance_id, search, cluster: Arc::new(SingleNode), store })
    }
}

impl Opened {
    /// Opens them in Redis, which this node shares with others.
    async fn in_redis(
        config: &Config,
        address: &RedisAddress,
        events: EventSender,
        redis_tasks: &RedisTasks,
    ) -> anyhow::Result<Opened> {
        let Redis { link, channel, node } = Redis::open(config, address).await?;
        let (leave_grace_ms, lease) = (config.leave_grace.millis(), config.node_lease.0);
        let redis_cluster = Arc::new(RedisCluster::new(node.clone(), link.clone(), leave_grace_ms, lease));
        let cookie_keys = cookies::cookie_keys(&link, &[Identity::new_key()]).await?;
        let instance_id = cookies::instance_id(&link, InstanceId::draw()).await?;
        let RedisTasks { tasks, stop } = redis_tasks;
        tasks.spawn(cookies::maintain(link.clone(), cookie_keys.clone(), instance_id.clone(), stop.clone()));
        tasks.spawn(link.clone().run(events.clone(), stop.clone()));
        tasks.spawn(channel.clone().run(link.clone(), events.clone(), stop.clone()));
        tasks.spawn(redis_cluster.clone().run(events, stop.clone()));
        let store = Arc::new(RedisStore::start(link, channel, &node, config.retain));
        Ok(Opened {
            identity: Identity::of_keys(cookie_keys.iter().map(String::as_str), instance_id.clone())
                .context("the keys that sign logins")?,
            instance_id,
            search: Search::scan(store.clone()),
            cluster: redis_cluster,
            store,
        })
    }
}

impl AppState {
    /// Opens everything that the configuration names. Store events arrive on the returned receiver, for the
    /// dispatcher.
    pub(crate) async fn open(
        config: Config,
        stopping: CancellationToken,
    ) -> anyhow::Result<(Arc<AppState>, Background, mpsc::Receiver<StoreEvent>)> {
        let (event_sender, events) = mpsc::channel(CAPACITY);
        let redis_tasks = RedisTasks::default();
        let Opened { store, cluster, instance_id, identity, search } = match &config.store {
            StoreChoice::Sqlite => Opened::in_folder(&config, event_sender)?,
            StoreChoice::Redis(address) => Opened::in_redis(&config, address, event_sender, &redis_tasks)
                .await
                .with_context(|| format!("cannot use the {address}"))?,
        };
        let (missing, missed) = mpsc::channel(CAPACITY);
        let bot_list = Arc::new(BotList::open(config.bots.settings(), &store, config.text_limit)?);
        let budgets = Arc::new(Ledger::new(&config, !cluster.is_single_node()));
        let rooms = Rooms::new(
            store.clone(),
            cluster.clone(),
            config.leave_grace.millis(),
            config.backlog,
            (bot_list.of_rooms(), missing),
        );
        let nicknames = Nicknames::new(store.clone(), cluster.clone(), config.nickname_grace.millis())
            .without(bot_list.skeletons())
            .without(nicknames::reserved());
        let nicknames = Arc::new(nicknames);
        let search = Arc::new(search);
        let service = Arc::new(Service::new(store.clone(), rooms.clone(), search.clone(), config.max_rooms));
        let bot_context = BotContext {
            service: service.clone(),
            store: store.clone(),
            rooms: rooms.clone(),
            nicknames: nicknames.clone(),
            budgets: budgets.clone(),
            base_url: config.address(),
            text_limit: config.text_limit,
            node_lease: config.node_lease.0,
            is_single_node: config.store == StoreChoice::Sqlite,
            stopping: stopping.clone(),
            node: random::node_id(),
            running: Running::default(),
        };
        let state = Arc::new(AppState {
            identity,
            instance_id,
            logins: Logins::new(store.clone()),
            budgets: budgets.clone(),
            recent_logins: RecentLogins::new(store.clone()),
            tokens: Tokens::new(store.clone(), budgets),
            nicknames,
            rooms,
            service,
            search,
            bots: Bots::start(bot_list, Arc::new(bot_context), missed),
            store,
            cluster,
            forwarded: Arc::new(ConnectionLimit::new(config.max_per_address, 0)),
            sessions: TaskTracker::new(),
            stopping: stopping.clone(),
            next_session: AtomicU64::new(1),
            available: AtomicBool::new(true),
            config,
        });
        let indexer = {
            let (state, stopping) = (state.clone(), stopping.clone());
            tokio::spawn(async move { state.search.run(stopping).await })
        };
        let maintenance = {
            let state = state.clone();
            tokio::spawn(async move {
                tokio::join!(
                    state.nicknames.run(stopping.clone()),
                    state.logins.run(stopping.clone()),
                    state.recent_logins.run(stopping.clone()),
                    state.service.run(stopping.clone()),
                    state.budgets.run(|charges| state.cluster.charge(charges), stopping.clone()),
                );
            })
        };
        Ok((state, Background { redis_tasks, indexer, maintenance }, events))
    }

    /// Returns an id for a new session.
    pub(crate) fn new_session(&self) -> SessionId {
        SessionId(self.next_session.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns whether the store is available, by its latest report.
    pub(crate) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// Records whether the store is available.
    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, Ordering::Relaxed);
    }

    /// Disconnects all sessions, finishes what was accepted, and closes the store.
    pub(crate) async fn close(&self, background: Background, dispatcher: JoinHandle<()>) {
        self.drain().await;
        self.sessions.close();
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.sessions.wait()).await.is_err() {
            tracing::warn!(left = self.sessions.len(), "some connections did not close in time");
        }
        // Bots post their last answers into the rooms, so the rooms close after them.
        self.bots.close().await;
        self.rooms.close().await;
        // Readers of the log release it before the store closes.
        self.search.close().await;
        ended("indexer", background.indexer).await;
        self.cluster.close().await;
        self.store.close().await;
        background.redis_tasks.stop.cancel();
        background.redis_tasks.tasks.close();
        background.redis_tasks.tasks.wait().await;
        ended("dispatcher", dispatcher).await;
        ended("maintenance", background.maintenance).await;
        if matches!(self.config.store, StoreChoice::Sqlite) {
            data_folder::hand_over(&self.config.data);
        }
    }

    /// Tells every session when to reconnect, and closes the connections in batches.
    async fn drain(&self) {
        let sessions = self.nicknames.sessions();
        let spread_ms = self.config.drain.millis().max(1);
        for outbound in &sessions {
            let retry_ms = rand::rng().random_range(0..spread_ms);
            let line = Arc::new(Frame::of(ServerLine::Drain { retry_ms }));
            if outbound.push(&line).is_err() {
                tracing::trace!("a connection ended before it was drained");
            }
        }
        let batches: Vec<&[Arc<Outbound>]> = sessions.chunks(DRAIN_BATCH).collect();
        let pause = self.config.drain.0 / u32::try_from(batches.len().max(1)).unwrap_or(u32::MAX);
        for (index, batch) in batches.into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(pause).await;
            }
            for outbound in batch {
                outbound.close(chat::close::CloseCode::Restart);
            }
        }
    }
}

/// Waits until a background task has ended.
async fn ended(name: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, name, "a background task failed");
    }
}
