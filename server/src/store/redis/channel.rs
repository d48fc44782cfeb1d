//! The node's Redis subscription: one channel for each room followed here and one for the whole cluster,
//! however many sessions a room has.
//!
//! After a reconnection, or when this node could not keep up, events may be missing: the affected rooms are
//! told that they are behind, and read their logs again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{id::NodeId, room_name::RoomName};
use redis::{
    AsyncConnectionConfig, FromRedisValue as _, IntoConnectionInfo as _, ProtocolVersion, PushInfo, PushKind,
    RedisResult, aio::MultiplexedConnection,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    events::{EventSender, StoreEvent},
    store::{
        StoreError,
        redis::{
            link::Link,
            live::{DEADLINE, LinkError},
            wire,
        },
    },
};

/// How many messages may wait to be passed on; a node further behind reads everything again.
const WAITING: usize = 4_096;

/// How often an idle connection is checked.
const BEAT: Duration = Duration::from_secs(2);

/// How long to wait before subscribing again after a failure.
const PAUSE: Duration = Duration::from_millis(200);

/// A node's subscription.
pub(crate) struct Channel {
    /// The node whose own messages are ignored.
    node: NodeId,
    wishes: Mutex<Wishes>,
    changed: Notify,
}

#[derive(Default)]
struct Wishes {
    /// The followed rooms, and the callers waiting for their subscriptions.
    followed: HashMap<RoomName, Following>,
    /// The rooms that are no longer followed, but still subscribed.
    dropped: HashSet<RoomName>,
}

#[derive(Default)]
struct Following {
    is_heard: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Channel {
    /// Creates the subscription, with no room followed.
    pub(crate) fn new(node: NodeId) -> Channel {
        Channel { node, wishes: Mutex::default(), changed: Notify::new() }
    }

    /// Returns once everything published in a room from now on is received.
    pub(crate) async fn follow(&self, room: &RoomName) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        {
            let mut wishes = self.wishes();
            wishes.dropped.remove(room);
            let following = wishes.followed.entry(room.clone()).or_default();
            if following.is_heard {
                return Ok(());
            }
            following.waiting.push(reply);
        }
        self.changed.notify_one();
        if let Ok(Ok(())) = timeout(DEADLINE, answer).await {
            return Ok(());
        }
        let mut wishes = self.wishes();
        if let Some(following) = wishes.followed.get_mut(room) {
            following.waiting.retain(|waiting| !waiting.is_closed());
            if following.waiting.is_empty() && !following.is_heard {
                wishes.followed.remove(room);
            }
        }
        Err(StoreError::Unavailable("Redis does not answer".to_owned()))
    }

    /// Stops following a room.
    pub(crate) fn unfollow(&self, room: &RoomName) {
        let mut wishes = self.wishes();
        if wishes.followed.remove(room).is_some_and(|following| following.is_heard) {
            wishes.dropped.insert(room.clone());
        }
        drop(wishes);
        self.changed.notify_one();
    }

    /// Receives events until `stop`, on a connection of its own beside each of the link's.
    pub(crate) async fn run(self: Arc<Self>, link: Arc<Link>, news: EventSender, stop: CancellationToken) {
        let listening = async {
            let mut quiet = false;
            loop {
                let mut live = link.watch();
                if live.wait_for(Option::is_some).await.is_err() {
                    return;
                }
                live.mark_unchanged();
                let heard = tokio::select! {
                    heard = self.listen(&link, &news) => heard,
                    _ = live.changed() => Ok(()),
                };
                self.deafen();
                if heard.is_err() {
                    link.doubt();
                }
                match heard {
                    Err(error) if !quiet => {
                        tracing::warn!(%error, "this node cannot hear the others; it tries again");
                        quiet = true;
                    }
                    Err(_) => {}
                    Ok(()) => quiet = false,
                }
                sleep(PAUSE).await;
            }
        };
        stop.run_until_cancelled(listening).await;
    }

    async fn listen(&self, link: &Link, news: &EventSender) -> Result<(), LinkError> {
        let (sender, mut pushes) = mpsc::channel::<PushInfo>(WAITING);
        let overflow = Arc::new(Notify::new());
        let overflown = overflow.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_push_sender(move |push: PushInfo| {
                sender.try_send(push).map_err(|_| {
                    overflown.notify_one();
                    redis::aio::SendError
                })
            });
        let info = link.client().get_connection_info().clone();
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = redis::Client::open(info.into_connection_info()?.set_redis_settings(settings))?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(link.keys().control()).await?;
        self.subscribe(&mut connection, link, news).await?;
        loop {
            tokio::select! {
                push = pushes.recv() => match push {
                    Some(push) if push.kind == PushKind::Message => self.pass_on(&push, link, news).await,
                    Some(push) if push.kind != PushKind::Disconnection => {}
                    _ => return Err(LinkError::Unfit("the connection on which it listens broke".to_owned())),
                },
                () = self.changed.notified() => self.subscribe(&mut connection, link, news).await?,
                () = overflow.notified() => {
                    return Err(LinkError::Unfit("more was told than this node could pass on".to_owned()));
                }
                () = sleep(BEAT) => {
                    let answered: RedisResult<()> = redis::cmd("PING").query_async(&mut connection).await;
                    answered?;
                }
            }
        }
    }

    /// Subscribes to newly followed rooms, and unsubscribes from dropped ones.
    async fn subscribe(
        &self,
        connection: &mut MultiplexedConnection,
        link: &Link,
        news: &EventSender,
    ) -> Result<(), LinkError> {
        let (fresh, dropped) = {
            let mut wishes = self.wishes();
            let fresh = wishes.followed.iter().filter(|(_, following)| !following.is_heard);
            let fresh: Vec<RoomName> = fresh.map(|(room, _)| room.clone()).collect();
            (fresh, std::mem::take(&mut wishes.dropped))
        };
        let channels = |rooms: &mut dyn Iterator<Item = &RoomName>| -> Vec<String> {
            rooms.map(|room| link.keys().news(room)).collect()
        };
        if !dropped.is_empty() {
            connection.unsubscribe(channels(&mut dropped.iter())).await?;
        }
        if fresh.is_empty() {
            return Ok(());
        }
        connection.subscribe(channels(&mut fresh.iter())).await?;
        for room in fresh {
            let waiting = {
                let mut wishes = self.wishes();
                let Some(following) = wishes.followed.get_mut(&room) else {
                    wishes.dropped.insert(room);
                    self.changed.notify_one();
                    continue;
                };
                following.is_heard = true;
                std::mem::take(&mut following.waiting)
            };
            if waiting.is_empty() {
                // It was subscribed before, and events may have been missed meanwhile.
                pass(StoreEvent::Behind(room), news).await;
            }
            for waiting in waiting {
                // A caller that no longer waits has given up the room.
                let _ = waiting.send(());
            }
        }
        Ok(())
    }

    /// Marks all rooms as not subscribed.
    fn deafen(&self) {
        let mut wishes = self.wishes();
        wishes.dropped.clear();
        wishes.followed.values_mut().for_each(|following| following.is_heard = false);
    }

    async fn pass_on(&self, push: &PushInfo, link: &Link, news: &EventSender) {
        let [channel, payload] = push.data.as_slice() else { return };
        let (Ok(channel), Ok(payload)) =
            (String::from_redis_value_ref(channel), Vec::<u8>::from_redis_value_ref(payload))
        else {
            return;
        };
        if wire::is_from(&payload, &self.node) {
            return;
        }
        let Some(told) = wire::read(link.keys(), &channel, &payload) else {
            return tracing::debug!(%channel, "something was told that this version does not know");
        };
        pass(told, news).await;
    }

    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        // No code that holds the lock can panic halfway through a change.
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(told: StoreEvent, news: &EventSender) {
    if news.send(told).await.is_err() {
        tracing::trace!("the rooms are closed; nobody is left to tell");
    }
}
