//! `GET /api/rooms/{room}/events`: follows a room as a stream of server-sent events. Joins in the same order
//! as a session: it first subscribes, then reads the log up to that moment, and then sends new messages, so
//! that none is lost or sent twice.

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

/// The longest stream that a program may request, in seconds: a day.
const LONGEST: u32 = 86_400;

/// The most earlier messages that a program may request.
const BACKLOG: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The `id` of the last event read; the stream continues after it. The header `Last-Event-ID` takes
    /// precedence.
    #[param(nullable = false, example = "9f2c4b1d8e7a6350:42")]
    last_event_id: Option<String>,
    /// Without a position: begin with this many of the newest messages.
    #[param(value_type = Option<u32>, nullable = false, minimum = 0, maximum = 200, default = 0)]
    backlog: Option<Limit<0, BACKLOG>>,
    /// Events to send besides messages, separated by commas.
    #[param(value_type = Option<Vec<Other>>, nullable = false, min_items = 1, style = Form, explode = false)]
    also: Option<Others>,
    /// End the stream after this many seconds. With 0 it ends once all missed messages have been sent.
    #[serde(rename = "for")]
    #[param(value_type = Option<u32>, nullable = false, minimum = 0, maximum = 86_400)]
    seconds: Option<Limit<0, LONGEST>>,
}

/// Follow a room.
///
/// The response is a stream of server-sent events without an end. The first event is `start` or `reset`.
/// `message` events follow, each with its position as `id`: first the missed messages, then new ones. To
/// resume a broken stream, send the last `id`: the stream continues with exactly the missed messages, up to
/// 1,000. If that is impossible, it begins with a `reset` that gives the reason, followed by the newest page.
/// A comment is sent every 15 seconds. A client that reads too slowly is disconnected, and can resume in the
/// same way. A program that follows a room does not become its member.
#[utoipa::path(
    get, path = "/api/rooms/{room}/events", operation_id = "followRoom", tag = "Messages",
    params(
        ("room" = String, Path, description = "The room's name", min_length = 1, example = "kitchen"),
        Asked,
        (
            "Last-Event-ID" = Option<String>, Header, nullable = false,
            description = "The `id` of the last event that the client received",
        ),
    ),
    responses((
        status = 200, description = "A stream of events", body = super::schema::StreamEvent,
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
    // An EventSource client sends an empty id if it has read none.
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
    // Everything from subscribing on runs in a task, so that a client that disconnects meanwhile leaves no
    // listener behind.
    state.sessions.spawn(async move {
        let _place = place;
        match enter(&follower, last.as_deref(), backlog).await {
            Ok(start) => {
                // If the client no longer waits, it has closed the stream too.
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
        // Without this, nginx buffers events.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((head, Body::from_stream(chunks)).into_response())
}

fn unavailable(code: &'static str, reason: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, reason).retry_after(Duration::from_secs(5))
}

/// Subscribes, and reads the first messages up to that moment: those missed since `last`, or the newest page.
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
