//! The connection to Redis: reconnects when it breaks, greets the server before use, and gives up a server
//! that does not answer.
//!
//! The greeting compares the server's replication id with the stored one. If it changed, the latest messages
//! may be lost, and all logs start a new epoch before anybody can append to them. The redis crate's own
//! reconnection would let commands through before that, so connections are made here.

use std::{sync::Arc, time::Duration};

use chat::id::Epoch;
use rand::RngExt as _;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script,
    ServerErrorKind, aio::MultiplexedConnection,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    events::{EventSender, StoreEvent},
    random,
    store::{
        StoreError,
        redis::{
            key::Keys,
            live::{DEADLINE, LinkError, Live, line},
            requirements, spelling,
        },
    },
};

/// How often an idle connection is checked.
const BEAT: Duration = Duration::from_secs(2);

/// The longest wait before the first retry, and the longest of all; each failure doubles it.
const BACKOFF_BASE: Duration = Duration::from_millis(100);

const BACKOFF_CAP: Duration = Duration::from_secs(2);

/// The schema version of the data in Redis; data of any other version is not touched.
const SCHEMA: u32 = 2;

/// The previous version, in which a room's name had several spellings.
const BEFORE: u32 = 1;

/// Determines the epoch: a new one, if the server's replication history is not the stored one.
const GREETING: &str = include_str!("greeting.lua");

/// The link to Redis.
pub(crate) struct Link {
    client: Client,
    keys: Keys,
    live: watch::Sender<Option<Live>>,
    /// Signals that the connection should be checked.
    doubted: Notify,
}

impl Link {
    /// Connects for the first time; fails at once with the reason.
    pub(crate) async fn open(client: Client, keys: Keys) -> Result<Link, LinkError> {
        let link = Link { client, keys, live: watch::Sender::new(None), doubted: Notify::new() };
        let mut live = link.connect(0).await?;
        within(requirements::check(&mut live.connection)).await??;
        link.live.send_replace(Some(live));
        Ok(link)
    }

    /// Returns the connection, if there is one.
    pub(crate) fn live(&self) -> Result<Live, StoreError> {
        self.live.borrow().clone().ok_or_else(|| StoreError::Unavailable("Redis does not answer".to_owned()))
    }

    /// Watches the connection: each new one, and its loss.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Live>> {
        self.live.subscribe()
    }

    /// Returns the names of the keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Returns the client for further connections.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a request. If the answer is late, or shows that the server cannot serve, the connection is
    /// dropped.
    pub(crate) async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(Live) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        let live = self.live()?;
        let number = live.number;
        match timeout(DEADLINE, ask(live)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if is_final(&error) {
                    self.give_up(number);
                }
                Err(StoreError::Unavailable(line(&error)))
            }
            Err(_) => {
                self.give_up(number);
                Err(StoreError::Unavailable("Redis did not answer in time".to_owned()))
            }
        }
    }

    /// Runs one command.
    pub(crate) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.ask(async |mut live| command.query_async(&mut live.connection).await).await
    }

    /// Drops the connection: a new one determines the epoch again.
    pub(crate) fn greet_again(&self, stale: &Live) {
        self.give_up(stale.number);
    }

    /// Maintains the connection until `stop`. Reports when the first attempt to reconnect fails, and when
    /// Redis is back.
    pub(crate) async fn run(self: Arc<Self>, news: EventSender, stop: CancellationToken) {
        let mut number = 0;
        let told = async |news: &mpsc::Sender<StoreEvent>, available| {
            if news.send(StoreEvent::Available(available)).await.is_err() {
                tracing::trace!("nobody is left to hear of the store");
            }
        };
        while stop.run_until_cancelled(self.last()).await.is_some() {
            self.live.send_replace(None);
            let mut failures = 0;
            loop {
                number += 1;
                match self.connect(number).await {
                    Ok(live) => {
                        self.live.send_replace(Some(live));
                        break;
                    }
                    Err(error) => {
                        if failures == 0 {
                            tracing::error!(%error, "Redis cannot be used; it is tried again");
                            told(&news, false).await;
                        }
                        failures += 1;
                    }
                }
                let most = BACKOFF_BASE.saturating_mul(1 << failures.min(16)).min(BACKOFF_CAP);
                let wait = most.mul_f64(rand::rng().random_range(0.0..1.0));
                if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                    return;
                }
            }
            if failures > 0 {
                tracing::info!("Redis can be used again");
                told(&news, true).await;
            }
        }
    }

    /// Checks the connection now, because there is reason to doubt it.
    pub(crate) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// Returns once the current connection is unusable.
    async fn last(&self) {
        loop {
            tokio::select! {
                () = self.doubted.notified() => {}
                () = sleep(BEAT) => {}
            }
            let Ok(mut live) = self.live() else { return };
            match self.greet(&mut live.connection).await {
                Ok((epoch, generation)) if generation == live.generation && epoch == live.epoch => {}
                Ok(_) => {
                    tracing::warn!("Redis has another history than a moment ago");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "closing the connection to Redis");
                    return;
                }
            }
        }
    }

    fn give_up(&self, number: u64) {
        let given_up =
            self.live.send_if_modified(|live| live.take_if(|live| live.number == number).is_some());
        if given_up {
            self.doubt();
        }
    }

    async fn connect(&self, number: u64) -> Result<Live, LinkError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let (epoch, generation) = self.greet(&mut connection).await?;
        Ok(Live { connection, epoch, generation, number })
    }

    async fn greet(&self, connection: &mut MultiplexedConnection) -> Result<(Epoch, u64), LinkError> {
        let fresh = random::epoch();
        let script = Script::new(GREETING);
        let mut greeting = script.key(self.keys.meta());
        greeting.arg(fresh.as_str()).arg(SCHEMA);
        let (mut schema, mut epoch, mut generation): (u32, String, u64) =
            within(greeting.invoke_async(connection)).await??;
        if schema == BEFORE {
            within(spelling::rename(connection, &self.keys, (BEFORE, SCHEMA))).await??;
            (schema, epoch, generation) = within(greeting.invoke_async(connection)).await??;
        }
        if schema != SCHEMA {
            return Err(LinkError::Unfit(format!(
                "what lies there was written by another Teahouse (schema {schema}, this one knows {SCHEMA}); it is left \
                 as it was"
            )));
        }
        let epoch =
            Epoch::parse(&epoch).map_err(|error| LinkError::Unfit(format!("its epoch is none: {error}")))?;
        Ok((epoch, generation))
    }
}

async fn within<T>(answer: impl Future<Output = T>) -> Result<T, LinkError> {
    timeout(DEADLINE, answer).await.map_err(|_| LinkError::Silent)
}

/// Returns whether the connection has failed, or the server cannot serve.
fn is_final(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, MasterDown, ReadOnly};
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::Server(BusyLoading | MasterDown | ReadOnly))
}
