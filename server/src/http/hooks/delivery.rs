//! Publishes a push to its room, or to all rooms.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::StatusCode;
use chat::{
    id::{ClientId, Epoch},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    text::MessageText,
};
use futures::{StreamExt as _, stream};
use serde::Serialize;

use crate::{
    http::{api_error::ApiError, state::HttpState},
    identity::tokens::{Holder, Target},
    service::publish::PublishError,
};

/// The most rooms that a push to all rooms reaches; open rooms come first.
const ROOMS: usize = 1_000;

/// How many rooms a push is published to concurrently, so that users' messages get their turn in between.
const AT_ONCE: usize = 32;

/// The positions of a delivered push.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Delivered {
    /// It went to a single room.
    There(MessagePlace),
    /// It went to all rooms, up to the limit.
    Everywhere {
        id: ClientId,
        places: Vec<MessagePlace>,
        /// The number of rooms beyond the limit.
        left_out: usize,
    },
}

/// The position of a message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MessagePlace {
    room: RoomName,
    seq: Seq,
    id: ClientId,
    /// The epoch of the message; missing if the room's log has begun a new one since.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
}

/// Publishes a text to the target exactly once: a retry under the same id returns the positions of the first
/// attempt.
pub(super) async fn deliver(
    state: &HttpState,
    holder: &Holder,
    user: &User,
    target: &Target,
    id: &ClientId,
    text: MessageText,
) -> Result<Delivered, ApiError> {
    let text: Arc<str> = text.into();
    let service = &state.service;
    let publish = async |room: RoomName| -> Result<Message, ApiError> {
        service.publish(user, &room, id.clone(), text.clone(), None).await.map_err(|error| match error {
            PublishError::IdReused => {
                let reason = "this Idempotency-Key was used before, for another message";
                ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "id_reused", reason)
            }
            error => error.into(),
        })
    };
    match target {
        Target::Room(room) => {
            let message = publish(room.clone()).await?;
            let epoch = service.epoch_of(&message).await;
            Ok(Delivered::There(MessagePlace { epoch, ..place(message) }))
        }
        Target::Everywhere => {
            let (rooms, left_out) = rooms(state).await?;
            if left_out > 0 {
                tracing::warn!(hook = %holder.id, left_out, "a push to all rooms reached {ROOMS} of them");
            }
            // Tries every room even if others fail; a retry under the same id reaches the rest.
            let said: Vec<Result<Message, ApiError>> =
                stream::iter(rooms).map(publish).buffered(AT_ONCE).collect().await;
            let places: Vec<MessagePlace> =
                said.into_iter().map(|said| said.map(place)).collect::<Result<_, _>>()?;
            Ok(Delivered::Everywhere { id: id.clone(), places, left_out })
        }
    }
}

/// Returns the rooms that a push to all rooms reaches, and the number of rooms beyond the limit. The lobby
/// and the rooms open on any node come first, then the others; each group is sorted by name.
async fn rooms(state: &HttpState) -> Result<(Vec<RoomName>, usize), ApiError> {
    let listed = tokio::try_join!(state.store.rooms(), state.cluster.rooms());
    let (spoken_in, elsewhere) = listed.map_err(|error| {
        tracing::warn!(%error, "failed to list rooms");
        ApiError::unavailable()
    })?;
    let open: BTreeSet<RoomName> =
        [RoomName::lobby()].into_iter().chain(state.rooms.names()).chain(elsewhere).collect();
    let others: BTreeSet<RoomName> = spoken_in.into_iter().filter(|room| !open.contains(room)).collect();
    let mut all: Vec<RoomName> = open.into_iter().chain(others).collect();
    let left_out = all.len().saturating_sub(ROOMS);
    all.truncate(ROOMS);
    Ok((all, left_out))
}

fn place(message: Message) -> MessagePlace {
    MessagePlace { room: message.room, seq: message.seq, id: message.id, epoch: None }
}
