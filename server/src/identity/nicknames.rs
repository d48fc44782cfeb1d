//! Nicknames of connected users: claims them in the store, renews them while their users are connected, and
//! releases them some time after. Also closes a user's connections.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chat::{
    close::CloseCode,
    id::{ClientId, UserId},
    name::{Nickname, Skeleton},
    room::SessionId,
    time::Millis,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    cluster::SharedCluster,
    identity::login::Login,
    net::address_block::Block,
    store::{Claim, SharedStore, StoreError},
};
use transport::outbound::Outbound;

/// The maximum time between renewals of connected users' nicknames.
const RENEW: Duration = Duration::from_mins(1);

/// Reserved nicknames: the built-in bot's name, whether or not the bot runs, and the roles of those who run a
/// server.
const RESERVED: [&str; 11] = [
    "小二",
    "admin",
    "administrator",
    "moderator",
    "host",
    "owner",
    "管理员",
    "管理員",
    "房主",
    "主持人",
    "店主",
];

/// Returns the skeletons of the reserved nicknames.
pub(crate) fn reserved() -> Vec<Skeleton> {
    let names = RESERVED.iter().map(|name| Nickname::parse(name).expect("they are nicknames"));
    names.map(|name| name.skeleton()).collect()
}

/// The nicknames and connections of all connected users.
pub(crate) struct Nicknames {
    store: SharedStore,
    cluster: SharedCluster,
    grace_ms: u64,
    /// Nicknames that no user may claim, because a program has them or because they suggest a role.
    taken: Vec<Skeleton>,
    present: Mutex<HashMap<UserId, Present>>,
    /// How many connections were closed because their clients did not read.
    slow_consumers: AtomicU64,
}

struct Present {
    login: Login,
    sessions: HashMap<SessionId, Connected>,
}

struct Connected {
    outbound: Arc<Outbound>,
    /// The address charged for the connection; `None` for this machine.
    address: Option<Block>,
    /// The client's id, once the client has sent it.
    client: Option<ClientId>,
}

/// How a session relates to the user's other sessions, once its client has identified itself.
pub(crate) enum Standing {
    /// The client's newest connection, with those that it replaces.
    Newest(Vec<Arc<Outbound>>),
    /// The client has a newer connection: this one is stale.
    Superseded,
}

impl Nicknames {
    /// Starts with no connected users. A nickname stays its user's for `grace_ms` after their last
    /// connection.
    pub(crate) fn new(store: SharedStore, cluster: SharedCluster, grace_ms: u64) -> Nicknames {
        Nicknames {
            store,
            cluster,
            grace_ms,
            taken: Vec::new(),
            present: Mutex::default(),
            slow_consumers: AtomicU64::new(0),
        }
    }

    /// Adds nicknames that no user may claim.
    #[must_use]
    pub(crate) fn without(mut self, taken: Vec<Skeleton>) -> Nicknames {
        self.taken.extend(taken);
        self
    }

    /// Claims or renews a user's nickname and returns whether the user holds it now. While the store cannot
    /// write, users who hold their nickname stay logged in: nobody can take it meanwhile, and they can still
    /// read.
    pub(crate) async fn claim(&self, login: &Login) -> Result<bool, StoreError> {
        let now = clock::now();
        let claim = claim(login, now, now + self.lease_ms());
        if self.taken.contains(&claim.skeleton) {
            return Ok(false);
        }
        match self.store.claim(claim.clone()).await {
            Err(error @ StoreError::Unavailable(_)) => match self.store.holds(claim).await {
                Ok(true) => Ok(true),
                _ => Err(error),
            },
            answered => answered,
        }
    }

    /// Releases the nickname at once and closes the user's connections.
    pub(crate) async fn log_out(&self, login: &Login) -> Result<(), StoreError> {
        self.end_sessions(&login.id, CloseCode::LoggedOut);
        self.cluster.log_out(&login.id);
        let now = clock::now();
        self.store.release(claim(login, now, now)).await
    }

    /// Breaks a user's connections on all nodes, because their other logins have ended: clients with a valid
    /// login reconnect.
    pub(crate) fn try_logins_again(&self, id: &UserId) {
        self.end_sessions(id, CloseCode::Restart);
        self.cluster.end_logins(id);
    }

    /// Closes a user's connections on this node.
    pub(crate) fn end_sessions(&self, id: &UserId, code: CloseCode) {
        for outbound in self.sessions_of(id) {
            outbound.close(code);
        }
    }

    /// Returns a user's connections on this node whose client has a newer one on another node.
    pub(crate) fn namesakes(&self, id: &UserId, client: &ClientId) -> Vec<Arc<Outbound>> {
        let present = self.present();
        let sessions = present.get(id).into_iter().flat_map(|user| user.sessions.values());
        let namesakes = sessions.filter(|one| one.client.as_ref() == Some(client));
        namesakes.map(|one| one.outbound.clone()).collect()
    }

    /// Registers a user's connection.
    pub(crate) fn arrive(
        &self,
        login: &Login,
        session: SessionId,
        (outbound, address): (Arc<Outbound>, Option<Block>),
    ) {
        self.present()
            .entry(login.id.clone())
            // From now on the user has the nickname of their newest connection.
            .and_modify(|present| present.login = login.clone())
            .or_insert_with(|| Present { login: login.clone(), sessions: HashMap::new() })
            .sessions
            .insert(session, Connected { outbound, address, client: None });
    }

    /// Records a session's client id and returns how the session relates to the others. Of the sessions with
    /// one client id the newest counts, even if older ones send theirs later.
    pub(crate) fn introduce(&self, id: &UserId, session: SessionId, client: ClientId) -> Standing {
        let mut present = self.present();
        let Some(user) = present.get_mut(id) else { return Standing::Newest(Vec::new()) };
        let namesakes = user.sessions.iter().filter(|(_, one)| one.client.as_ref() == Some(&client));
        let (older, newer): (Vec<_>, Vec<_>) =
            namesakes.filter(|(other, _)| **other != session).partition(|(other, _)| **other < session);
        if !newer.is_empty() {
            return Standing::Superseded;
        }
        let older = older.into_iter().map(|(_, one)| one.outbound.clone()).collect();
        self.cluster.introduce(id, &client);
        if let Some(one) = user.sessions.get_mut(&session) {
            one.client = Some(client);
        }
        Standing::Newest(older)
    }

    /// Removes a user's connection; after the last one the nickname stays theirs for the grace period only.
    /// `logged_out` users have released it themselves.
    pub(crate) async fn depart(&self, id: &UserId, session: SessionId, logged_out: bool) {
        let last = {
            let mut present = self.present();
            let Some(user) = present.get_mut(id) else { return };
            user.sessions.remove(&session);
            if user.sessions.is_empty() { present.remove(id) } else { None }
        };
        if let Some(last) = last.filter(|_| !logged_out) {
            let now = clock::now();
            if let Err(error) = self.store.release(claim(&last.login, now, now + self.grace_ms)).await {
                // The claim expires by itself.
                tracing::debug!(%error, "a nickname could not be released early");
            }
        }
    }

    /// Returns how many users are connected to this node.
    pub(crate) fn users(&self) -> usize {
        self.present().len()
    }

    /// Counts a connection closed because its client did not read.
    pub(crate) fn count_slow_consumer(&self) {
        self.slow_consumers.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many connections were closed because their clients did not read.
    pub(crate) fn slow_consumers(&self) -> u64 {
        self.slow_consumers.load(Ordering::Relaxed)
    }

    /// Returns the charged address of one of a user's connections to this node, if any has one.
    pub(crate) fn address_of(&self, id: &UserId) -> Option<Block> {
        self.present().get(id)?.sessions.values().find_map(|one| one.address)
    }

    /// Returns a user's connections on this node.
    pub(crate) fn sessions_of(&self, id: &UserId) -> Vec<Arc<Outbound>> {
        let present = self.present();
        let sessions = present.get(id).into_iter().flat_map(|user| user.sessions.values());
        sessions.map(|one| one.outbound.clone()).collect()
    }

    /// Returns all connections on this node.
    pub(crate) fn sessions(&self) -> Vec<Arc<Outbound>> {
        self.present()
            .values()
            .flat_map(|present| present.sessions.values())
            .map(|one| one.outbound.clone())
            .collect()
    }

    /// Renews the nicknames of connected users periodically, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let every = Duration::from_millis(self.lease_ms() / 3).min(RENEW);
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            let logins: Vec<Login> = self.present().values().map(|present| present.login.clone()).collect();
            for login in logins {
                if let Err(error) = self.claim(&login).await {
                    tracing::warn!(%error, "failed to store a nickname; retrying");
                }
            }
        }
    }

    /// Returns how long a claim lasts: at least three renewal periods.
    fn lease_ms(&self) -> u64 {
        let renew = u64::try_from(RENEW.as_millis()).expect("a minute fits");
        self.grace_ms.max(3 * renew)
    }

    fn present(&self) -> MutexGuard<'_, HashMap<UserId, Present>> {
        // No code that holds the lock can panic halfway through a change.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn claim(login: &Login, now: Millis, until: Millis) -> Claim {
    Claim { user: login.user(), skeleton: login.nickname.skeleton(), now, until }
}
