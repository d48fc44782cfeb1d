//! What all requests and connections of one server share, and in what order it is let go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use chat::{id::Epoch, protocol::ServerLine, room::SessionId};
use rand::{Rng as _, RngExt as _};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    arrival::ProxyWarnings,
    bots::{Bots, running::Running},
    budget::Budgets,
    clock,
    config::{Config, RedisAddress, StoreChoice},
    folder,
    frame::Frame,
    hosts::Hosts,
    house::HouseId,
    identity::{Identity, Login},
    logins::{Logins, Ticket},
    look_alikes::LookAlikes,
    neighbours::{Alone, SharedNeighbours},
    news,
    nicknames::{self, Nicknames},
    occupancy::Occupancy,
    outbound::Outbound,
    pages,
    recent_logins::RecentLogins,
    redis::Redis,
    room_limit::RoomLimit,
    rooms::Rooms,
    search::Search,
    site::Site,
    store::{
        NEWS_CAPACITY, NewsSender, SharedStore,
        redis::{RedisStore, cookies},
        sqlite::SqliteStore,
    },
    tokens::Tokens,
    visitor::Visitor,
};

/// How many connections are let go at once when the server stops.
const DRAIN_BATCH: usize = 100;

/// How long the sessions may take to say goodbye once they have been told to, beside `--drain`.
const GOODBYE: Duration = Duration::from_secs(5);

/// A handle on what is shared.
pub(crate) type Shared = Arc<Teahouse>;

/// What is shared.
pub(crate) struct Teahouse {
    pub(crate) config: Config,
    pub(crate) site: Site,
    /// The names under which the server answers.
    pub(crate) hosts: Hosts,
    pub(crate) proxy_warnings: ProxyWarnings,
    /// Which house this is among those on one host name.
    pub(crate) house: HouseId,
    pub(crate) identity: Identity,
    /// Which logins hold.
    pub(crate) logins: Logins,
    pub(crate) budgets: Arc<Budgets>,
    /// Pages on their way, by address.
    pub(crate) page_places: Arc<Occupancy>,
    /// Taken by each page while it is rendered.
    pub(crate) rendering: Semaphore,
    pub(crate) recent_logins: RecentLogins,
    pub(crate) tokens: Tokens,
    pub(crate) nicknames: Nicknames,
    pub(crate) rooms: Rooms,
    pub(crate) room_limit: RoomLimit,
    pub(crate) look_alikes: LookAlikes,
    pub(crate) search: Search,
    pub(crate) bots: Bots,
    /// The answers that they are giving.
    pub(crate) running: Running,
    pub(crate) store: SharedStore,
    pub(crate) neighbours: SharedNeighbours,
    /// Connections by the address that a trusted proxy names; those that come straight are counted as they come in.
    pub(crate) forwarded: Arc<Occupancy>,
    /// Every session's task, so that a stop can await them.
    pub(crate) sessions: TaskTracker,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
    next_session: AtomicU64,
    /// Whether the store answers.
    available: AtomicBool,
}

/// The tasks that work behind the connections.
pub(crate) struct Background {
    router: JoinHandle<()>,
    keeping: Keeping,
    indexer: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

/// The tasks that keep the way to other machines open, until everything is closed.
#[derive(Default)]
struct Keeping {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What is kept of messages and people, and in what.
struct Kept {
    store: SharedStore,
    neighbours: SharedNeighbours,
    house: HouseId,
    identity: Identity,
    search: Search,
}

impl Kept {
    /// In a data folder, which one process has for itself.
    fn in_folder(config: &Config, news: NewsSender) -> anyhow::Result<Kept> {
        let folder = &config.data;
        folder::check(folder, folder::Use::Serve)?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
        let mut fresh = [0; 8];
        rand::rng().fill_bytes(&mut fresh);
        let store = SqliteStore::open(folder, Epoch::from_bytes(fresh), config.retain, news)?
            .within(config.max_stored, config.min_free);
        let search = Search::new(folder, store.epoch());
        let store: SharedStore = Arc::new(store);
        let house = HouseId::open(folder)?;
        let identity = Identity::open(folder, house.clone())?;
        folder::hand_over(folder);
        Ok(Kept { identity, house, search, neighbours: Arc::new(Alone), store })
    }
}

impl Kept {
    /// In Redis, which this node shares with others.
    async fn in_redis(
        config: &Config,
        address: &RedisAddress,
        news: NewsSender,
        keeping: &Keeping,
    ) -> anyhow::Result<Kept> {
        let Redis { link, channel, others, node } = Redis::open(config, address).await?;
        let cookie_keys = cookies::cookie_keys(&link, &[Identity::new_key()]).await?;
        let house = cookies::house(&link, HouseId::draw()).await?;
        let Keeping { tasks, stop } = keeping;
        tasks.spawn(cookies::keep(link.clone(), cookie_keys.clone(), house.clone(), stop.clone()));
        tasks.spawn(link.clone().keep(news.clone(), stop.clone()));
        tasks.spawn(channel.clone().keep(link.clone(), news.clone(), stop.clone()));
        tasks.spawn(others.clone().keep(news, stop.clone()));
        let store = Arc::new(RedisStore::start(link, channel, &node, config.retain));
        Ok(Kept {
            identity: Identity::of_keys(cookie_keys.iter().map(String::as_str), house.clone())
                .context("the keys that sign logins")?,
            house,
            search: Search::scan(store.clone()),
            neighbours: others,
            store,
        })
    }
}

impl Teahouse {
    /// Opens everything that the configuration names.
    pub(crate) async fn open(
        config: Config,
        stopping: CancellationToken,
    ) -> anyhow::Result<(Shared, Background)> {
        let (news_sender, news) = mpsc::channel(NEWS_CAPACITY);
        let keeping = Keeping::default();
        let Kept { store, neighbours, house, identity, search } = match &config.store {
            StoreChoice::Sqlite => Kept::in_folder(&config, news_sender)?,
            StoreChoice::Redis(address) => Kept::in_redis(&config, address, news_sender, &keeping)
                .await
                .with_context(|| format!("cannot use the {address}"))?,
        };
        let (missing, missed) = mpsc::channel(NEWS_CAPACITY);
        let bots = Bots::open(config.bots.settings(), &store, config.address(), config.text_limit)?;
        let leave_grace_ms = config.leave_grace.millis();
        let nickname_grace_ms = config.nickname_grace.millis();
        let budgets = Arc::new(Budgets::new(&config, !neighbours.is_alone()));
        let rooms = Rooms::new(
            store.clone(),
            neighbours.clone(),
            leave_grace_ms,
            config.backlog,
            (bots.of_rooms(), missing),
        );
        let teahouse = Arc::new(Teahouse {
            site: Site::open(config.site.as_deref())?,
            hosts: Hosts::here(&config),
            proxy_warnings: ProxyWarnings::default(),
            identity,
            house,
            logins: Logins::new(store.clone()),
            budgets: budgets.clone(),
            page_places: pages::places(),
            rendering: pages::turns(),
            recent_logins: RecentLogins::new(store.clone()),
            look_alikes: LookAlikes::new(store.clone()),
            tokens: Tokens::new(store.clone(), budgets),
            nicknames: Nicknames::new(store.clone(), neighbours.clone(), nickname_grace_ms)
                .without(bots.skeletons())
                .without(nicknames::reserved()),
            room_limit: RoomLimit::new(store.clone(), rooms.clone(), config.max_rooms),
            rooms,
            search,
            bots,
            running: Running::default(),
            store,
            neighbours,
            forwarded: Arc::new(Occupancy::new(config.max_per_address, 0)),
            sessions: TaskTracker::new(),
            stopping: stopping.clone(),
            next_session: AtomicU64::new(1),
            available: AtomicBool::new(true),
            config,
        });
        teahouse.bots.start(&teahouse, missed, &teahouse.stopping);
        let router = tokio::spawn(news::pass_on(teahouse.clone(), news));
        let indexer = {
            let (teahouse, stopping) = (teahouse.clone(), stopping.clone());
            tokio::spawn(async move { teahouse.search.keep(stopping).await })
        };
        let keeper = {
            let teahouse = teahouse.clone();
            tokio::spawn(async move {
                tokio::join!(
                    teahouse.nicknames.keep(stopping.clone()),
                    teahouse.logins.run(stopping.clone()),
                    teahouse.recent_logins.run(stopping.clone()),
                    teahouse.room_limit.run(stopping.clone()),
                    teahouse.budgets.run(teahouse.neighbours.clone(), stopping.clone()),
                );
            })
        };
        Ok((teahouse, Background { router, keeping, indexer, keeper }))
    }

    /// The login with which a request comes, if it holds.
    pub(crate) async fn ticket(&self, visitor: &Visitor) -> Option<Ticket> {
        let ticket = self.identity.read(&visitor.headers, visitor.is_secure())?;
        self.logins.holds(&ticket, clock::now()).await.then_some(ticket)
    }

    /// Who a request comes from, if they are logged in.
    pub(crate) async fn login(&self, visitor: &Visitor) -> Option<Login> {
        self.ticket(visitor).await.map(|ticket| ticket.login)
    }

    /// A name for a new session.
    pub(crate) fn new_session(&self) -> SessionId {
        SessionId(self.next_session.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether the store answers, as far as it has said.
    pub(crate) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// The store answers, or does not any more.
    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, Ordering::Relaxed);
    }

    /// Lets everybody go, finishes what was taken, and closes the store.
    pub(crate) async fn close(&self, background: Background) {
        self.drain().await;
        self.sessions.close();
        if tokio::time::timeout(GOODBYE, self.sessions.wait()).await.is_err() {
            tracing::warn!(left = self.sessions.len(), "some connections did not end in time");
        }
        // Answers that were under way have their last word in the rooms.
        self.bots.close().await;
        self.rooms.close().await;
        // Those who read the log let go of it before the store does.
        self.search.close().await;
        ended("indexer", background.indexer).await;
        self.neighbours.close().await;
        self.store.close().await;
        background.keeping.stop.cancel();
        background.keeping.tasks.close();
        background.keeping.tasks.wait().await;
        ended("router", background.router).await;
        ended("keeper", background.keeper).await;
        if matches!(self.config.store, StoreChoice::Sqlite) {
            folder::hand_over(&self.config.data);
        }
    }

    /// Tells everybody when to come back, and closes their connections a batch at a time.
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
