//! The pages of rooms: a room's newest messages, those around a permalink, or those of a day; and the same
//! data as JSON for the client-only build.

use std::sync::Arc;

use app::{boot::Boot, form::Form as ComposerForm, notice::Notice, shell};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat::{
    protocol::{Event, Joined, Seq},
    room_name::RoomName,
};

use super::{
    address::{canonical_seq, day, encoded, login_path, message_path, room_path},
    form::{forget_sent, new_form},
    place::PagePlace,
    query::Asked,
    render::{notice, render, take_place},
};
use crate::{
    clock,
    http::{
        api_error::ApiError, middleware::security::Frames, redirect, request::visitor::Visitor,
        state::HttpState,
    },
    identity::login::Login,
    service::{
        authorize::{Action, authorize},
        read::ReadError,
    },
    store::{Piece, Slice, spelling},
};

/// How many messages a page shows around a permalink: 50 on either side.
const AROUND: u32 = 101;

/// `GET /chat`: the lobby; or redirects to the room in the form, or to a day.
pub(crate) async fn lobby(state: Arc<HttpState>, visitor: Visitor, asked: Asked) -> Response {
    match (asked.room.as_deref().map(RoomName::parse_any), asked.day) {
        (Some(Err(_)), _) => notice(&state, &visitor, Notice::RoomUnfit).await,
        (Some(Ok(room)), Some(day)) => to_day(state, visitor, room, &day).await,
        (Some(Ok(room)), None) => redirect::to(&room_path(&room)),
        (None, Some(day)) => to_day(state, visitor, RoomName::lobby(), &day).await,
        (None, None) => chat(state, visitor, RoomName::lobby(), None).await,
    }
}

/// `GET /chat/{room}`: the room; or redirects to its canonical address, or to a day.
pub(crate) async fn room(state: Arc<HttpState>, visitor: Visitor, name: &str, asked: Asked) -> Response {
    match (RoomName::parse_any(name), asked.day) {
        (Err(_), _) => notice(&state, &visitor, Notice::RoomUnfit).await,
        (Ok(room), Some(day)) => to_day(state, visitor, room, &day).await,
        (Ok(room), None) if room_path(&room) == format!("/chat/{}", encoded(name)) => {
            chat(state, visitor, room, None).await
        }
        (Ok(room), None) => redirect::to(&room_path(&room)),
    }
}

/// `GET /chat/{room}/{seq}`: the room around one of its messages.
pub(crate) async fn message(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let Ok(Path((name, seq))) = path else {
        return notice(&state, &visitor, Notice::RoomUnfit).await;
    };
    let Some(seq) = canonical_seq(&seq) else {
        return notice(&state, &visitor, Notice::NotFound).await;
    };
    match RoomName::parse_any(&name) {
        Ok(room) if room.as_str() == name => return chat(state, visitor, room, Some(seq)).await,
        _ => {}
    }
    // A permalink stays valid even if the spelling of room names has changed.
    match spelling::meant(&state.store, &name).await {
        Ok(Ok(room)) => redirect::to(&message_path(&room, seq)),
        Ok(Err(_)) => notice(&state, &visitor, Notice::RoomUnfit).await,
        Err(error) => {
            tracing::error!(%error, "failed to look up a room by an earlier spelling");
            notice(&state, &visitor, Notice::Unavailable).await
        }
    }
}

/// `GET /boot/{room}`: the data of a chat page, for the client-only build.
pub(crate) async fn boot(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    room: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let unfit = |reason: &str| ApiError::new(StatusCode::NOT_FOUND, "room_unfit", reason);
    let Path(room) = room.map_err(|_| unfit("a room's name in an address is percent-encoded UTF-8"))?;
    let login = visitor
        .login(&state)
        .await
        .ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "login_required", "log in first"))?;
    let room = RoomName::parse_any(&room).map_err(|error| unfit(&error.to_string()))?;
    let place = PagePlace::take(&state, &visitor, &login.id)
        .map_err(|none| ApiError::too_often(std::time::Duration::from_secs(none.seconds)))?;
    let form = new_form(&visitor.headers);
    match make_boot(&state, &visitor, &login, room, None, form).await {
        Ok(boot) => Ok(place.hold(Json(boot).into_response())),
        Err(error) => Err(error.into()),
    }
}

/// Renders a room with its newest messages, or around one of its messages.
async fn chat(state: Arc<HttpState>, visitor: Visitor, room: RoomName, focus: Option<Seq>) -> Response {
    let (login, place) = match let_in(&state, &visitor, &room).await {
        Ok(let_in) => let_in,
        Err(elsewhere) => return elsewhere,
    };
    if focus.is_none()
        && let Some(known) = state.service.look_alike(&room).await
    {
        return redirect::to(&room_path(&known));
    }
    let form = new_form(&visitor.headers);
    let was_sent = form.sent.is_some();
    let mut response = draw_room(state, visitor, login, room, focus, StatusCode::OK, form).await;
    if was_sent {
        response.headers_mut().append(header::SET_COOKIE, forget_sent());
    }
    place.hold(response)
}

/// Renders a room for an admitted user, with this form.
pub(super) async fn draw_room(
    state: Arc<HttpState>,
    visitor: Visitor,
    login: Login,
    room: RoomName,
    focus: Option<Seq>,
    status: StatusCode,
    form: ComposerForm,
) -> Response {
    let boot = match make_boot(&state, &visitor, &login, room, focus, form).await {
        Ok(boot) => boot,
        Err(error) => return unreadable(&state, &visitor, &error).await,
    };
    if let Some(seq) = focus
        && !boot.room.events.iter().any(|event| event.seq() == Some(seq))
    {
        let said = (1..=boot.room.head).contains(&seq);
        let why = if said { Notice::MessageGone } else { Notice::NoMessage };
        return notice(&state, &visitor, why).await;
    }
    let assets = state.site.assets().clone();
    let draw = move || shell::chat_document(boot.clone(), assets.clone());
    // Limits concurrent rendering, so that some processors remain for live sessions.
    let _turn = state.rendering.acquire().await;
    render(&state, &visitor, status, Frames::Shows, draw).await
}

/// Redirects to the first message on or after a day in the reader's time zone; to the room if there is none.
async fn to_day(state: Arc<HttpState>, visitor: Visitor, room: RoomName, day: &str) -> Response {
    let (login, _place) = match let_in(&state, &visitor, &room).await {
        Ok(let_in) => let_in,
        Err(elsewhere) => return elsewhere,
    };
    let Some(day) = self::day(day) else { return redirect::to(&room_path(&room)) };
    let at = visitor.time_zone.beginning(day);
    match state.service.piece(&login.user(), &room, Piece::Since { at, limit: 1 }).await {
        Ok(Slice { messages, .. }) => redirect::to(&match messages.first() {
            Some(message) => format!("{}#m{}", message_path(&room, message.seq), message.seq),
            None => room_path(&room),
        }),
        Err(error) => unreadable(&state, &visitor, &error).await,
    }
}

/// Renders the page for a room that cannot be read.
async fn unreadable(state: &Arc<HttpState>, visitor: &Visitor, error: &ReadError) -> Response {
    let why = match error {
        ReadError::Denied(_) => Notice::Forbidden,
        ReadError::Store(error) => {
            tracing::error!(%error, "failed to read a room for a page");
            Notice::Unavailable
        }
    };
    notice(state, visitor, why).await
}

/// Returns the user, if they may read the room now, with a permit for the page; otherwise the response for a
/// visitor who may not.
pub(super) async fn let_in(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    room: &RoomName,
) -> Result<(Login, PagePlace), Response> {
    let Some(login) = visitor.login(state).await else {
        return Err(redirect::to(&login_path(&visitor.asked, None)));
    };
    let place = take_place(state, visitor, &login.id).await?;
    if authorize(&login.user(), Action::Read, room).is_err() {
        return Err(notice(state, visitor, Notice::Forbidden).await);
    }
    match state.nicknames.claim(&login).await {
        Ok(true) => Ok((login, place)),
        Ok(false) => Err(redirect::to(&login_path(&visitor.asked, Some("lost-name")))),
        Err(error) => {
            tracing::error!(%error, "failed to claim a nickname");
            Err(notice(state, visitor, Notice::Unavailable).await)
        }
    }
}

/// Returns the initial data of a room's page: its newest messages, or those around one of them.
pub(super) async fn make_boot(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    login: &Login,
    room: RoomName,
    focus: Option<Seq>,
    form: ComposerForm,
) -> Result<Boot, ReadError> {
    let user = login.user();
    let Slice { epoch, extent, messages } = match focus {
        Some(seq) => state.service.around(&user, &room, seq, AROUND).await?,
        None => state.service.latest(&user, &room, Seq::MAX, state.config.backlog).await?,
    };
    let members = state.service.look(&user, &room).await?.members;
    let room = Joined {
        room,
        epoch,
        head: extent.head,
        oldest: extent.oldest,
        resumed: false,
        members,
        events: messages.into_iter().map(Event::Message).collect(),
    };
    let form = ComposerForm { key: state.identity.form_key(login), ..form };
    let moments = room.events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.at),
        Event::Unknown(_) => None,
    });
    let offsets = visitor.time_zone.offsets(moments);
    Ok(Boot { user, language: visitor.language, room, focus, form, now: clock::now(), offsets })
}
