//! `POST /chat` and `POST /chat/{room}`: sends a message from the composer's form when JavaScript is
//! unavailable.
//!
//! A refused text comes back in the composer with the reason. A repeated form is sent only once: the message
//! id is derived from the form's nonce and the text.

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
use chat::{id::ClientId, protocol::RefusalCode, room_name::RoomName, text::MessageText};
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
    service::publish::PublishError,
    store::StoreError,
};

/// The largest form, in bytes. The message limit is checked after the form has been read, so that the text
/// can be given back.
pub(crate) const BODY_LIMIT: usize = 512 * 1_024;

/// The longest text that the login page gives back to a user whose login has ended, in bytes.
const UNSENT_LIMIT: usize = 64 * 1_024;

/// The composer's form.
#[derive(Default, Deserialize)]
pub(crate) struct Posted {
    #[serde(default)]
    text: String,
    #[serde(default)]
    nonce: String,
    #[serde(default, rename = "for")]
    key: String,
}

/// `POST /chat`: sends a message to the lobby.
pub(crate) async fn to_lobby(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    posted: Result<Form<Posted>, FormRejection>,
) -> Response {
    send(state, visitor, RoomName::lobby(), posted).await
}

/// `POST /chat/{room}`: sends a message to a room.
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
        // An invalid form counts as an empty message, which the page reports.
        Err(_) => Posted::default(),
    };
    let login = match author(&state, &visitor).await {
        Ok(login) => login,
        // A text longer than any message is not worth giving back.
        Err(_) if posted.text.len() > UNSENT_LIMIT => {
            return notice(&state, &visitor, Notice::TooLarge).await;
        }
        Err(problem) => return sign_in_again(&state, &visitor, &room, posted, problem).await,
    };
    // Every outcome leads to a rendered page, now or after the redirect.
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

/// The reason that a message was not sent.
struct Refusal {
    status: StatusCode,
    /// The reason in the user's language.
    problem: String,
    /// The retry delay in seconds, if a retry can succeed.
    wait_seconds: Option<u64>,
    /// Whether the next attempt is a different message, which needs a new nonce.
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

/// Publishes the message and returns its id, also if it was sent before.
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
        // A second attempt is a message of the user who makes it.
        return Err(Refusal { renews: true, ..Refusal::new(StatusCode::CONFLICT, problem) });
    }
    let user = login.user();
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let text = MessageText::parse(&posted.text, state.config.text_limit)
        .map_err(|error| Refusal::of_code(unfit, RefusalCode::from(error), visitor))?;
    let id = ClientId::of_form(&posted.nonce, text.as_str())
        .map_err(|_| Refusal::new(unfit, sentences.posted_damaged.to_owned()))?;
    // A question is charged to the address of its user's connection; a user who posts this form may have
    // none.
    if state.nicknames.address_of(&login.id).is_none() && state.bots.are_asked(room, text.as_str()) {
        let charged = state.budgets.charge_address(charged(visitor.client()), Cost::Question);
        charged.map_err(|exceeded| refusal(exceeded.into(), visitor))?;
    }
    let payer = Payer::new(&state.budgets, &login.id, charged(visitor.client()));
    let published = state.service.publish(&user, room, id.clone(), text, Some(payer)).await;
    published.map(|_| id).map_err(|error| refusal(error, visitor))
}

/// Converts the reason that a message was not published for the user.
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

/// Returns the posting user with the nickname claimed, or the reason that they must log in.
async fn author(state: &Arc<HttpState>, visitor: &Visitor) -> Result<Login, LoginProblem> {
    let login = visitor.login(state).await.ok_or(LoginProblem::LoginNeeded)?;
    match state.nicknames.claim(&login).await {
        Ok(true) => Ok(login),
        Ok(false) => Err(LoginProblem::LostName),
        // Publishing then fails too, and gives the text back.
        Err(error) => {
            tracing::warn!(%error, "failed to claim a nickname; the message goes on without");
            Ok(login)
        }
    }
}

/// Renders the login page with the unsent text.
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
        form: FormId::of(&visitor.headers, &state.instance_id)
            .map(|id| id.as_str().to_owned())
            .unwrap_or_default(),
    };
    login_page(state, visitor, StatusCode::UNAUTHORIZED, page).await
}
