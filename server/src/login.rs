//! `POST /login` and `POST /logout`: a nickname is claimed and a cookie given, or let go and taken back.

use app::{
    login::{Login as LoginPage, LoginProblem},
    notice::Notice,
};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chat::{id::UserId, name::Nickname};
use rand::Rng as _;
use serde::Deserialize;

use crate::{
    identity::{Identity, Login},
    origin, pages, redirect,
    teahouse::Shared,
    visitor::Visitor,
};

/// The form on the login page.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    nickname: String,
    #[serde(default)]
    next: String,
}

/// Claims the nickname: 303 to where one wanted to go, with the cookie; or the page again, with what was wrong.
pub(crate) async fn log_in(
    State(teahouse): State<Shared>,
    visitor: Visitor,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    if let Err(foreign) = visitor.check_origin(&teahouse) {
        tracing::info!(%foreign, "a login was refused");
        return pages::notice(&teahouse, &visitor, Notice::Forbidden).await;
    }
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return pages::notice(&teahouse, &visitor, Notice::TooLarge).await;
        }
        // What is no form names nobody, which the page says.
        Err(_) => LoginForm { nickname: String::new(), next: String::new() },
    };
    let next = redirect::local_path(&form.next);
    let again = async |status, problem| {
        let page = LoginPage {
            language: visitor.language,
            nickname: form.nickname.clone(),
            problem: Some(problem),
            next: next.clone(),
            unsent: String::new(),
        };
        pages::login_page(&teahouse, &visitor, status, page).await
    };
    if let Err(wait) = teahouse.login_rate.check(visitor.address) {
        let seconds = wait.as_secs() + 1;
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, LoginProblem::TooOften { seconds }).await;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return response;
    }
    let nickname = match Nickname::parse(&form.nickname) {
        Ok(nickname) => nickname,
        Err(error) => return again(StatusCode::UNPROCESSABLE_ENTITY, LoginProblem::Unfit(error)).await,
    };
    let known = teahouse.identity.of(&visitor.headers);
    let login = match &known {
        // Whoever logs in again under the name that they have stays who they are.
        Some(known) if known.nickname.skeleton() == nickname.skeleton() => {
            Login { id: known.id.clone(), nickname }
        }
        // Whoever has lost their name to another stays who they are too: what they wrote and could not send is theirs.
        Some(known) if matches!(teahouse.nicknames.claim(known).await, Ok(false)) => {
            Login { id: known.id.clone(), nickname }
        }
        _ => Login { id: new_user_id(), nickname },
    };
    match teahouse.nicknames.claim(&login).await {
        Ok(true) => {}
        Ok(false) => return again(StatusCode::CONFLICT, LoginProblem::Taken).await,
        Err(error) => {
            tracing::error!(%error, "a nickname could not be claimed");
            return pages::notice(&teahouse, &visitor, Notice::Unavailable).await;
        }
    }
    if let Some(known) = known.filter(|known| known.id != login.id)
        && let Err(error) = teahouse.nicknames.log_out(&known).await
    {
        // The old name's claim runs out by itself.
        tracing::warn!(%error, "an old nickname could not be let go");
    }
    let secure = origin::is_secure(&visitor.headers, visitor.peer, &teahouse.config);
    redirect::with_cookie(&next, &teahouse.identity.log_in(&login, secure))
}

/// Lets the nickname go, ends the user's connections, and leads to the login page.
pub(crate) async fn log_out(State(teahouse): State<Shared>, visitor: Visitor) -> Response {
    if let Err(foreign) = visitor.check_origin(&teahouse) {
        tracing::info!(%foreign, "a logout was refused");
        return pages::notice(&teahouse, &visitor, Notice::Forbidden).await;
    }
    if let Some(login) = teahouse.identity.of(&visitor.headers)
        && let Err(error) = teahouse.nicknames.log_out(&login).await
    {
        // The claim runs out by itself.
        tracing::warn!(%error, "a nickname could not be let go");
    }
    let secure = origin::is_secure(&visitor.headers, visitor.peer, &teahouse.config);
    redirect::with_cookie("/login", &Identity::log_out(secure))
}

/// An id for somebody new.
pub(crate) fn new_user_id() -> UserId {
    let mut bytes = [0; 10];
    rand::rng().fill_bytes(&mut bytes);
    UserId::from_bytes(bytes)
}
