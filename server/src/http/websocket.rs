//! WebSocket connections: decides who may connect, in which format and to which room. The session handles
//! everything after that.

use std::sync::Arc;

use axum::{
    extract::{OptionalFromRequestParts, Query, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chat::{
    close::CloseCode,
    name::Nickname,
    protocol::{RefusalCode, Refused, SUBPROTOCOL, ServerLine},
    room_name::RoomName,
};
use i18n::Language;
use rand::RngExt as _;
use serde::Deserialize;
use transport::{
    outbound::{Encoding, Outbound},
    socket::Socket,
    upgrade::{self, Upgrade},
    wire_format::{Plain, WireFormat},
};

use crate::{
    budget::{Cost, charged},
    http::{request::visitor::Visitor, state::HttpState},
    identity::login::Login,
    net::{
        connection::HeldPermit,
        connection_limit::{ConnectionPermit, Full},
    },
    random,
    realtime::session::Session,
};

/// The multiple of the frame limit up to which frames are read at all, so that one over the limit can be
/// refused without closing the connection.
const HARD_LIMIT: usize = 2;

/// The range of guest numbers, so large that the names of the last ten minutes' guests, which are not free
/// yet, take up little of it.
const GUEST_NUMBERS: std::ops::Range<u32> = 100_000..1_000_000;

/// How many guest names are tried before giving up.
const GUEST_NAMES: usize = 8;

/// The query parameters of a plain-text client.
#[derive(Debug, Default, Deserialize)]
struct Wishes {
    lang: Option<String>,
    echo: Option<String>,
    backlog: Option<u32>,
    room: Option<String>,
}

/// A request for a WebSocket, with its parameters and its connection's permit.
pub(crate) struct Door {
    upgrade: Upgrade,
    wishes: Wishes,
    place: Option<HeldPermit>,
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Door {
    type Rejection = Response;

    /// Returns `None` for a request that is no WebSocket upgrade.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Door>, Response> {
        if !upgrade::is_asked(&parts.headers) {
            return Ok(None);
        }
        let upgrade = Upgrade::of(parts).map_err(IntoResponse::into_response)?;
        let Query(wishes) = Query::try_from_uri(&parts.uri)
            .map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))?;
        let place = parts.extensions.get::<HeldPermit>().cloned();
        Ok(Some(Door { upgrade, wishes, place }))
    }
}

/// `GET /ws`: opens a WebSocket, or returns 426 for other requests.
pub(crate) async fn connect(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    door: Option<Door>,
) -> Response {
    if let Some(door) = door {
        return open(state, visitor, door, None).await;
    }
    let mut response = refuse(StatusCode::UPGRADE_REQUIRED, "this address is for WebSockets");
    response.headers_mut().insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    response
}

/// Opens the WebSocket, or refuses it: with a close code after the handshake if a page needs the reason, and
/// with a status instead of the handshake otherwise.
pub(crate) async fn open(
    state: Arc<HttpState>,
    visitor: Visitor,
    door: Door,
    room: Option<&str>,
) -> Response {
    if let Err(foreign) = visitor.check_origin(&state) {
        tracing::info!(%foreign, understood = %visitor.arrival, "a socket was refused");
        return refuse(StatusCode::FORBIDDEN, &foreign.to_string());
    }
    if state.stopping.is_cancelled() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
    }
    let Door { upgrade, wishes, place } = door;
    let limit = state.config.frame_limit.saturating_mul(HARD_LIMIT);
    let asked = upgrade.protocols();
    let known = asked.iter().any(|protocol| protocol == SUBPROTOCOL);
    if !known && !asked.is_empty() {
        let reason = format!("the subprotocol is {SUBPROTOCOL}, or none at all; not {}", asked.join(", "));
        return refuse(StatusCode::BAD_REQUEST, &reason);
    }
    let format = if known {
        WireFormat::Json
    } else {
        match plain(&state, &visitor, &wishes, room) {
            Ok(plain) => match state.service.look_alike(&plain.room).await {
                None => WireFormat::PlainText(plain),
                Some(known) => {
                    let reason = format!("there is a room that looks the same: {known}");
                    return refuse(StatusCode::NOT_FOUND, &reason);
                }
            },
            Err(reason) => return refuse(StatusCode::NOT_FOUND, &reason),
        }
    };
    let login = match (visitor.login(&state).await, &format) {
        (Some(login), _) => login,
        // A page can read a close code, but not the status of a failed handshake.
        (None, WireFormat::Json) => {
            return turn_away((upgrade, limit, place), format, CloseCode::LoginRequired, None);
        }
        (None, WireFormat::PlainText(plain)) if state.config.guests => {
            if let Err(exceeded) = state.budgets.charge_address(charged(visitor.client()), Cost::Login) {
                return refuse(StatusCode::TOO_MANY_REQUESTS, &exceeded.to_string());
            }
            match guest(&state, plain.language).await {
                Some(login) => {
                    let (nickname, user) = (&login.nickname, &login.id);
                    tracing::info!(%nickname, %user, address = %visitor.address(), "guest logged in");
                    login
                }
                None => return refuse(StatusCode::SERVICE_UNAVAILABLE, "no guest's name is free at present"),
            }
        }
        (None, WireFormat::PlainText(_)) => {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "log in first: POST /login with the form field `nickname`",
            );
        }
    };
    let forwarded = match admit(&state, &visitor) {
        Ok(forwarded) => forwarded,
        Err(full) => {
            return turn_away((upgrade, limit, place), format, CloseCode::TooMany, Some(full.to_string()));
        }
    };
    match state.nicknames.claim(&login).await {
        Ok(true) => {}
        Ok(false) => {
            let reason = "somebody else has taken the nickname meanwhile".to_owned();
            return turn_away((upgrade, limit, place), format, CloseCode::NicknameTaken, Some(reason));
        }
        Err(error) => {
            tracing::error!(%error, "failed to claim a nickname");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be used at present");
        }
    }
    let address = charged(visitor.client());
    let sessions = state.sessions.clone();
    upgrade.accept(known.then_some(SUBPROTOCOL), limit, move |socket| {
        // Created outside the task, which keeps the task's memory small for its whole life.
        let session = Session::begin(state.app.clone(), socket, login, format, address);
        sessions.track_future(async move {
            let _places = (place, forwarded);
            session.run().await;
        })
    })
}

/// Reserves a connection for an address behind a trusted proxy; direct connections were counted when they
/// were accepted.
pub(crate) fn admit(state: &HttpState, visitor: &Visitor) -> Result<Option<ConnectionPermit>, Full> {
    if visitor.arrival.is_trusted() {
        state.forwarded.admit(charged(visitor.client())).map(Some)
    } else {
        Ok(None)
    }
}

fn plain(state: &HttpState, visitor: &Visitor, wishes: &Wishes, room: Option<&str>) -> Result<Plain, String> {
    let room = match room.or(wishes.room.as_deref()) {
        None => RoomName::lobby(),
        Some(room) => RoomName::parse_any(room).map_err(|error| error.to_string())?,
    };
    let language = wishes.lang.as_deref().and_then(Language::from_code).unwrap_or(visitor.language);
    Ok(Plain {
        language,
        room,
        echo: wishes.echo.as_deref().is_some_and(|echo| !matches!(echo, "0" | "false")),
        backlog: wishes.backlog.unwrap_or(0).min(state.config.backlog),
        prefix: format!("plain-{:016x}-", rand::rng().random::<u64>()),
    })
}

/// Creates a guest login under a free name; `None` if no name was free or the store failed.
async fn guest(state: &HttpState, language: Language) -> Option<Login> {
    for _ in 0..GUEST_NAMES {
        let number = rand::rng().random_range(GUEST_NUMBERS);
        let name = match language {
            Language::English => format!("guest-{number}"),
            Language::Chinese => format!("访客{number}"),
        };
        let login = Login { id: random::user_id(), nickname: Nickname::parse(&name).ok()? };
        if matches!(state.nicknames.claim(&login).await, Ok(true)) {
            return Some(login);
        }
    }
    None
}

/// Accepts the handshake only to close the connection with a code and a reason.
fn turn_away(
    (upgrade, limit, place): (Upgrade, usize, Option<HeldPermit>),
    format: WireFormat,
    code: CloseCode,
    reason: Option<String>,
) -> Response {
    let protocol = matches!(format, WireFormat::Json).then_some(SUBPROTOCOL);
    upgrade.accept(protocol, limit, async move |mut socket: Socket| {
        // Counts as a connection until it is closed.
        let _place = place;
        let view = match format {
            WireFormat::Json => Encoding::Json,
            // A refusal does not depend on the user.
            WireFormat::PlainText(plain) => Encoding::PlainText(Box::new((plain, random::user_id()))),
        };
        let outbound = Outbound::to_socket(socket.stream(), 0, view);
        if let Some(reason) = reason {
            let code = match code {
                CloseCode::NicknameTaken => RefusalCode::NicknameTaken,
                _ => RefusalCode::TooManyConnections,
            };
            let refused = Refused { id: None, room: None, code, reason, retry_ms: None };
            outbound.answer(Some(ServerLine::Refused(refused)));
        }
        socket.close(&outbound, code).await;
    })
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{reason}\n")).into_response()
}
