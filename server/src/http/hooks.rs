//! `POST /hooks/{token}`: incoming webhooks. A program sends a message to a room as text or in the format of
//! Slack's incoming webhooks. The token is the only authority: there is no login, and the origin does not
//! matter.
//!
//! [`coding`] decodes the body to text, and [`body`] parses it: as plain text, as JSON ([`json`]) in Slack's
//! format ([`slack`], with its markup in [`mrkdwn`]), or in another tool's format ([`tools`]). [`delivery`]
//! publishes it to the rooms. Never logs a message text, or a URL, which contains the token.

pub(crate) mod body;
mod coding;
pub(crate) mod delivery;
mod json;
mod mrkdwn;
mod push;
mod slack;
mod tools;

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Path, Request, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat::{name::Nickname, protocol::User, text::MessageText};
use coding::Packing;
use delivery::Delivered;
use push::Push;

use crate::{
    http::{api_error::ApiError, idempotency, request::arrival::Arrival, state::HttpState},
    identity::tokens::{Denied, Holder, Target, TokenKind},
    truncate::truncate,
};

/// Publishes the posted message to one room or to all: 201 with its position, 200 with `ok` if the body was
/// in Slack's format, or an error.
#[utoipa::path(
    post, path = "/hooks/{token}", operation_id = "pushMessage", tag = "Hooks",
    summary = "Push a message.",
    description = "Says a text where the hook was made to speak: plain text as it is, or a message in the shape of Slack's \
    incoming webhooks, which is answered as Slack answers. The native formats of Alertmanager, Discord, GitLab, Grafana, \
    Mattermost, Rocket.Chat and Uptime Kuma are accepted too.",
    params(
        ("token" = String, Path, description = "The hook's token", min_length = 1),
        (
            "Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
            description = "Names the message, so that a retry does not create another one",
        ),
    ),
    request_body(content((String = "text/plain"), (crate::http::api::schema::SlackMessage = "application/json"))),
    responses(
        (status = 200, description = "Published, in answer to a body in Slack's or another tool's format", body = String, content_type = "text/plain"),
        (status = 201, description = "Published; the room and position of the message", body = serde_json::Value),
        (status = 403, description = "The hook may not post to that room", body = crate::http::api::schema::ErrorBody),
        (status = 413, description = "The body is too large", body = crate::http::api::schema::ErrorBody),
        (status = 415, description = "The body is multipart, or its Content-Encoding or charset is not supported", body = crate::http::api::schema::ErrorBody),
        (status = 422, description = "The text is empty or too long, or its key was used before for \
         another message", body = crate::http::api::schema::ErrorBody),
    ),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -d 'deploy done' \"$TEAHOUSE/hooks/$HOOK\"",
    }]))),
)]
pub(crate) async fn push(
    State(state): State<Arc<HttpState>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match take(&state, token.as_deref().map_or("", |token| token), request).await {
        Ok(said) => said,
        Err(problem) => {
            tracing::debug!(code = problem.code(), "a push was refused");
            problem.into_response()
        }
    }
}

async fn take(state: &HttpState, token: &str, request: Request) -> Result<Response, ApiError> {
    let client = Arrival::of(request.extensions(), request.headers(), &state.config).client();
    let holder = state.tokens.admit(token, TokenKind::Hook, client).await.map_err(denied)?;
    let id = idempotency::message_id(request.headers())?;
    let form = body::Form::of(request.headers())?;
    let packing = Packing::of(request.headers())?;
    let charset = coding::charset(request.headers())?;
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let reason = format!("a push may have {} bytes at most", body::BODY_LIMIT);
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", reason)
        }
        status => ApiError::new(status, "body_unreadable", "the body broke off"),
    })?;
    let push = Push::read(form, &coding::decode(&packing.unpack(&bytes)?, charset)?)?;
    let text = text(&push, state.config.text_limit)?;
    let user = user(&holder, &push);
    let target = target(&holder, &push);
    let delivered = delivery::deliver(state, &holder, &user, &target, &id, text).await?;
    Ok(if push.is_slack { slack_answer() } else { place_answer(delivered) })
}

fn denied(denied: Denied) -> ApiError {
    match denied {
        Denied::Unknown => ApiError::new(StatusCode::NOT_FOUND, "unknown_token", "there is no such hook"),
        Denied::TooOften(wait) => ApiError::too_often(wait),
        Denied::Store(error) => {
            tracing::warn!(%error, "failed to look up a token");
            ApiError::unavailable()
        }
    }
}

/// Returns the message text. An overlong text is refused, so that its script can shorten it; in Slack's
/// format it is truncated, because a refused alert would be retried at the same length.
fn text(push: &Push, limit: usize) -> Result<MessageText, ApiError> {
    let parsed = match MessageText::parse(&push.text, limit) {
        Err(chat::text::TextError::TooLong { .. }) if push.is_slack => {
            // Parsed without a limit first: the limit applies to the text without blank lines and control
            // characters.
            let whole = MessageText::parse(&push.text, 0);
            whole.and_then(|whole| MessageText::parse(&truncate(whole.as_str(), limit), limit))
        }
        parsed => parsed,
    };
    parsed.map_err(|error| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))
}

/// Returns the sender: the hook, under the requested name if that is a valid nickname, and with the requested
/// emoji if the name is still valid with it.
fn user(holder: &Holder, push: &Push) -> User {
    let hook = holder.user();
    let wished = push.name.as_deref().and_then(|name| Nickname::parse(name).ok());
    let name = wished.map_or(hook.name, Into::into);
    let with_icon = push.icon.and_then(|icon| Nickname::parse(&format!("{icon} {name}")).ok());
    User { id: hook.id, name: with_icon.map_or(name, Into::into) }
}

/// Returns the target: the hook's own room, or the requested one if the hook was created with permission for
/// it.
fn target(holder: &Holder, push: &Push) -> Target {
    let own = holder.grant.rooms.first().expect("a hook is made for a room").clone();
    let Some(Ok(Target::Room(wished))) =
        push.channel.as_deref().map(|channel| channel.trim_start_matches('#').parse())
    else {
        return own;
    };
    let allowed = holder.grant.channels.iter().any(|channel| channel.reaches(&wished));
    if allowed { Target::Room(wished) } else { own }
}

/// Returns Slack's response to the letter, because Slack clients check for it.
fn slack_answer() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "ok").into_response()
}

fn place_answer(delivered: Delivered) -> Response {
    (StatusCode::CREATED, Json(delivered)).into_response()
}
