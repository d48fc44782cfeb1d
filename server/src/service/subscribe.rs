//! Following a room without a gap: entered first, read up to that moment, and everything later comes by the connection's
//! queue.

use std::sync::Arc;

use chat::{
    id::Epoch,
    protocol::{Head, Joined, Message, RoomPosition, Seq, User},
    room::SessionId,
    room_name::RoomName,
};
use transport::outbound::Outbound;

use super::{
    Service,
    authorize::{Action, authorize},
    read::{self, ReadError},
};
use crate::store::StoreError;

/// How often a room is entered whose log begins another life meanwhile, before whoever comes is asked to come again.
const ATTEMPTS: usize = 3;

/// As what somebody follows a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// A member, whom others see.
    Member,
    /// A program that listens; nobody sees it.
    Listener,
}

/// Whose connection is to follow a room.
pub(crate) struct Subscriber<'a> {
    pub(crate) user: &'a User,
    pub(crate) session: SessionId,
    pub(crate) membership: Membership,
    /// Where what the room says from now on goes.
    pub(crate) outbound: &'a Arc<Outbound>,
}

/// What a subscription begins with.
pub(crate) struct Subscribed {
    /// What was said up to the moment of entering, as much of it as fits into one answer: up to its `head`.
    pub(crate) joined: Joined,
    /// The log at the moment of entering. What lies between that and `joined` is read by [`Service::rest`].
    pub(crate) head: Head,
}

impl Service {
    /// Follows a room from `place` on: exactly what was missed since then, or the newest `backlog` messages where that
    /// cannot be told. The caller holds the subscriber's queue until it has told this.
    ///
    /// # Errors
    /// Returns why the room cannot be read. The session may be in the room even so: [`crate::rooms::Rooms::lose`] it.
    pub(crate) async fn subscribe(
        &self,
        subscriber: &Subscriber<'_>,
        room: &RoomName,
        place: &RoomPosition,
        backlog: u32,
    ) -> Result<Subscribed, ReadError> {
        let Subscriber { user, session, membership, outbound } = *subscriber;
        authorize(user, Action::Read, room)?;
        for _ in 0..ATTEMPTS {
            let entered = match membership {
                Membership::Member => self.rooms.enter(room, session, user, outbound).await?,
                Membership::Listener => self.rooms.listen(room, session, &user.id, outbound).await?,
            };
            let head = entered.head.clone();
            if let Some(joined) = read::since(&self.store, entered, place, backlog).await? {
                return Ok(Subscribed { joined, head });
            }
            // It finds out before it answers whoever enters next.
            self.rooms.look_again(room).await;
        }
        Err(StoreError::Unavailable("the room's log begins one life after another".to_owned()).into())
    }

    /// Reads the next messages of a subscription that did not fit into its answer: those after one seq and up to another, as
    /// many as fit; `None` if they are not kept any more.
    pub(crate) async fn rest(
        &self,
        (room, epoch): (&RoomName, &Epoch),
        range: (Seq, Seq),
    ) -> Result<Option<Vec<Message>>, StoreError> {
        read::piece(&self.store, room, epoch, range).await
    }
}
