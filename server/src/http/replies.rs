//! `POST /replies/{token}`: late answers of bot services. The token permits a single message and identifies
//! the question.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode, header},
};
use chat::{id::ClientId, room_name::RoomName};
use serde::{Deserialize, Serialize};

use crate::{
    bots::late::{LateAnswer, LateQuestion},
    http::{api_error::ApiError, state::HttpState},
    store::StoreError,
};

/// The largest body of an answer, in bytes.
pub(crate) const BODY_LIMIT: usize = 256 * 1_024;

/// The room and id of a published answer.
#[derive(Serialize)]
pub(crate) struct PublishedReply {
    room: RoomName,
    id: ClientId,
}

/// An answer as JSON.
#[derive(Deserialize)]
struct Reply {
    text: String,
}

/// Publishes the answer: 201, or 404 for an unknown token, 409 for an answered question, 422 for an invalid
/// answer, and 503 while it cannot be stored. Each error gives its reason as JSON.
#[utoipa::path(
    post, path = "/replies/{token}", operation_id = "createReply", tag = "Hooks",
    summary = "Deliver a late answer.",
    description = "A service that was asked by a bot and could not answer at once says its answer here: as JSON with a `text`, \
    or as plain text. The address came with the question and is good for one answer.",
    params(("token" = String, Path, description = "The token in the question's `reply_url`", min_length = 1)),
    request_body(content((crate::http::api::schema::Reply = "application/json"), (String = "text/plain"))),
    responses(
        (status = 201, description = "The answer was published", body = serde_json::Value),
        (status = 404, description = "No question waits for this address", body = crate::http::api::schema::ErrorBody),
        (status = 409, description = "The question is already answered", body = crate::http::api::schema::ErrorBody),
        (status = 413, description = "The body is too large", body = crate::http::api::schema::ErrorBody),
        (status = 422, description = "The answer is empty or too long", body = crate::http::api::schema::ErrorBody),
    ),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -d '42' \"$REPLY_URL\"",
    }]))),
)]
pub(crate) async fn reply(
    State(state): State<Arc<HttpState>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<PublishedReply>), ApiError> {
    let token = token.map_or_else(|_| String::new(), |Path(token)| token);
    let question = LateQuestion::find(&state.store, &token).await.map_err(|error| unavailable(&error))?;
    let question = question.ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "unknown_token", "there is no question for this address")
    })?;
    if question.is_answered() {
        return Err(answered());
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let reason = format!("an answer may have {BODY_LIMIT} bytes at most");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", reason)
        }
        status => ApiError::new(status, "body_unreadable", "the body broke off"),
    })?;
    let unfit = |code, reason: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, reason);
    let text = text(&headers, &body).map_err(|reason| unfit("malformed", reason))?;
    let answer = question.answer((&state.service, &state.store), &text, state.config.text_limit).await;
    match answer.map_err(|error| unavailable(&error))? {
        LateAnswer::Sent => {}
        LateAnswer::TooLate => return Err(answered()),
        LateAnswer::Empty => {
            return Err(unfit("text_empty", "nothing in the answer can be seen".to_owned()));
        }
        LateAnswer::Forbidden => {
            let reason = format!("the bot may not speak in {}", question.room());
            return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", reason));
        }
    }
    let (room, id) = (question.room().clone(), question.answer_id().clone());
    Ok((StatusCode::CREATED, Json(PublishedReply { room, id })))
}

/// Returns the text of a body: the `text` of a JSON object, or plain text.
fn text(headers: &HeaderMap, body: &Bytes) -> Result<String, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let reply: Result<Reply, _> = serde_json::from_slice(body);
        return reply
            .map(|reply| reply.text)
            .map_err(|error| format!("this is not {{\"text\": \"…\"}}: {error}"));
    }
    std::str::from_utf8(body)
        .map(ToOwned::to_owned)
        .map_err(|error| format!("the answer is not UTF-8: {error}"))
}

fn unavailable(error: &StoreError) -> ApiError {
    tracing::warn!(%error, "failed to store a late answer");
    ApiError::unavailable()
}

fn answered() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "answered", "this question was answered already")
}
