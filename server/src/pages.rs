//! The pages: which one an address leads to, with what in it. The views themselves are in the `app` crate.

pub(crate) mod log;
mod place;
pub(crate) mod send;

use app::{
    boot::Boot,
    form::Form as ComposerForm,
    language::Language,
    login::{Login as LoginPage, LoginProblem},
    notice::Notice,
    shell,
};
use axum::{
    Form, Json,
    body::Body,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat::{
    id::UserId,
    protocol::{Event, Joined, Seq},
    room_name::RoomName,
};
use jiff::civil::Date;
use leptos::prelude::{IntoView, expect_context};
use leptos_axum::ResponseOptions;
pub(crate) use place::{PagePlace, places, turns};
use serde::Deserialize;

use crate::{
    api, clock,
    identity::Login,
    login_form::FormId,
    permission::{Action, may},
    problem::Problem,
    redirect,
    security::{self, Frames},
    session::reading,
    spelling,
    store::{Piece, Slice, StoreError},
    teahouse::Shared,
    visitor::Visitor,
};

/// How many messages a page shows around the one that it was asked for: 50 on either side.
const AROUND: u32 = 101;

/// What a page request may carry in its query.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// On `/login`: where to go afterwards.
    next: Option<String>,
    /// On `/login`: why one is here.
    why: Option<String>,
    /// On `/chat`: a room by name, from the form that works without JavaScript.
    room: Option<String>,
    /// In a room: the day to go to, as `2026-11-20`.
    day: Option<String>,
}

/// The form that changes the language.
#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`: the page, or on to the chat for those who are logged in and still have their name.
pub(crate) async fn login(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    // A query that makes no sense asks for nothing.
    let asked = asked.map(|query| query.0).unwrap_or_default();
    let next = redirect::local_path(asked.next.as_deref().unwrap_or_default());
    let known = teahouse.login(&visitor).await;
    let problem = match asked.why.as_deref() {
        Some("lost-name") => Some(LoginProblem::LostName),
        Some("logged-out") => Some(LoginProblem::LoggedOut),
        Some("other-user") if known.is_some() => Some(LoginProblem::OtherUser),
        Some("expired") => Some(LoginProblem::LoginNeeded),
        _ if known.is_none() && teahouse.identity.was_logged_in(&visitor.headers) => {
            Some(LoginProblem::LoginNeeded)
        }
        _ => None,
    };
    if matches!(problem, None | Some(LoginProblem::LoginNeeded))
        && let Some(login) = &known
        && matches!(teahouse.nicknames.claim(login).await, Ok(true))
    {
        return redirect::to(&next);
    }
    let nickname = known.map(|login| login.nickname.to_string()).unwrap_or_default();
    // One that a browser comes back to is the same, so that what was sent by it is known again.
    let known_form = FormId::of(&visitor.headers, &teahouse.house);
    let form = known_form.clone().unwrap_or_else(FormId::draw);
    let page = LoginPage {
        language: visitor.language,
        nickname,
        problem,
        next,
        unsent: String::new(),
        form: form.as_str().to_owned(),
    };
    let response = login_page(&teahouse, &visitor, StatusCode::OK, page).await;
    if known_form.is_some() {
        return response;
    }
    let secure = visitor.is_secure();
    redirect::add_cookie(response, &form.cookie(&teahouse.house, secure))
}

/// `GET /chat`: the lobby, or the room that the form asks for; or a day in it.
pub(crate) async fn lobby(teahouse: Shared, visitor: Visitor, asked: Asked) -> Response {
    match (asked.room.as_deref().map(RoomName::parse_any), asked.day) {
        (Some(Err(_)), _) => notice(&teahouse, &visitor, Notice::RoomUnfit).await,
        (Some(Ok(room)), Some(day)) => to_day(teahouse, visitor, room, &day).await,
        (Some(Ok(room)), None) => redirect::to(&room_path(&room)),
        (None, Some(day)) => to_day(teahouse, visitor, RoomName::lobby(), &day).await,
        (None, None) => chat(teahouse, visitor, RoomName::lobby(), None).await,
    }
}

/// `GET /chat/{room}`: the room, under its one proper address; or a day in it.
pub(crate) async fn room(teahouse: Shared, visitor: Visitor, name: &str, asked: Asked) -> Response {
    match (RoomName::parse_any(name), asked.day) {
        (Err(_), _) => notice(&teahouse, &visitor, Notice::RoomUnfit).await,
        (Ok(room), Some(day)) => to_day(teahouse, visitor, room, &day).await,
        (Ok(room), None) if room_path(&room) == format!("/chat/{}", encoded(name)) => {
            chat(teahouse, visitor, room, None).await
        }
        (Ok(room), None) => redirect::to(&room_path(&room)),
    }
}

/// `GET /chat/{room}/{seq}`: the room around one of its messages.
pub(crate) async fn message(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let Ok(Path((name, seq))) = path else {
        return notice(&teahouse, &visitor, Notice::RoomUnfit).await;
    };
    let Some(seq) = canonical_seq(&seq) else {
        return notice(&teahouse, &visitor, Notice::NotFound).await;
    };
    match RoomName::parse_any(&name) {
        Ok(room) if room.as_str() == name => return chat(teahouse, visitor, room, Some(seq)).await,
        _ => {}
    }
    // A link to a message leads to that message, whatever its room was called then.
    match spelling::meant(&teahouse.store, &name).await {
        Ok(Ok(room)) => redirect::to(&message_path(&room, seq)),
        Ok(Err(_)) => notice(&teahouse, &visitor, Notice::RoomUnfit).await,
        Err(error) => {
            tracing::error!(%error, "failed to look up a room by an earlier spelling");
            notice(&teahouse, &visitor, Notice::Unavailable).await
        }
    }
}

/// `GET /boot/{room}`: what a chat page is rendered from, for the client-only build.
pub(crate) async fn boot(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    room: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let unfit = |reason: &str| Problem::new(StatusCode::NOT_FOUND, "room_unfit", reason);
    let Path(room) = room.map_err(|_| unfit("a room's name in an address is percent-encoded UTF-8"))?;
    let login = teahouse
        .login(&visitor)
        .await
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "login_required", "log in first"))?;
    let room = RoomName::parse_any(&room).map_err(|error| unfit(&error.to_string()))?;
    if !may(&login.user(), Action::Read, &room) {
        let reason = format!("this user may not read {room}");
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", reason));
    }
    let place = PagePlace::take(&teahouse, &visitor, &login.id)
        .map_err(|none| Problem::too_often(std::time::Duration::from_secs(none.seconds)))?;
    let form = send::new_form(&visitor.headers);
    match make_boot(&teahouse, &visitor, &login, room, None, form).await {
        Ok(boot) => Ok(place.hold(Json(boot).into_response())),
        Err(error) => {
            tracing::error!(%error, "a room could not be read");
            Err(Problem::unavailable())
        }
    }
}

/// `POST /language`: remembers a language and leads back.
pub(crate) async fn speak(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    Form(form): Form<LanguageForm>,
) -> Response {
    if let Err(refused) = check_origin(&teahouse, &visitor, "a change of language").await {
        return refused;
    }
    // A language that is not spoken changes nothing.
    let language = Language::from_code(&form.lang).unwrap_or(visitor.language);
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax", language.code());
    redirect::with_cookies(&redirect::local_path(&form.next), [cookie.as_str()])
}

/// A file of the site, or the page that says there is nothing; to programs in their own form.
pub(crate) async fn file(State(teahouse): State<Shared>, visitor: Visitor, request: Request) -> Response {
    let path = request.uri().path();
    match teahouse.site.answer(path, request.headers()) {
        Some(answer) => answer,
        None if api::is_for_programs(path) => api::nothing().await,
        None => notice(&teahouse, &visitor, Notice::NotFound).await,
    }
}

/// The login page, with a status that says what was wrong.
pub(crate) async fn login_page(
    teahouse: &Shared,
    visitor: &Visitor,
    status: StatusCode,
    page: LoginPage,
) -> Response {
    let assets = teahouse.site.assets().clone();
    render(teahouse, visitor, status, Frames::Nothing, move || {
        shell::login_document(page.clone(), assets.clone())
    })
    .await
}

/// A page that says what went wrong, with the status that goes with it.
pub(crate) async fn notice(teahouse: &Shared, visitor: &Visitor, notice: Notice) -> Response {
    let status = StatusCode::from_u16(notice.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (assets, language) = (teahouse.site.assets().clone(), visitor.language);
    render(teahouse, visitor, status, Frames::Nothing, move || {
        shell::notice_document(language, notice, assets.clone())
    })
    .await
}

/// Refuses what a page of another origin asks for, with the page that says so; `what` is that, in the log.
pub(crate) async fn check_origin(teahouse: &Shared, visitor: &Visitor, what: &str) -> Result<(), Response> {
    let Err(foreign) = visitor.check_origin(teahouse) else { return Ok(()) };
    tracing::info!(%foreign, understood = %visitor.arrival, "{what} was refused");
    Err(notice(teahouse, visitor, Notice::Forbidden).await)
}

/// A place for a page of somebody's; or the page that says when to ask again.
async fn take_place(teahouse: &Shared, visitor: &Visitor, user: &UserId) -> Result<PagePlace, Response> {
    match PagePlace::take(teahouse, visitor, user) {
        Ok(place) => Ok(place),
        Err(none) => {
            let said = notice(teahouse, visitor, Notice::TooMany { seconds: none.seconds }).await;
            Err(none.retry_after(said))
        }
    }
}

/// The page of a room as it is now, or around one of its messages.
async fn chat(teahouse: Shared, visitor: Visitor, room: RoomName, focus: Option<Seq>) -> Response {
    let (login, place) = match let_in(&teahouse, &visitor, &room).await {
        Ok(let_in) => let_in,
        Err(elsewhere) => return elsewhere,
    };
    if focus.is_none()
        && let Some(known) = teahouse.look_alikes.of(&room).await
    {
        return redirect::to(&room_path(&known));
    }
    let form = send::new_form(&visitor.headers);
    let was_sent = form.sent.is_some();
    let mut response = draw_room(teahouse, visitor, login, room, focus, StatusCode::OK, form).await;
    if was_sent {
        response.headers_mut().append(header::SET_COOKIE, send::forget_sent());
    }
    place.hold(response)
}

/// The page of a room for somebody who was let in, with this form.
async fn draw_room(
    teahouse: Shared,
    visitor: Visitor,
    login: Login,
    room: RoomName,
    focus: Option<Seq>,
    status: StatusCode,
    form: ComposerForm,
) -> Response {
    let boot = match make_boot(&teahouse, &visitor, &login, room, focus, form).await {
        Ok(boot) => boot,
        Err(error) => {
            tracing::error!(%error, "a room could not be read");
            return notice(&teahouse, &visitor, Notice::Unavailable).await;
        }
    };
    if let Some(seq) = focus
        && !boot.room.events.iter().any(|event| event.seq() == Some(seq))
    {
        let said = (1..=boot.room.head).contains(&seq);
        let why = if said { Notice::MessageGone } else { Notice::NoMessage };
        return notice(&teahouse, &visitor, why).await;
    }
    let assets = teahouse.site.assets().clone();
    let draw = move || shell::chat_document(boot.clone(), assets.clone());
    // However many pages are asked for, some processors are left for those who talk.
    let _turn = teahouse.rendering.acquire().await;
    render(&teahouse, &visitor, status, Frames::Shows, draw).await
}

/// Leads to the first message of a day or later, as the reader's zone reckons days; or to the room, if there is none.
async fn to_day(teahouse: Shared, visitor: Visitor, room: RoomName, day: &str) -> Response {
    if let Err(elsewhere) = let_in(&teahouse, &visitor, &room).await {
        return elsewhere;
    }
    let Some(day) = self::day(day) else { return redirect::to(&room_path(&room)) };
    let at = visitor.time_zone.beginning(day);
    match teahouse.store.read(room.clone(), Piece::Since { at, limit: 1 }).await {
        Ok(Slice { messages, .. }) => redirect::to(&match messages.first() {
            Some(message) => format!("{}#m{}", message_path(&room, message.seq), message.seq),
            None => room_path(&room),
        }),
        Err(error) => {
            tracing::error!(%error, "a day could not be found");
            notice(&teahouse, &visitor, Notice::Unavailable).await
        }
    }
}

/// Whoever may read a room now, with a place for their page; or where to send those who may not.
async fn let_in(
    teahouse: &Shared,
    visitor: &Visitor,
    room: &RoomName,
) -> Result<(Login, PagePlace), Response> {
    let Some(login) = teahouse.login(visitor).await else {
        return Err(redirect::to(&login_path(&visitor.asked, None)));
    };
    let place = take_place(teahouse, visitor, &login.id).await?;
    if !may(&login.user(), Action::Read, room) {
        return Err(notice(teahouse, visitor, Notice::Forbidden).await);
    }
    match teahouse.nicknames.claim(&login).await {
        Ok(true) => Ok((login, place)),
        Ok(false) => Err(redirect::to(&login_path(&visitor.asked, Some("lost-name")))),
        Err(error) => {
            tracing::error!(%error, "a nickname could not be claimed");
            Err(notice(teahouse, visitor, Notice::Unavailable).await)
        }
    }
}

/// The room as its page begins: with its latest messages, or with those around one of them.
async fn make_boot(
    teahouse: &Shared,
    visitor: &Visitor,
    login: &Login,
    room: RoomName,
    focus: Option<Seq>,
    form: ComposerForm,
) -> Result<Boot, StoreError> {
    let user = login.user();
    let Slice { epoch, extent, messages } = match focus {
        Some(seq) => reading::around(&teahouse.store, &room, seq, AROUND).await?,
        None => reading::latest(&teahouse.store, &room, Seq::MAX, teahouse.config.backlog).await?,
    };
    let members = teahouse.rooms.look(&room).await?.members;
    let room = Joined {
        room,
        epoch,
        head: extent.head,
        oldest: extent.oldest,
        resumed: false,
        members,
        events: messages.into_iter().map(Event::Message).collect(),
    };
    let form = ComposerForm { key: teahouse.identity.form_key(login), ..form };
    let moments = room.events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.at),
        Event::Unknown(_) => None,
    });
    let offsets = visitor.time_zone.offsets(moments);
    Ok(Boot { user, language: visitor.language, room, focus, form, now: clock::now(), offsets })
}

/// The seq that a path names, in the one way to write it; one that is beyond all counting is beyond every log.
fn canonical_seq(text: &str) -> Option<Seq> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().unwrap_or(Seq::MAX))
}

/// A day, written as `2026-11-20`.
fn day(text: &str) -> Option<Date> {
    let digits = |range| text.get(range).filter(|part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()));
    if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return None;
    }
    let [year, month, day] = [digits(0..4)?, digits(5..7)?, digits(8..10)?];
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The one address of a room.
fn room_path(room: &RoomName) -> String {
    if *room == RoomName::lobby() { "/chat".to_owned() } else { format!("/chat/{}", encoded(room.as_str())) }
}

/// The one address of a message.
fn message_path(room: &RoomName, seq: Seq) -> String {
    format!("/chat/{}/{seq}", encoded(room.as_str()))
}

/// The login page, which leads on to `next`.
pub(crate) fn login_path(next: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!("&why={why}")).unwrap_or_default();
    format!("/login?next={}{why}", encoded(next))
}

/// As browsers encode a part of a path: what is no letter, digit or mark of that kind goes in percent-encoding.
pub(crate) fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    const PART: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, PART)
}

/// A page as an answer.
pub(crate) async fn render<IV: IntoView + 'static>(
    teahouse: &Shared,
    visitor: &Visitor,
    status: StatusCode,
    frames: Frames,
    view: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let reload = teahouse.site.assets().reload;
    let draw = move || {
        let response: ResponseOptions = expect_context();
        response.set_status(status);
        if let Some(nonce) = leptos::nonce::use_nonce()
            && let Ok(policy) = HeaderValue::from_str(&security::content_policy(&nonce, reload, frames))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.insert_header(header::X_FRAME_OPTIONS, frames.options());
        // What stands between server and browser leaves the page as it is, or says that it does not.
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
        response.insert_header(header::VARY, HeaderValue::from_static("cookie, accept-language"));
        view()
    };
    let mut request = Request::new(Body::empty());
    // The views look at no URL; the renderer wants one.
    if let Ok(uri) = visitor.asked.parse() {
        *request.uri_mut() = uri;
    }
    leptos_axum::render_app_to_stream_with_context(|| {}, draw)(request).await
}

#[cfg(test)]
mod tests {
    use chat::protocol::Seq;
    use jiff::civil::Date;

    use super::{canonical_seq, day};

    #[test]
    fn a_day_is_written_in_one_way_only() {
        assert_eq!(day("2026-11-20"), Some(Date::constant(2026, 11, 20)));
        assert_eq!(day("0001-01-01"), Some(Date::constant(1, 1, 1)));
        for nonsense in [
            "",
            "2026-02-30",
            "2026-13-01",
            "20261120",
            "2026-1-2",
            "+026-11-20",
            "2026-11-20 ",
            "yesterday",
            "二〇二六",
        ] {
            assert_eq!(day(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_seq_is_written_in_one_way_only() {
        assert_eq!(canonical_seq("0"), Some(0));
        assert_eq!(canonical_seq("1042"), Some(1_042));
        assert_eq!(canonical_seq("99999999999999999999999"), Some(Seq::MAX));
        for other in ["", "01", "+1", "-1", "1.0", "one", "１", " 1"] {
            assert_eq!(canonical_seq(other), None, "{other}");
        }
    }
}
