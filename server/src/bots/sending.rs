//! Sends a bot's messages through the service, like everybody's. Retries while the store is unavailable.

use std::time::Duration;

use chat::{id::ClientId, protocol::User, room_name::RoomName, text::MessageText};
use tokio_util::sync::CancellationToken;

use crate::{
    service::{Service, publish::PublishError},
    store::StoreError,
    truncate::truncate,
};

/// The first and the longest wait before a retry.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// The outcome of sending a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendOutcome {
    /// The message is in the room, perhaps from an earlier attempt.
    Sent,
    /// Another message was sent under this id.
    Superseded,
    /// The bot may not send it to this room.
    Denied,
}

/// Sends a message exactly once, however often it is retried: the id identifies it. Retries until `stop`, and
/// tries once even after that.
pub(super) async fn send(
    service: &Service,
    message: (&RoomName, &User, &ClientId),
    text: &str,
    stop: &CancellationToken,
) -> Result<SendOutcome, StoreError> {
    insist(stop, || send_now(service, message, text)).await
}

/// Sends a message without retries.
pub(super) async fn send_now(
    service: &Service,
    (room, user, id): (&RoomName, &User, &ClientId),
    text: &str,
) -> Result<SendOutcome, StoreError> {
    match service.publish(user, room, id.clone(), text, None).await {
        Ok(_) => Ok(SendOutcome::Sent),
        Err(PublishError::IdReused) => Ok(SendOutcome::Superseded),
        Err(PublishError::Store(error)) => Err(error),
        Err(error @ (PublishError::Denied(_) | PublishError::NoRoom(_) | PublishError::Exceeded(_))) => {
            tracing::warn!(%room, bot = %user.id, %error, "a bot is not permitted to send its message");
            Ok(SendOutcome::Denied)
        }
    }
}

/// Runs a store operation until the store is available, or until `stop`.
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

/// Normalizes a text as a message, cut to `limit` characters (0 for no limit); `None` if it has no visible
/// characters.
pub(super) fn fit(text: &str, limit: usize) -> Option<String> {
    let whole = MessageText::parse(text, 0).ok()?;
    let text = whole.as_str();
    if limit == 0 || text.chars().count() <= limit {
        return Some(text.to_owned());
    }
    Some(truncate(text, limit))
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
