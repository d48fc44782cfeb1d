//! How a program says something: through the same store as everybody, so that everybody hears it in the room's order. What
//! cannot be kept now is tried again.

use std::time::Duration;

use chat::{id::ClientId, protocol::User, room_name::RoomName, text::MessageText};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    service::authorize::{Action, may},
    store::{Appended, NewMessage, SharedStore, StoreError},
    truncate::cut,
};

/// How long to wait before what could not be done is tried again: at first, and at the most.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// What became of something that was to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendOutcome {
    /// It is said; perhaps it was already.
    So,
    /// Something else was said under this id.
    Otherwise,
    /// It may not be said in this room.
    Never,
}

/// Says something, once whatever happens: the id names it. Goes on trying until `stop`, and tries once even then.
pub(super) async fn say(
    store: &SharedStore,
    place: (&RoomName, &User, &ClientId),
    text: &str,
    stop: &CancellationToken,
) -> Result<SendOutcome, StoreError> {
    insist(stop, || say_now(store, place, text)).await
}

/// Says something, if it can be said now.
pub(super) async fn say_now(
    store: &SharedStore,
    (room, user, id): (&RoomName, &User, &ClientId),
    text: &str,
) -> Result<SendOutcome, StoreError> {
    if !may(user, Action::Say, room) {
        tracing::warn!(%room, bot = %user.id, "a bot may not speak in a room");
        return Ok(SendOutcome::Never);
    }
    let draft =
        NewMessage { room: room.clone(), id: id.clone(), user: user.clone(), text: text.into(), at: clock::now() };
    let kept = store.append(vec![draft]).await;
    match kept.failed {
        Some(error) => Err(error),
        None if kept.appended.contains(&Appended::Reused) => Ok(SendOutcome::Otherwise),
        None => Ok(SendOutcome::So),
    }
}

/// Does something with the store until it can be done, or until `stop`.
pub(super) async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
    stop: &CancellationToken,
    attempt: impl Fn() -> F,
) -> Result<T, StoreError> {
    let (mut wait, longest) = WAIT;
    loop {
        match attempt().await {
            Err(StoreError::Unavailable(_))
                if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() =>
            {
                wait = (wait * 2).min(longest);
            }
            done => return done,
        }
    }
}

/// A text as a message holds it, cut to `limit` characters (0 for any number); nothing if nothing in it can be seen.
pub(super) fn fit(text: &str, limit: usize) -> Option<String> {
    let whole = MessageText::parse(text, 0).ok()?;
    let text = whole.as_str();
    if limit == 0 || text.chars().count() <= limit {
        return Some(text.to_owned());
    }
    Some(cut(text, limit))
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(fit("一二三四", 3).as_deref(), Some("一二…"));
        assert_eq!(fit("一二三", 3).as_deref(), Some("一二三"));
        assert_eq!(fit("一二三四", 0).as_deref(), Some("一二三四"));
        assert_eq!(fit("\u{200b} \n", 10), None);
        assert_eq!(fit("a\r\nb\n", 10).as_deref(), Some("a\nb"));
    }
}
