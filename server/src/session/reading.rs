//! What a session reads of a room's log: what its user has missed, and the pages that they ask for. Asks nobody whether
//! they may; enters and answers nothing.

use chat::protocol::{Event, Head, History, Joined, Message, Page, Place, Seq};
use chat::room_name::RoomName;

use crate::{
    rooms::Stand,
    store::{Piece, SharedStore, Slice, StoreError},
};

/// How many events a resumption holds at the most; whoever missed more gets the newest page instead.
pub(crate) const RESUME: Seq = 1_000;

/// How many events a page of history holds at the most.
const PAGE: u32 = 200;

/// What was said in a room up to the moment when it let somebody in: exactly what they missed since `place`, or the
/// newest page. Nothing, if the log has begun another life since then.
pub(crate) async fn since(
    store: &SharedStore,
    stand: Stand,
    place: &Place,
    backlog: u32,
) -> Result<Option<Joined>, StoreError> {
    let Head { room, epoch, seq: head } = stand.head;
    let known = place.seq.filter(|seq| place.epoch.as_deref() == Some(epoch.as_str()) && *seq <= head);
    let missed = match known.filter(|seq| head - seq <= RESUME) {
        Some(after) => {
            let slice = store.read(room.clone(), Piece::Between { after, upto: head }).await?;
            // Only if all of them are still kept.
            Some(slice).filter(|slice| {
                slice.epoch == epoch
                    && (after + 1..=head).eq(slice.messages.iter().map(|message| message.seq))
            })
        }
        None => None,
    };
    let resumed = missed.is_some();
    let Slice { epoch: read, extent, messages } = match missed {
        Some(missed) => missed,
        None => store.read(room.clone(), Piece::Latest { upto: head, limit: backlog }).await?,
    };
    if read != epoch {
        return Ok(None);
    }
    let oldest = extent.oldest;
    let (members, events) = (stand.members, events(messages));
    Ok(Some(Joined { room, epoch, head, oldest, resumed, members, events }))
}

/// The piece of the log that is asked for; or what is wrong with the question.
pub(super) fn wanted(history: &History) -> Result<Piece, &'static str> {
    let limit = history.limit.min(PAGE);
    if limit == 0 {
        return Err("`limit` is 1 or more");
    }
    match (history.before, history.around, history.at) {
        (Some(before), None, None) => Ok(Piece::Latest { upto: before.saturating_sub(1), limit }),
        (None, Some(seq), None) => Ok(Piece::Around { seq, limit }),
        (None, None, Some(at)) => Ok(Piece::Since { at, limit }),
        _ => Err("`history` names exactly one of `before`, `around` and `at`"),
    }
}

/// A piece of a room's log, as a page.
pub(super) async fn page(store: &SharedStore, room: RoomName, piece: Piece) -> Result<Page, StoreError> {
    let Slice { epoch, extent, messages } = store.read(room.clone(), piece).await?;
    Ok(Page { room, epoch, oldest: extent.oldest, events: events(messages) })
}

fn events(messages: Vec<Message>) -> Vec<Event> {
    messages.into_iter().map(Event::Message).collect()
}
