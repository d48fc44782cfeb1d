//! Reading what was said: the pages that people and programs ask for, each of a bounded size.

use chat::{
    id::Epoch,
    protocol::{Event, Head, Joined, Members, Message, Page, RoomPosition, Seq, User},
    room_name::RoomName,
};

use super::{
    Service,
    authorize::{Action, Denial, authorize},
};
use crate::{
    rooms::RoomHead,
    store::{Piece, SharedStore, Slice, StoreError},
};

/// How many events a resumption holds at the most; whoever missed more gets the newest page instead.
pub(crate) const RESUME: Seq = 1_000;

/// How many bytes of text one answer holds at the most, beyond its first message: whoever does not read it holds that much of
/// the server's memory.
const MOST_BYTES: usize = 256 * 1_024;

/// How many messages are read at once at first: all of them may be of the longest. Then as many as fit by what was read.
const STEP: u32 = 25;

/// How many are read at once at the most.
const LONGEST_STEP: u32 = 200;

/// Why nothing can be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Service {
    /// Reads the newest `limit` messages up to a seq, or as many of them as fit into an answer.
    pub(crate) async fn latest(
        &self,
        user: &User,
        room: &RoomName,
        upto: Seq,
        limit: u32,
    ) -> Result<Slice, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(latest(&self.store, room, upto, limit).await?)
    }

    /// Reads the messages around a seq, or as many of them as fit into an answer.
    pub(crate) async fn around(
        &self,
        user: &User,
        room: &RoomName,
        seq: Seq,
        limit: u32,
    ) -> Result<Slice, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(around(&self.store, room, seq, limit).await?)
    }

    /// Reads a piece of a room's log, as much of it as fits into an answer, as a page.
    pub(crate) async fn page(&self, user: &User, room: RoomName, piece: Piece) -> Result<Page, ReadError> {
        authorize(user, Action::Read, &room)?;
        Ok(page(&self.store, room, piece).await?)
    }

    /// Reads a piece of a room's log as it is. The caller bounds it.
    pub(crate) async fn piece(&self, user: &User, room: &RoomName, piece: Piece) -> Result<Slice, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.store.read(room.clone(), piece).await?)
    }

    /// Returns who is in a room: a page of them by name, those after a name or the first.
    pub(crate) async fn members(
        &self,
        user: &User,
        room: &RoomName,
        after: Option<String>,
    ) -> Result<Members, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.rooms.members(room, after).await?)
    }

    /// Returns who is in a room, as those see it who enter.
    pub(crate) async fn look(&self, user: &User, room: &RoomName) -> Result<RoomHead, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.rooms.look(room).await?)
    }

    /// Returns the life of the log in which a message of one's own stands, unless it cannot be told.
    pub(crate) async fn epoch_of(&self, message: &Message) -> Option<Epoch> {
        let piece = Piece::Between { after: message.seq.saturating_sub(1), upto: message.seq };
        let slice = self.store.read(message.room.clone(), piece).await.ok()?;
        let is_it = |other: &Message| other.id == message.id && other.user.id == message.user.id;
        slice.messages.iter().any(is_it).then_some(slice.epoch)
    }
}

/// What was said in a room up to the moment when it let somebody in: exactly what they missed since `place`, or the
/// newest page. Nothing, if the log has begun another life since then. What is too long for one answer goes up to its `head`,
/// and the rest follows it by [`piece`].
pub(super) async fn since(
    store: &SharedStore,
    stand: RoomHead,
    place: &RoomPosition,
    backlog: u32,
) -> Result<Option<Joined>, StoreError> {
    let Head { room, epoch, seq: head } = stand.head;
    let known = place.seq.filter(|seq| place.epoch.as_deref() == Some(epoch.as_str()) && *seq <= head);
    let missed = match known.filter(|seq| head - seq <= RESUME) {
        Some(after) => missed(store, &room, &epoch, (after, head)).await?,
        None => None,
    };
    let resumed = missed.is_some();
    let Slice { epoch: read, extent, messages } = match missed {
        Some(missed) => missed,
        None => latest(store, &room, head, backlog).await?,
    };
    if read != epoch {
        return Ok(None);
    }
    let oldest = extent.oldest;
    // Of the newest page nothing follows.
    let head = messages.last().map_or(head, |message| message.seq);
    let (members, events) = (stand.members, events(messages));
    Ok(Some(Joined { room, epoch, head, oldest, resumed, members, events }))
}

/// The first of the messages after one seq and up to another, as many as fit into an answer; nothing if some of all of them
/// are not kept any more.
async fn missed(
    store: &SharedStore,
    room: &RoomName,
    epoch: &Epoch,
    (after, upto): (Seq, Seq),
) -> Result<Option<Slice>, StoreError> {
    let (mut found, mut last) = (None::<Slice>, after);
    loop {
        let known = found.as_ref().map_or(&[][..], |slice| &slice.messages);
        let next = upto.min(last + Seq::from(step(known)));
        let mut more = store.read(room.clone(), Piece::Between { after: last, upto: next }).await?;
        let seqs = more.messages.iter().map(|message| message.seq);
        if more.epoch != *epoch || !(last + 1..=next).eq(seqs) {
            return Ok(found);
        }
        let fits = fitting_in(more.messages.iter(), MOST_BYTES - bytes(known));
        let is_cut = fits < more.messages.len();
        more.messages.truncate(fits);
        let slice = match found {
            Some(mut slice) => {
                slice.messages.extend(more.messages);
                slice
            }
            None => more,
        };
        if is_cut || next == upto || bytes(&slice.messages) >= MOST_BYTES {
            return Ok(Some(slice));
        }
        (found, last) = (Some(slice), next);
    }
}

/// The next of the messages after one seq and up to another, as many as fit into an answer; nothing if they are not kept any
/// more.
pub(super) async fn piece(
    store: &SharedStore,
    room: &RoomName,
    epoch: &Epoch,
    range: (Seq, Seq),
) -> Result<Option<Vec<Message>>, StoreError> {
    Ok(missed(store, room, epoch, range).await?.map(|slice| slice.messages))
}

/// The newest `limit` messages up to a seq, or as many of them as fit into an answer.
async fn latest(store: &SharedStore, room: &RoomName, upto: Seq, limit: u32) -> Result<Slice, StoreError> {
    let mut whole = store.read(room.clone(), Piece::Latest { upto, limit: limit.min(STEP) }).await?;
    let mut left = limit.saturating_sub(STEP);
    while left > 0
        && bytes(&whole.messages) < MOST_BYTES
        && let Some(first) = whole.messages.first().map(|message| message.seq)
        && first > whole.extent.oldest
    {
        let piece = Piece::Latest { upto: first - 1, limit: left.min(step(&whole.messages)) };
        let earlier = store.read(room.clone(), piece).await?;
        // Retention, or another life of the log, may have taken them meanwhile.
        if earlier.epoch != whole.epoch
            || earlier.messages.last().is_none_or(|message| message.seq != first - 1)
        {
            break;
        }
        left = left.saturating_sub(u32::try_from(earlier.messages.len()).unwrap_or(u32::MAX));
        whole.messages.splice(0..0, earlier.messages);
    }
    let from = whole.messages.len() - fitting(whole.messages.iter().rev());
    whole.messages.drain(..from);
    Ok(whole)
}

/// How many messages to read next, as long on the average as these, so that they fit into what is left of an answer.
fn step(read: &[Message]) -> u32 {
    let held = bytes(read);
    let fit = MOST_BYTES.saturating_sub(held).saturating_mul(read.len()) / held.max(1);
    u32::try_from(fit).unwrap_or(LONGEST_STEP).clamp(STEP, LONGEST_STEP)
}

/// The messages around a seq, or as many of them as fit into an answer.
async fn around(store: &SharedStore, room: &RoomName, seq: Seq, limit: u32) -> Result<Slice, StoreError> {
    let mut slice = store.read(room.clone(), Piece::Around { seq, limit }).await?;
    let at = slice.messages.partition_point(|message| message.seq < seq);
    if bytes(&slice.messages) > MOST_BYTES {
        // Half of an answer for either side, the message itself with those that follow.
        let after = fitting_in(slice.messages[at..].iter(), MOST_BYTES / 2);
        let before = fitting_in(slice.messages[..at].iter().rev(), MOST_BYTES / 2);
        slice.messages.truncate(at + after);
        slice.messages.drain(..at - before);
    }
    Ok(slice)
}

fn bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.text.len()).sum()
}

/// How many of the first of these fit into an answer; one at least.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>) -> usize {
    fitting_in(messages, MOST_BYTES)
}

fn fitting_in<'a>(messages: impl Iterator<Item = &'a Message>, most: usize) -> usize {
    let mut held = 0;
    messages
        .take_while(|message| {
            let fits = held == 0 || held + message.text.len() <= most;
            held += message.text.len();
            fits
        })
        .count()
}

/// A piece of a room's log, as a page.
async fn page(store: &SharedStore, room: RoomName, piece: Piece) -> Result<Page, StoreError> {
    let Slice { epoch, extent, messages } = match piece {
        Piece::Latest { upto, limit } => latest(store, &room, upto, limit).await?,
        Piece::Around { seq, limit } => around(store, &room, seq, limit).await?,
        piece @ (Piece::Since { .. } | Piece::Between { .. }) => {
            let mut slice = store.read(room.clone(), piece).await?;
            slice.messages.truncate(fitting(slice.messages.iter()));
            slice
        }
    };
    Ok(Page { room, epoch, oldest: extent.oldest, events: events(messages) })
}

fn events(messages: Vec<Message>) -> Vec<Event> {
    messages.into_iter().map(Event::Message).collect()
}
