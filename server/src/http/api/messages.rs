//! `GET` and `POST /api/rooms/{room}/messages`: reads a room's history and sends messages.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat::{protocol::Seq, text::MessageText};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    caller::Caller,
    extract::{Limit, Room, SeqParam, Wish},
    schema::{CreateMessage, CreatedMessage, Page},
};
use crate::{
    http::{api_error::ApiError, entity_tag, idempotency, state::HttpState},
    service::authorize::Action,
    store::{Piece, Slice},
};

/// The largest body of a sent message, in bytes. The longest message fits in any encoding.
pub(super) const BODY_LIMIT: usize = 256 * 1_024;

/// The default and the largest number of messages on a page.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only messages with a smaller seq. Without `after`, the newest of them.
    #[param(value_type = Option<u64>, nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    before: Option<SeqParam>,
    /// Only messages with a larger seq, starting with the oldest that is retained.
    #[param(value_type = Option<u64>, nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<SeqParam>,
    /// The largest number of messages to return.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 200, default = 50)]
    limit: Option<Limit<1, LARGEST_PAGE>>,
}

impl Asked {
    /// Returns which part to read of a log that begins with `oldest`.
    fn piece(&self, oldest: Seq) -> Piece {
        let limit = self.limit.map_or(PAGE, |limit| limit.0);
        let last = self.before.map_or(Seq::MAX, |before| before.0.saturating_sub(1));
        match self.after {
            Some(SeqParam(after)) => {
                let after = after.max(oldest.saturating_sub(1));
                Piece::Between { after, upto: last.min(after.saturating_add(limit.into())) }
            }
            None => Piece::Latest { upto: last, limit },
        }
    }
}

/// Read messages.
///
/// Returns the newest page; with `before` the page before that seq; with `after` the messages after that seq,
/// up to `before` if both are given. Seqs count within one `epoch`: if it has changed, earlier seqs belong to
/// another log. The response has an `ETag`; a request with `If-None-Match` gets 304 without a body as long as
/// nothing has changed.
#[utoipa::path(
    get, path = "/api/rooms/{room}/messages", operation_id = "listMessages", tag = "Messages",
    params(
        ("room" = String, Path, description = "The room's name", min_length = 1, example = "kitchen"),
        Asked,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier response", nullable = false),
    ),
    responses(
        (
            status = 200, description = "A page of messages", body = Page,
            headers(("ETag" = String, description = "Changes with the page")),
        ),
        (status = 304, description = "Not modified"),
    ),
    security(("token" = ["read"])),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -H \"Authorization: Bearer $TOKEN\" \"$TEAHOUSE/api/rooms/kitchen/messages?limit=20\"",
    }]))),
)]
pub(super) async fn read(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
    Room(room): Room,
    Wish(asked): Wish<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.authorize(Action::Read, &room)?;
    let read = async |piece| state.service.piece(&caller.user, &room, piece).await;
    let mut slice = read(asked.piece(0)).await?;
    // The messages right after may be gone; the page then begins with the oldest retained one.
    if slice.messages.is_empty() && asked.piece(slice.extent.oldest) != asked.piece(0) {
        slice = read(asked.piece(slice.extent.oldest)).await?;
    }
    let Slice { epoch, extent, messages } = slice;
    let seqs = (messages.first().map_or(0, |first| first.seq), messages.last().map_or(0, |last| last.seq));
    let tag = format!("\"{epoch}.{}.{}.{}-{}\"", extent.head, extent.oldest, seqs.0, seqs.1);
    let tag_value = HeaderValue::from_str(&tag).expect("ids and numbers can stand in a header");
    let head = [
        (header::ETAG, tag_value),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    if entity_tag::is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let messages = messages.into_iter().map(Into::into).collect();
    let page = Page { room, epoch, head: extent.head, oldest: extent.oldest, messages };
    Ok((head, Json(page)).into_response())
}

/// Send a message.
///
/// Takes a JSON object with a `text`, or plain text. The message appears under the token's name and is marked
/// as a program's. With an `id` or an `Idempotency-Key` a retry is harmless: a message that was already sent
/// is not sent again, and the response is the same.
#[utoipa::path(
    post, path = "/api/rooms/{room}/messages", operation_id = "createMessage", tag = "Messages",
    params(
        ("room" = String, Path, description = "The room's name", min_length = 1, example = "kitchen"),
        (
            "Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
            description = "Names the message, so that a retry does not create another one",
        ),
    ),
    request_body(content((CreateMessage = "application/json"), (String = "text/plain"))),
    responses(
        (status = 201, description = "The message, and the epoch in which its seq counts", body = CreatedMessage),
        (status = 413, description = "The body is too large", body = super::schema::ErrorBody),
        (status = 415, description = "The body is neither JSON nor plain text", body = super::schema::ErrorBody),
        (status = 422, description = "The text is empty or too long, or its id was used before for \
         another message", body = super::schema::ErrorBody),
    ),
    security(("token" = ["write"])),
    extensions(("x-codeSamples" = json!([{
        "lang": "Shell",
        "source": "curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: text/plain' -H 'Idempotency-Key: build-7' \\\n  -d 'deploy done' \"$TEAHOUSE/api/rooms/kitchen/messages\"",
    }]))),
)]
pub(super) async fn create(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
    Room(room): Room,
    request: Request,
) -> Result<Response, ApiError> {
    caller.authorize(Action::Send, &room)?;
    if let Some(known) = state.service.look_alike(&room).await {
        let reason = format!("there is a room that looks the same: {known}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "room_unfit", reason));
    }
    let id = idempotency::message_id(request.headers())?;
    let form = Form::of(request.headers())?;
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let reason = format!("a body may have {BODY_LIMIT} bytes at most");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", reason)
        }
        _ => ApiError::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body broke off"),
    })?;
    let saying = form.read(&bytes)?;
    let text = MessageText::parse(&saying.text, state.config.text_limit)
        .map_err(|error| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))?;
    let service = &state.service;
    let message = service.publish(&caller.user, &room, saying.id.unwrap_or(id), text, None).await?;
    let epoch = service.epoch_of(&message).await;
    let said = CreatedMessage { message: message.into(), epoch };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(said)).into_response())
}

/// The format of a sent message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Form, ApiError> {
        let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
        let kind = kinds.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match (&*kind, kinds.next()) {
            ("application/json", None) => Ok(Form::Json),
            ("text/plain", None) => Ok(Form::Text),
            _ => {
                let reason =
                    "a message comes as `application/json` or `text/plain`, and `Content-Type` says which";
                Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unfit", reason))
            }
        }
    }

    fn read(self, body: &[u8]) -> Result<CreateMessage, ApiError> {
        let unfit = |code, reason| ApiError::new(StatusCode::BAD_REQUEST, code, reason);
        let text = std::str::from_utf8(body).map_err(|error| {
            let at = error.valid_up_to() + 1;
            unfit("not_utf8", format!("the body is not UTF-8: byte {at} belongs to no character"))
        })?;
        match self {
            Form::Text => Ok(CreateMessage { text: text.to_owned(), id: None }),
            Form::Json => serde_json::from_str(text)
                .map_err(|error| unfit("malformed", format!("this is not {{\"text\": \"…\"}}: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};
    use chat::protocol::Seq;

    use super::{Asked, Form, Limit, Piece, SeqParam};

    #[test]
    fn a_question_names_a_piece_of_the_log() {
        let piece = |before: Option<Seq>, after: Option<Seq>| {
            Asked { before: before.map(SeqParam), after: after.map(SeqParam), limit: None }.piece(0)
        };
        assert_eq!(piece(None, None), Piece::Latest { upto: Seq::MAX, limit: 50 });
        assert_eq!(piece(Some(7), None), Piece::Latest { upto: 6, limit: 50 });
        assert_eq!(piece(Some(0), None), Piece::Latest { upto: 0, limit: 50 });
        assert_eq!(piece(None, Some(7)), Piece::Between { after: 7, upto: 57 });
        assert_eq!(piece(Some(10), Some(7)), Piece::Between { after: 7, upto: 9 });
        let old = Asked { before: None, after: Some(SeqParam(7)), limit: Some(Limit(2)) };
        assert_eq!(old.piece(100), Piece::Between { after: 99, upto: 101 }, "the rest is not kept");
    }

    #[test]
    fn a_body_says_what_it_is() {
        let form = |kind| {
            Form::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))])).ok()
        };
        assert_eq!(form("Application/JSON; charset=utf-8"), Some(Form::Json));
        assert_eq!(form("text/plain"), Some(Form::Text));
        for other in ["", "application/x-www-form-urlencoded", "multipart/form-data", "text/html", "jsonx"] {
            assert_eq!(form(other), None, "{other}");
        }
        assert!(Form::of(&HeaderMap::new()).is_err());
    }
}
