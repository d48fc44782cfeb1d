//! `POST /chat` and `POST /chat/{room}`: a message from the composer's form, where no program runs in the browser.
//!
//! What is refused comes back in the composer, with the reason. What is posted again is sent once: the message's id
//! follows from the form's nonce and the text.

use std::sync::Arc;

use app::{
    form::Form as ComposerForm,
    login::{Login as LoginPage, LoginProblem},
    notice::Notice,
};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chat::{
    id::ClientId,
    protocol::RefusalCode,
    room_name::RoomName,
    text::{MessageText, TextError},
};
use cookie::Cookie;
use serde::Deserialize;

use super::{
    address::room_path,
    chat::draw_room,
    form::{SENT, SENT_SECONDS, is_nonce, new_nonce},
    login::login_page,
    render::{check_origin, notice, take_place},
};

use crate::{
    budget::{Cost, Payer, charged},
    http::{redirect, request::visitor::Visitor, state::HttpState},
    identity::{login::Login, login_form::FormId},
    service::publish::{PublishError, prepare},
    store::StoreError,
};

/// The largest form, in bytes. What a message may hold is judged after it was read, so that its words come back.
pub(crate) const BODY_LIMIT: usize = 512 * 1_024;

/// How many bytes of a text the login page gives back, for somebody whose login has ended.
const UNSENT_LIMIT: usize = 64 * 1_024;

/// What the composer's form holds.
#[derive(Default, Deserialize)]
pub(crate) struct Posted {
    #[serde(default)]
    text: String,
    #[serde(default)]
    nonce: String,
    #[serde(default, rename = "for")]
    key: String,
}

/// `POST /chat`: a message to the lobby.
pub(crate) async fn to_lobby(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    posted: Result<Form<Posted>, FormRejection>,
) -> Response {
    send(state, visitor, RoomName::lobby(), posted).await
}

/// `POST /chat/{room}`: a message to a room.
pub(crate) async fn to_room(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    Path(name): Path<String>,
    posted: Result<Form<Posted>, FormRejection>,
) -> Response {
    match RoomName::parse_any(&name) {
        Ok(room) => send(state, visitor, room, posted).await,
        Err(_) => notice(&state, &visitor, Notice::RoomUnfit).await,
    }
}

async fn send(
    state: Arc<HttpState>,
    visitor: Visitor,
    room: RoomName,
    posted: Result<Form<Posted>, FormRejection>,
) -> Response {
    if let Err(refused) = check_origin(&state, &visitor, "a posted message").await {
        return refused;
    }
    let posted = match posted {
        Ok(Form(posted)) => posted,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return notice(&state, &visitor, Notice::TooLarge).await;
        }
        // What is no form holds no message, which the page says.
        Err(_) => Posted::default(),
    };
    let login = match author(&state, &visitor).await {
        Ok(login) => login,
        // What is longer than any message is nobody's words.
        Err(_) if posted.text.len() > UNSENT_LIMIT => {
            return notice(&state, &visitor, Notice::TooLarge).await;
        }
        Err(problem) => return sign_in_again(&state, &visitor, &room, posted, problem).await,
    };
    // Whatever comes of it, a page is drawn for it now or next.
    let place = match take_place(&state, &visitor, &login.id).await {
        Ok(place) => place,
        Err(too_many) => return too_many,
    };
    if state.service.look_alike(&room).await.is_some() {
        return notice(&state, &visitor, Notice::RoomUnfit).await;
    }
    match append(&state, &visitor, &login, &room, &posted).await {
        Ok(id) => {
            let cookie = Cookie::build((SENT, id.to_string()))
                .path("/chat")
                .http_only(true)
                .same_site(cookie::SameSite::Lax)
                .max_age(cookie::time::Duration::seconds(SENT_SECONDS.into()));
            redirect::with_cookies(&room_path(&room), [cookie.to_string().as_str()])
        }
        Err(refusal) => {
            let Refusal { status, problem, wait_seconds, renews } = refusal;
            let nonce =
                Some(posted.nonce).filter(|nonce| !renews && is_nonce(nonce)).unwrap_or_else(new_nonce);
            let form = ComposerForm { nonce, text: posted.text, problem, ..ComposerForm::default() };
            let mut response = draw_room(state, visitor, login, room, None, status, form).await;
            if let Some(seconds) = wait_seconds {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            place.hold(response)
        }
    }
}

/// Why a message was not sent.
struct Refusal {
    status: StatusCode,
    /// For the reader, in their language.
    problem: String,
    /// In how many seconds the same may be tried again, if that helps.
    wait_seconds: Option<u64>,
    /// Whether the next attempt is another message than this one, and so needs another nonce.
    renews: bool,
}

impl Refusal {
    fn new(status: StatusCode, problem: String) -> Refusal {
        Refusal { status, problem, wait_seconds: None, renews: false }
    }

    fn of_code(status: StatusCode, code: RefusalCode, visitor: &Visitor) -> Refusal {
        let words = visitor.language.strings();
        let reason = (words.refusal)(code).unwrap_or_default();
        Refusal::new(status, (words.not_sent)(reason))
    }
}

/// Appends the message; returns its id, whether it is new or was sent before.
async fn append(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    login: &Login,
    room: &RoomName,
    posted: &Posted,
) -> Result<ClientId, Refusal> {
    let sentences = visitor.language.form_strings();
    if !state.identity.is_form_key(login, &posted.key) {
        let problem = (sentences.posted_as_other)(login.nickname.as_str());
        // Sent again, it is the message of the one who sends it then.
        return Err(Refusal { renews: true, ..Refusal::new(StatusCode::CONFLICT, problem) });
    }
    let user = login.user();
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let text = MessageText::parse(&posted.text, state.config.text_limit).map_err(|error| {
        let code = match error {
            TextError::Empty => RefusalCode::TextEmpty,
            TextError::TooLong { .. } => RefusalCode::TextTooLong,
        };
        Refusal::of_code(unfit, code, visitor)
    })?;
    let id = ClientId::of_form(&posted.nonce, text.as_str())
        .map_err(|_| Refusal::new(unfit, sentences.posted_damaged.to_owned()))?;
    // A question is charged to the address that its user is connected from, which nobody is who posts without the program.
    if state.nicknames.address_of(&login.id).is_none() && state.bots.are_asked(room, text.as_str()) {
        let charged = state.budgets.charge_address(charged(visitor.client()), Cost::Question);
        charged.map_err(|exceeded| refusal(exceeded.into(), visitor))?;
    }
    let payer = Payer::new(&state.budgets, &login.id, charged(visitor.client()));
    let published = match prepare(&user, room, id.clone(), text) {
        Ok(message) => state.service.publish(message, Some(payer)).await,
        Err(denial) => Err(denial.into()),
    };
    published.map(|_| id).map_err(|error| refusal(error, visitor))
}

/// Why a message was not published, for the reader.
fn refusal(error: PublishError, visitor: &Visitor) -> Refusal {
    let sentences = visitor.language.form_strings();
    let of_code = |status, code| Refusal::of_code(status, code, visitor);
    match error {
        PublishError::Denied(_) => of_code(StatusCode::FORBIDDEN, RefusalCode::Forbidden),
        PublishError::Exceeded(exceeded) => {
            let seconds = exceeded.wait.as_secs() + 1;
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, (sentences.posted_too_fast)(seconds));
            Refusal { wait_seconds: Some(seconds), ..refusal }
        }
        PublishError::NoRoom(_) | PublishError::Store(StoreError::Full(_)) => {
            of_code(StatusCode::INSUFFICIENT_STORAGE, RefusalCode::ServerFull)
        }
        PublishError::IdReused => {
            let problem = sentences.posted_damaged.to_owned();
            Refusal { renews: true, ..Refusal::new(StatusCode::CONFLICT, problem) }
        }
        PublishError::Store(error @ (StoreError::Unavailable(_) | StoreError::Closed)) => {
            tracing::warn!(%error, "failed to store a posted message; the sender keeps it");
            of_code(StatusCode::SERVICE_UNAVAILABLE, RefusalCode::StoreUnavailable)
        }
    }
}

/// Who posts, with their nickname claimed; or why they have to log in.
async fn author(state: &Arc<HttpState>, visitor: &Visitor) -> Result<Login, LoginProblem> {
    let login = visitor.login(state).await.ok_or(LoginProblem::LoginNeeded)?;
    match state.nicknames.claim(&login).await {
        Ok(true) => Ok(login),
        Ok(false) => Err(LoginProblem::LostName),
        // The append fails too then, and gives the words back.
        Err(error) => {
            tracing::warn!(%error, "failed to claim a nickname; the message goes on without");
            Ok(login)
        }
    }
}

/// The login page, which shows the words that were not sent.
async fn sign_in_again(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    room: &RoomName,
    posted: Posted,
    problem: LoginProblem,
) -> Response {
    let page = LoginPage {
        language: visitor.language,
        nickname: String::new(),
        problem: Some(problem),
        next: room_path(room),
        unsent: posted.text,
        form: FormId::of(&visitor.headers, &state.house).map(|id| id.as_str().to_owned()).unwrap_or_default(),
    };
    login_page(state, visitor, StatusCode::UNAUTHORIZED, page).await
}
