//! Reading messages: size-limited pages for users and programs.

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

/// The maximum number of events in a resume; a client that missed more gets the newest page instead.
pub(crate) const RESUME: Seq = 1_000;

/// The maximum bytes of message text in one answer, beyond its first message. A client that does not read its
/// answer occupies that much of the server's memory.
const MOST_BYTES: usize = 256 * 1_024;

/// How many messages the first read fetches, since all may have the maximum length. Later reads fetch as many
/// as fit, judging by the earlier ones.
const STEP: u32 = 25;

/// The maximum number of messages per read.
const LONGEST_STEP: u32 = 200;

/// The reason why a read failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Service {
    /// Reads the newest `limit` messages up to a seq, or as many of them as fit into one answer.
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

    /// Reads the messages around a seq, or as many of them as fit into one answer.
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

    /// Reads a piece of a room's log as a page, as much of it as fits into one answer.
    pub(crate) async fn page(&self, user: &User, room: RoomName, piece: Piece) -> Result<Page, ReadError> {
        authorize(user, Action::Read, &room)?;
        Ok(page(&self.store, room, piece).await?)
    }

    /// Reads a piece of a room's log without a size limit. The caller bounds it.
    pub(crate) async fn piece(&self, user: &User, room: &RoomName, piece: Piece) -> Result<Slice, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.store.read(room.clone(), piece).await?)
    }

    /// Returns a page of a room's members, ordered by name: those after the given name, or the first ones.
    pub(crate) async fn members(
        &self,
        user: &User,
        room: &RoomName,
        after: Option<String>,
    ) -> Result<Members, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.rooms.members(room, after).await?)
    }

    /// Returns a room's head and members, as a session that enters sees them.
    pub(crate) async fn look(&self, user: &User, room: &RoomName) -> Result<RoomHead, ReadError> {
        authorize(user, Action::Read, room)?;
        Ok(self.rooms.look(room).await?)
    }

    /// Returns the epoch of the log that contains the caller's own message; `None` if it cannot be
    /// determined.
    pub(crate) async fn epoch_of(&self, message: &Message) -> Option<Epoch> {
        let piece = Piece::Between { after: message.seq.saturating_sub(1), upto: message.seq };
        let slice = self.store.read(message.room.clone(), piece).await.ok()?;
        let is_it = |other: &Message| other.id == message.id && other.user.id == message.user.id;
        slice.messages.iter().any(is_it).then_some(slice.epoch)
    }
}

/// Reads a room's messages up to the moment of entering: exactly those missed since `place`, or the newest
/// page. Returns `None` if the log's epoch has changed since then. An answer that would be too long ends at
/// its `head`; [`Service::rest`] reads the rest.
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
    // After the newest page, nothing remains to be read.
    let head = messages.last().map_or(head, |message| message.seq);
    let (members, events) = (stand.members, events(messages));
    Ok(Some(Joined { room, epoch, head, oldest, resumed, members, events }))
}

/// Reads messages after one seq and up to another, as many as fit into one answer; `None` if the first of
/// them are not retained any more.
pub(super) async fn missed(
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

/// Reads the newest `limit` messages up to a seq, or as many of them as fit into one answer.
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
        // Retention or a new epoch may have removed them meanwhile.
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

/// Returns how many messages to read next so that they fit into the rest of the answer, assuming the average
/// length of those already read.
fn step(read: &[Message]) -> u32 {
    let held = bytes(read);
    let fit = MOST_BYTES.saturating_sub(held).saturating_mul(read.len()) / held.max(1);
    u32::try_from(fit).unwrap_or(LONGEST_STEP).clamp(STEP, LONGEST_STEP)
}

/// Reads the messages around a seq, or as many of them as fit into one answer.
async fn around(store: &SharedStore, room: &RoomName, seq: Seq, limit: u32) -> Result<Slice, StoreError> {
    let mut slice = store.read(room.clone(), Piece::Around { seq, limit }).await?;
    let at = slice.messages.partition_point(|message| message.seq < seq);
    if bytes(&slice.messages) > MOST_BYTES {
        // Half of the answer for each side; the message itself counts towards the later half.
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

/// Returns how many of the first messages fit into one answer; at least one.
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

/// Reads a piece of a room's log as a page.
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
