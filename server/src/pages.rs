//! The pages: which one an address leads to, with what in it. The views themselves are in the `app` crate.

use app::{
    boot::Boot,
    language::Language,
    login::{Login as LoginPage, LoginProblem},
    notice::Notice,
    shell,
};
use axum::{
    Form, Json,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chat::{
    protocol::{Event, Joined, Seq},
    room_name::RoomName,
};
use leptos::prelude::{IntoView, expect_context};
use leptos_axum::ResponseOptions;
use serde::Deserialize;

use crate::{
    identity::Login,
    permission::{Action, may},
    redirect, security,
    store::{Piece, Slice, StoreError},
    teahouse::Shared,
    visitor::Visitor,
};

/// What a page request may carry in its query.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// On `/login`: where to go afterwards.
    next: Option<String>,
    /// On `/login`: why one is here.
    why: Option<String>,
    /// On `/chat`: a room by name, from the form that works without JavaScript.
    room: Option<String>,
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
    Query(asked): Query<Asked>,
) -> Response {
    let next = redirect::local_path(asked.next.as_deref().unwrap_or_default());
    let problem = match asked.why.as_deref() {
        Some("lost-name") => Some(LoginProblem::LostName),
        Some("logged-out") => Some(LoginProblem::LoggedOut),
        _ => None,
    };
    let known = teahouse.identity.of(&visitor.headers);
    if problem.is_none()
        && let Some(login) = &known
        && matches!(teahouse.nicknames.claim(login).await, Ok(true))
    {
        return redirect::to(&next);
    }
    let nickname = known.map(|login| login.nickname.to_string()).unwrap_or_default();
    let page = LoginPage { language: visitor.language, nickname, problem, next };
    login_page(&teahouse, &visitor, StatusCode::OK, page).await
}

/// `GET /chat`: the lobby, or the room that the form asks for.
pub(crate) async fn lobby(teahouse: Shared, visitor: Visitor, asked: Asked) -> Response {
    match asked.room {
        None => chat(teahouse, visitor, RoomName::lobby()).await,
        Some(room) => match RoomName::parse_any(&room) {
            Ok(room) => redirect::to(&room_path(&room)),
            Err(_) => notice(&teahouse, &visitor, Notice::RoomUnfit).await,
        },
    }
}

/// `GET /chat/{room}`: the room, under its one proper address.
pub(crate) async fn room(teahouse: Shared, visitor: Visitor, asked: &str) -> Response {
    match RoomName::parse_any(asked) {
        Ok(room) if room == RoomName::lobby() => redirect::to("/chat"),
        Ok(room) if room.as_str() == asked => chat(teahouse, visitor, room).await,
        Ok(room) => redirect::to(&room_path(&room)),
        Err(_) => notice(&teahouse, &visitor, Notice::RoomUnfit).await,
    }
}

/// `GET /boot/{room}`: what a chat page is rendered from, for the client-only build.
pub(crate) async fn boot(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    Path(room): Path<String>,
) -> Result<Json<Boot>, StatusCode> {
    let login = teahouse.identity.of(&visitor.headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let room = RoomName::parse_any(&room).map_err(|_| StatusCode::NOT_FOUND)?;
    if !may(&login.user(), Action::Read, &room) {
        return Err(StatusCode::FORBIDDEN);
    }
    match make_boot(&teahouse, &visitor, &login, room).await {
        Ok(boot) => Ok(Json(boot)),
        Err(error) => {
            tracing::error!(%error, "a room could not be read");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// `POST /language`: remembers a language and leads back.
pub(crate) async fn speak(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    Form(form): Form<LanguageForm>,
) -> Response {
    if visitor.check_origin(&teahouse).is_err() {
        return notice(&teahouse, &visitor, Notice::Forbidden).await;
    }
    // A language that is not spoken changes nothing.
    let language = Language::from_code(&form.lang).unwrap_or(visitor.language);
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax", language.code());
    redirect::with_cookie(&redirect::local_path(&form.next), &cookie)
}

/// A file of the site, or the page that says there is nothing.
pub(crate) async fn file(State(teahouse): State<Shared>, visitor: Visitor, request: Request) -> Response {
    match teahouse.site.answer(request.uri().path(), request.headers()) {
        Some(answer) => answer,
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
    render(teahouse, visitor, status, move || shell::login_document(page.clone(), assets.clone())).await
}

/// A page that says what went wrong, with the status that goes with it.
pub(crate) async fn notice(teahouse: &Shared, visitor: &Visitor, notice: Notice) -> Response {
    let status = StatusCode::from_u16(notice.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (assets, language) = (teahouse.site.assets().clone(), visitor.language);
    render(teahouse, visitor, status, move || shell::notice_document(language, notice, assets.clone())).await
}

async fn chat(teahouse: Shared, visitor: Visitor, room: RoomName) -> Response {
    let Some(login) = teahouse.identity.of(&visitor.headers) else {
        return redirect::to(&login_path(&visitor.asked, None));
    };
    if !may(&login.user(), Action::Read, &room) {
        return notice(&teahouse, &visitor, Notice::Forbidden).await;
    }
    match teahouse.nicknames.claim(&login).await {
        Ok(true) => {}
        Ok(false) => return redirect::to(&login_path(&visitor.asked, Some("lost-name"))),
        Err(error) => {
            tracing::error!(%error, "a nickname could not be claimed");
            return notice(&teahouse, &visitor, Notice::Unavailable).await;
        }
    }
    match make_boot(&teahouse, &visitor, &login, room).await {
        Ok(boot) => {
            let assets = teahouse.site.assets().clone();
            render(&teahouse, &visitor, StatusCode::OK, move || {
                shell::chat_document(boot.clone(), assets.clone())
            })
            .await
        }
        Err(error) => {
            tracing::error!(%error, "a room could not be read");
            notice(&teahouse, &visitor, Notice::Unavailable).await
        }
    }
}

/// The room with its latest messages, as its page begins.
async fn make_boot(
    teahouse: &Shared,
    visitor: &Visitor,
    login: &Login,
    room: RoomName,
) -> Result<Boot, StoreError> {
    let user = login.user();
    let latest = Piece::Latest { upto: Seq::MAX, limit: teahouse.config.backlog };
    let Slice { extent, messages } = teahouse.store.read(room.clone(), latest).await?;
    let members = teahouse.rooms.look(&room).await?.members;
    let room = Joined {
        room,
        epoch: teahouse.store.epoch(),
        head: extent.head,
        oldest: extent.oldest,
        resumed: false,
        members,
        events: messages.into_iter().map(Event::Message).collect(),
    };
    Ok(Boot { user, language: visitor.language, offset_minutes: visitor.offset_minutes, room, focus: None })
}

fn room_path(room: &RoomName) -> String {
    format!("/chat/{}", encoded(room.as_str()))
}

fn login_path(next: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!("&why={why}")).unwrap_or_default();
    format!("/login?next={}{why}", encoded(next))
}

/// As browsers encode a part of a path: what is no letter, digit or mark of that kind goes in percent-encoding.
fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    const PART: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, PART)
}

async fn render<IV: IntoView + 'static>(
    teahouse: &Shared,
    visitor: &Visitor,
    status: StatusCode,
    view: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let reload = teahouse.site.assets().reload;
    let draw = move || {
        let response: ResponseOptions = expect_context();
        response.set_status(status);
        if let Some(nonce) = leptos::nonce::use_nonce()
            && let Ok(policy) = HeaderValue::from_str(&security::content_policy(&nonce, reload))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
