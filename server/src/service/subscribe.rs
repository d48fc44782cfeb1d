//! Subscribing to a room without a gap: enters first, then reads up to that moment; everything later arrives
//! through the connection's queue.

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

/// How many times to enter a room whose log's epoch changes meanwhile, before the client is asked to retry.
const ATTEMPTS: usize = 3;

/// How a session takes part in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// A member, visible to others.
    Member,
    /// A program that only listens, invisible to others.
    Listener,
}

/// The connection that subscribes to a room.
pub(crate) struct Subscriber<'a> {
    pub(crate) user: &'a User,
    pub(crate) session: SessionId,
    pub(crate) membership: Membership,
    /// The queue for the room's later events.
    pub(crate) outbound: &'a Arc<Outbound>,
}

/// The start of a subscription.
pub(crate) struct Subscribed {
    /// The messages up to the moment of entering, as many as fit into one answer: up to its `head`.
    pub(crate) joined: Joined,
    /// The log's head at the moment of entering. [`Service::rest`] reads the messages between `joined` and
    /// this.
    pub(crate) head: Head,
}

impl Service {
    /// Subscribes to a room from `place` on: returns exactly the messages missed since then, or the newest
    /// `backlog` messages if they cannot be determined. The caller holds the subscriber's queue until it has
    /// sent the answer.
    ///
    /// # Errors
    /// Returns the reason why the room cannot be read. The session may be in the room nevertheless: call
    /// [`crate::rooms::Rooms::lose`].
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
            // The room notices the new epoch before it answers the next command.
            self.rooms.look_again(room).await;
        }
        Err(StoreError::Unavailable("the room's log begins one life after another".to_owned()).into())
    }

    /// Reads the next messages of a subscription that did not fit into its answer: those after one seq and up
    /// to another, as many as fit; `None` if they are not retained any more.
    pub(crate) async fn rest(
        &self,
        user: &User,
        (room, epoch): (&RoomName, &Epoch),
        range: (Seq, Seq),
    ) -> Result<Option<Vec<Message>>, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(read::missed(&self.store, room, epoch, range).await?.map(|slice| slice.messages))
    }
}
