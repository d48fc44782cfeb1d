//! `POST /replies/{token}`: the answer to a question that a service could not answer at once. The token is its leave to say
//! one message, and names the question.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    answering::millis,
    pending::{self, Ledger, Pending, REMEMBERED, State as Progress},
    saying::{fit, say},
};
use crate::{clock, store::StoreError, teahouse::Shared};

/// An answer as JSON.
#[derive(Deserialize)]
struct Reply {
    text: String,
}

/// Says the answer: 201, or 404 for a token that stands for nothing, 409 for a question that was answered, 422 for an answer
/// that is none, and 503 while it cannot be kept. Each with why in JSON.
pub(crate) async fn reply(
    State(teahouse): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let pending = match find(&teahouse, &token).await {
        Ok(Some(pending)) => pending,
        Ok(None) => return refuse(StatusCode::NOT_FOUND, "unknown", "there is no question for this address"),
        Err(error) => return unavailable(&error),
    };
    if pending.state == Progress::Done {
        return refuse(StatusCode::CONFLICT, "answered", "this question was answered already");
    }
    let text = match text(&headers, &body) {
        Ok(text) => text,
        Err(reason) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, "malformed", &reason),
    };
    let Some(text) = fit(&text, teahouse.config.text_limit) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "empty", "nothing in the answer can be seen");
    };
    let ledger = Ledger(teahouse.store.clone());
    let said = async {
        let place = (&pending.room, &pending.bot, &pending.id);
        say(&teahouse.store, place, &text, &teahouse.stopping).await?;
        ledger.keep(&pending.now(Progress::Done, clock::now() + millis(REMEMBERED))).await
    };
    match said.await {
        Ok(()) => (StatusCode::CREATED, axum::Json(json!({ "id": pending.id, "room": pending.room })))
            .into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn find(teahouse: &Shared, token: &str) -> Result<Option<Pending>, StoreError> {
    let mut parts = token.split('.');
    let (Some(bot), Some(id), Some(secret), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let found = Ledger(teahouse.store.clone()).find(pending::key(bot, id)).await?;
    Ok(found.filter(|pending| pending.knows(secret)))
}

/// What a body says: JSON with a `text`, or else plain text.
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

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "a late answer could not be kept");
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the answer cannot be kept at present; send it again",
    )
}

fn refuse(status: StatusCode, code: &str, reason: &str) -> Response {
    (status, axum::Json(json!({ "error": { "code": code, "reason": reason } }))).into_response()
}
