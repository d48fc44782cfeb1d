//! The way of a push into its room, or into all of them.

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
    service::publish::{PublishError, prepare},
};

/// How many rooms a push to all of them reaches at the most. Those that are open come first.
const ROOMS: usize = 1_000;

/// Into how many rooms a push goes at once, so that people's messages find room between them.
const AT_ONCE: usize = 32;

/// Where a push has come to stand.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Delivered {
    /// In the one room that it was for.
    There(MessagePlace),
    /// In all rooms, or in as many as it reaches.
    Everywhere {
        id: ClientId,
        places: Vec<MessagePlace>,
        /// How many rooms there are that it did not reach.
        left_out: usize,
    },
}

/// Where a message stands.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MessagePlace {
    room: RoomName,
    seq: Seq,
    id: ClientId,
    /// The life of the log, if it is still the one in which the message came to stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
}

/// Says a text wherever it is to be said, once: what was said before under this id gets its place again.
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
        let message = prepare(user, &room, id.clone(), text.clone()).map_err(PublishError::from)?;
        service.publish(message, None).await.map_err(|error| match error {
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
            // Every room is tried, whatever becomes of the others; a retry under the same id reaches the rest.
            let said: Vec<Result<Message, ApiError>> =
                stream::iter(rooms).map(publish).buffered(AT_ONCE).collect().await;
            let places: Vec<MessagePlace> =
                said.into_iter().map(|said| said.map(place)).collect::<Result<_, _>>()?;
            Ok(Delivered::Everywhere { id: id.clone(), places, left_out })
        }
    }
}

/// The rooms that a push to all of them reaches: the open ones, on whatever node, and the lobby first, then the others by name; and how many
/// there are beyond those.
async fn rooms(state: &HttpState) -> Result<(Vec<RoomName>, usize), ApiError> {
    let listed = tokio::try_join!(state.store.rooms(), state.cluster.rooms());
    let (spoken_in, elsewhere) = listed.map_err(|error| {
        tracing::warn!(%error, "the rooms could not be listed");
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
