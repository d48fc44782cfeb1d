//! `/login` and `/logout`: renders the login page, claims a nickname and sets the cookie, or releases and
//! deletes them.

use std::sync::Arc;

use app::{
    login::{Login as LoginPage, LoginProblem},
    notice::Notice,
    shell,
};
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chat::name::Nickname;
use serde::Deserialize;

use super::{
    query::Asked,
    render::{check_origin, notice, render},
};

use crate::{
    budget::{Cost, charged},
    clock,
    http::{middleware::security::Frames, redirect, request::visitor::Visitor, state::HttpState},
    identity::{login::Login, login_form::FormId, logins::Ticket, recent_logins::LoginKey},
    random,
};

/// `GET /login`: the page; or redirects to the chat a user who is logged in and still holds their nickname.
pub(crate) async fn login(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    // An invalid query counts as empty.
    let asked = asked.map(|query| query.0).unwrap_or_default();
    let next = redirect::local_path(asked.next.as_deref().unwrap_or_default());
    let known = visitor.login(&state).await;
    let problem = match asked.why.as_deref() {
        Some("lost-name") => Some(LoginProblem::LostName),
        Some("logged-out") => Some(LoginProblem::LoggedOut),
        Some("other-user") if known.is_some() => Some(LoginProblem::OtherUser),
        Some("expired") => Some(LoginProblem::LoginNeeded),
        _ if known.is_none() && state.identity.was_logged_in(&visitor.headers) => {
            Some(LoginProblem::LoginNeeded)
        }
        _ => None,
    };
    if matches!(problem, None | Some(LoginProblem::LoginNeeded))
        && let Some(login) = &known
        && matches!(state.nicknames.claim(login).await, Ok(true))
    {
        return redirect::to(&next);
    }
    let nickname = known.map(|login| login.nickname.to_string()).unwrap_or_default();
    // A browser keeps its form id, so that a repeated submission is recognised.
    let known_form = FormId::of(&visitor.headers, &state.instance_id);
    let form = known_form.clone().unwrap_or_else(FormId::draw);
    let page = LoginPage {
        language: visitor.language,
        nickname,
        problem,
        next,
        unsent: String::new(),
        form: form.as_str().to_owned(),
    };
    let response = login_page(&state, &visitor, StatusCode::OK, page).await;
    if known_form.is_some() {
        return response;
    }
    let secure = visitor.is_secure();
    redirect::add_cookie(response, &form.cookie(&state.instance_id, secure))
}

/// Renders the login page with the status of its problem.
pub(crate) async fn login_page(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    status: StatusCode,
    page: LoginPage,
) -> Response {
    let assets = state.site.assets().clone();
    render(state, visitor, status, Frames::Nothing, move || {
        shell::login_document(page.clone(), assets.clone())
    })
    .await
}

/// The form of the login page.
#[derive(Default, Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    nickname: String,
    #[serde(default)]
    next: String,
    /// The id of the form; empty if a script posts it.
    #[serde(default)]
    form: String,
}

/// The logout form.
#[derive(Default, Deserialize)]
pub(crate) struct LogOutForm {
    #[serde(default)]
    user: String,
    /// The path to continue to after a logout elsewhere.
    #[serde(default)]
    next: String,
}

/// `POST /login`: claims the nickname and redirects with the cookie, or renders the page again with the
/// problem.
pub(crate) async fn log_in(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    if let Err(refused) = check_origin(&state, &visitor, "a login").await {
        return refused;
    }
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return notice(&state, &visitor, Notice::TooLarge).await;
        }
        // An invalid form counts as an empty nickname, which the page reports.
        Err(_) => LoginForm::default(),
    };
    let form_id = FormId::parse(&form.form);
    let next = redirect::local_path(&form.next);
    let again = async |status, problem| {
        let page = LoginPage {
            language: visitor.language,
            nickname: form.nickname.clone(),
            problem: Some(problem),
            next: next.clone(),
            unsent: String::new(),
            form: form_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        };
        login_page(&state, &visitor, status, page).await
    };
    if let Err(exceeded) = state.budgets.charge_address(charged(visitor.client()), Cost::Login) {
        let seconds = exceeded.wait.as_secs() + 1;
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, LoginProblem::TooOften { seconds }).await;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return response;
    }
    let secure = visitor.is_secure();
    let before = visitor.ticket(&state).await;
    let known = before.as_ref().map(|ticket| ticket.login.clone());
    let kept = FormId::of(&visitor.headers, &state.instance_id);
    if let Some(id) = form_id.as_ref().filter(|_| kept.is_none() && known.is_none()) {
        // The browser did not return the page's cookie, so it would not return the login's either.
        let response = again(StatusCode::BAD_REQUEST, LoginProblem::NoCookies).await;
        return redirect::add_cookie(response, &id.cookie(&state.instance_id, secure));
    }
    let nickname = match Nickname::parse(&form.nickname) {
        Ok(nickname) => nickname,
        Err(error) => return again(StatusCode::UNPROCESSABLE_ENTITY, LoginProblem::Unfit(error)).await,
    };
    // A repeated form gets the same login: only in the browser that was served it, and only while nobody is
    // logged in there.
    let key = form_id
        .as_ref()
        .filter(|id| kept.as_ref() == Some(id) && known.is_none())
        .map(|id| LoginKey::new(id, visitor.address(), &nickname.skeleton()));
    let mut repeatable = None;
    let now = clock::now();
    let ticket = match &known {
        // A user who logs in again under the same nickname keeps their id.
        Some(known) if known.nickname.skeleton() == nickname.skeleton() => {
            Ticket::draw(Login { id: known.id.clone(), nickname }, now)
        }
        // A user who has lost their nickname keeps their id too, so that their unsent messages remain theirs.
        Some(known) if matches!(state.nicknames.claim(known).await, Ok(false)) => {
            Ticket::draw(Login { id: known.id.clone(), nickname }, now)
        }
        _ => {
            let new = Ticket::draw(Login { id: random::user_id(), nickname }, now);
            repeatable = key;
            match &repeatable {
                Some(key) => state.recent_logins.find_or(key, new, now).await,
                None => new,
            }
        }
    };
    let login = &ticket.login;
    match state.nicknames.claim(login).await {
        Ok(true) => {}
        Ok(false) => {
            if let Some(key) = &repeatable {
                state.recent_logins.abandon(key);
            }
            return again(StatusCode::CONFLICT, LoginProblem::Taken).await;
        }
        Err(error) => {
            tracing::error!(%error, "failed to claim a nickname");
            return notice(&state, &visitor, Notice::Unavailable).await;
        }
    }
    if let Err(error) = state.logins.begin(&ticket).await {
        tracing::error!(%error, "failed to store a login");
        return notice(&state, &visitor, Notice::Unavailable).await;
    }
    if let Some(key) = repeatable {
        state.recent_logins.confirm(key, &ticket, now).await;
    }
    if let Some(before) = before {
        replace(&state, &before, &ticket).await;
    }
    tracing::info!(nickname = %login.nickname, user = %login.id, address = %visitor.address(), "logged in");
    // The next login from this browser uses another form.
    let cookies = [
        state.identity.log_in(&ticket, secure),
        state.identity.returning(secure),
        FormId::forgotten(&state.instance_id, secure),
    ];
    redirect::with_cookies(&next, cookies.iter().map(String::as_str))
}

/// Ends the browser's previous login, and if that was another user's, logs that user out.
async fn replace(state: &Arc<HttpState>, before: &Ticket, ticket: &Ticket) {
    if before.id != ticket.id {
        state.logins.end(before, clock::now()).await;
    }
    if before.login.id == ticket.login.id {
        return;
    }
    state.recent_logins.end(&before.login.id).await;
    if let Err(error) = state.nicknames.log_out(&before.login).await {
        // The claim on the old nickname expires.
        tracing::warn!(%error, "failed to release a previous nickname");
    }
}

/// `POST /logout`: releases the nickname, closes the user's connections and redirects to the login page.
///
/// A form that names another user than the one who is logged in ends nothing, because it is on an earlier
/// user's page.
pub(crate) async fn log_out(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    form: Result<Form<LogOutForm>, FormRejection>,
) -> Response {
    if let Err(refused) = check_origin(&state, &visitor, "a logout").await {
        return refused;
    }
    let user = form.map(|form| form.0.user).unwrap_or_default();
    if let Some(ticket) = visitor.ticket(&state).await {
        let login = &ticket.login;
        if !user.is_empty() && user != login.id.as_str() {
            return redirect::to("/login?why=other-user");
        }
        // From here on, copies of the cookie are invalid too.
        state.logins.end(&ticket, clock::now()).await;
        // Before the nickname is released, so that no repeated form logs in as this user again.
        state.recent_logins.end(&login.id).await;
        if let Err(error) = state.nicknames.log_out(login).await {
            // The claim expires.
            tracing::warn!(%error, "failed to release a nickname");
        }
    }
    let secure = visitor.is_secure();
    let mut cookies = state.identity.log_out(secure);
    cookies.push(FormId::forgotten(&state.instance_id, secure));
    redirect::with_cookies("/login", cookies.iter().map(String::as_str))
}

/// `POST /logout/elsewhere`: ends all of the user's logins and connections except this browser's, which gets
/// a new login, and redirects back to the chat.
///
/// This also logs out anyone who holds a copy of this browser's cookie.
pub(crate) async fn log_out_elsewhere(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    form: Result<Form<LogOutForm>, FormRejection>,
) -> Response {
    if let Err(refused) = check_origin(&state, &visitor, "a logout elsewhere").await {
        return refused;
    }
    let LogOutForm { user, next } = form.map(|form| form.0).unwrap_or_default();
    let Some(before) = visitor.ticket(&state).await else {
        return redirect::to("/login?why=expired");
    };
    let login = before.login;
    if !user.is_empty() && user != login.id.as_str() {
        return redirect::to("/login?why=other-user");
    }
    let now = clock::now();
    let ticket = Ticket::draw(login, now);
    let ended = async {
        state.logins.begin(&ticket).await?;
        state.logins.end_all(&ticket.login.id, now).await
    };
    if let Err(error) = ended.await {
        tracing::error!(%error, "failed to log a user out elsewhere");
        return notice(&state, &visitor, Notice::Unavailable).await;
    }
    state.recent_logins.end(&ticket.login.id).await;
    // This browser's other pages reconnect with the new cookie.
    state.nicknames.try_logins_again(&ticket.login.id);
    let secure = visitor.is_secure();
    redirect::with_cookies(&redirect::local_path(&next), [state.identity.log_in(&ticket, secure).as_str()])
}
