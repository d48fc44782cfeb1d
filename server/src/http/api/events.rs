//! `GET /api/rooms/{room}/events`: follow a room, as server-sent events. Enters as a session does: listens first, reads the
//! log up to that moment, and then tells what comes, so that nothing is lost or doubled between.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat::{protocol::RoomPosition, room_name::RoomName};
use futures::stream;
use serde::Deserialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use utoipa::IntoParams;

use super::{
    caller::Caller,
    event_kind::{Other, Others},
    extract::{Limit, Room, Wish},
    follower::{Follower, Start},
    position::Position,
};
use crate::{
    http::{api_error::ApiError, request::visitor::Visitor, state::HttpState, websocket},
    net::connection::Line,
    service::{
        authorize::Action,
        read::ReadError,
        subscribe::{Membership, Subscribed, Subscriber},
    },
};
use transport::outbound::Outbound;

/// The longest that a program may ask to follow for, in seconds: a day.
const LONGEST: u32 = 86_400;

/// The most messages from before that a program may ask for.
const BACKLOG: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The `id` of the last event that was read: the stream goes on after it. The header `Last-Event-ID` counts before it.
    #[param(nullable = false, example = "9f2c4b1d8e7a6350:42")]
    last_event_id: Option<String>,
    /// Without a position: begin with so many of the newest messages.
    #[param(value_type = Option<u32>, nullable = false, minimum = 0, maximum = 200, default = 0)]
    backlog: Option<Limit<0, BACKLOG>>,
    /// What else to tell of, beside messages; several are separated by commas.
    #[param(value_type = Option<Vec<Other>>, nullable = false, min_items = 1, style = Form, explode = false)]
    also: Option<Others>,
    /// End the stream after so many seconds. With 0 it ends when all that was missed is told.
    #[serde(rename = "for")]
    #[param(value_type = Option<u32>, nullable = false, minimum = 0, maximum = 86_400)]
    seconds: Option<Limit<0, LONGEST>>,
}

/// Follow a room.
///
/// The answer is a stream of server-sent events that does not end by itself. The first is `start` or `reset`. Then come
/// `message`s, each with its position as `id`: first what was missed, then what is said. A stream that breaks off goes on
/// with exactly what was missed if the last `id` is named, up to 1,000 messages. Where it cannot, it says so with a `reset`
/// and why, and the newest page follows. A comment comes every 15 seconds. Whoever reads too slowly is cut off, and goes on
/// the same way. A program that follows is no member of the room.
#[utoipa::path(
    get, path = "/api/rooms/{room}/events", operation_id = "follow", tag = "Messages",
    params(
        ("room" = String, Path, description = "The room's name", min_length = 1, example = "kitchen"),
        Asked,
        (
            "Last-Event-ID" = Option<String>, Header, nullable = false,
            description = "The `id` of the last event that was read, as clients of such streams send it",
        ),
    ),
    responses((
        status = 200, description = "The stream, event by event", body = super::schema::StreamEvent,
        content_type = "text/event-stream",
    )),
    security(("token" = ["read"])),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -N -H \"Authorization: Bearer $TOKEN\" \"$TEAHOUSE/api/rooms/kitchen/events?backlog=10\"",
    }]))),
)]
pub(super) async fn follow(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
    Room(room): Room,
    Wish(asked): Wish<Asked>,
    visitor: Visitor,
    line: Option<Extension<Line>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.authorize(Action::Read, &room)?;
    if state.stopping.is_cancelled() {
        return Err(unavailable("stopping", "the server is stopping"));
    }
    let place = websocket::admit(&state, &visitor)
        .map_err(|full| unavailable("too_many_connections", full.to_string()))?;
    let last = match headers.get("last-event-id") {
        Some(value) => Some(value.to_str().unwrap_or_default().to_owned()),
        None => asked.last_event_id,
    };
    // A client of such streams sends an empty one when it has read none.
    let last = last.filter(|last| !last.is_empty());
    let now = Instant::now();
    let outbound = Arc::new(Outbound::new(state.config.queue_limit));
    let (sink, chunks) = mpsc::channel(1);
    let mut follower = Follower {
        session: state.new_session(),
        state: state.clone(),
        room,
        caller,
        outbound,
        also: asked.also.unwrap_or_default(),
        until: asked.seconds.map(|seconds| now + Duration::from_secs(seconds.0.into())),
        line: line.map(|Extension(line)| line),
        sink,
        position: None,
        head: 0,
    };
    let backlog = asked.backlog.map_or(0, |backlog| backlog.0);
    let (reply, begun) = oneshot::channel();
    // A task from the first word to the room on: whoever goes away meanwhile leaves no listener behind.
    state.sessions.spawn(async move {
        let _place = place;
        match enter(&follower, last.as_deref(), backlog).await {
            Ok(start) => {
                // Whoever does not wait any more has closed the stream too.
                let _ = reply.send(Ok(()));
                let first = follower.begin(start);
                follower.run(first).await;
            }
            Err(error) => {
                follower.leave().await;
                let _ = reply.send(Err(error.into()));
            }
        }
    });
    begun.await.unwrap_or_else(|_| Err(ApiError::unavailable()))?;
    let chunks = stream::unfold(chunks, async |mut chunks| {
        let chunk: String = chunks.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), chunks))
    });
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "private, no-store"),
        // Nginx would keep the events back until many have gathered.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((head, Body::from_stream(chunks)).into_response())
}

fn unavailable(code: &'static str, reason: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, reason).retry_after(Duration::from_secs(5))
}

/// Subscribes, and reads the first of what was said up to that moment: of exactly what was missed since `last`, or of the
/// newest page.
async fn enter(follower: &Follower, last: Option<&str>, backlog: u32) -> Result<Start, ReadError> {
    let Follower { state, room, session, caller, outbound, .. } = follower;
    let position = last.and_then(Position::parse);
    let place = position.as_ref().map_or_else(|| nowhere(room), |position| position.place(room));
    let page = if last.is_some() { state.config.backlog } else { backlog };
    let (user, membership) = (&caller.user, Membership::Listener);
    let subscriber = Subscriber { user, session: *session, membership, outbound };
    let Subscribed { joined, head } = state.service.subscribe(&subscriber, room, &place, page).await?;
    let reset = match (joined.resumed, last, position) {
        (true, ..) | (_, None, _) => None,
        (_, _, Some(position)) => Some(position.why_not(&head)),
        (_, _, None) => Some("this id names no position in the room's log".to_owned()),
    };
    Ok(Start { joined, head: head.seq, reset })
}

fn nowhere(room: &RoomName) -> RoomPosition {
    RoomPosition { room: room.to_string(), epoch: None, seq: None }
}
