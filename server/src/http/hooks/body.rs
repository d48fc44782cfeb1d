//! Parses a posted body by its content and its declared type: as a message in a known format, as Slack's
//! older form with such a message in it, or as plain text.

use std::borrow::Cow;

use axum::http::{HeaderMap, StatusCode, header};

use super::{push::Push, slack};
use crate::http::api_error::ApiError;

/// The largest body of a push, in bytes. Alerts are long; what does not fit a message is truncated.
pub(crate) const BODY_LIMIT: usize = 256 * 1_024;

/// The declared form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Declared as JSON: it must be a message.
    Json,
    /// A URL-encoded form, which `curl -d` declares for any body.
    UrlEncoded,
    /// Text of any declared type, or undeclared JSON.
    Text,
}

impl Form {
    /// Reads the form from `Content-Type`.
    pub(super) fn of(headers: &HeaderMap) -> Result<Form, ApiError> {
        let kind =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*kind {
            "application/x-www-form-urlencoded" => Ok(Form::UrlEncoded),
            "application/json" => Ok(Form::Json),
            _ if kind.ends_with("+json") => Ok(Form::Json),
            _ if kind.starts_with("multipart/") => {
                let reason = "a push is text or JSON, not a form in several parts (`curl -d`, not `curl -F`; in Uptime Kuma the \
                              request body application/json)";
                Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "multipart", reason))
            }
            _ => Ok(Form::Text),
        }
    }
}

impl Push {
    /// Parses a body of this form.
    pub(super) fn read(form: Form, body: &str) -> Result<Push, ApiError> {
        match form {
            Form::Json => slack::read(body),
            Form::UrlEncoded if body.starts_with("payload=") => {
                // Some scripts do not percent-encode the JSON.
                let raw = || slack::guess(&body["payload=".len()..]);
                let payload = payloads(body).next().unwrap_or_default();
                slack::read(&payload).or_else(|problem| raw().ok_or(problem))
            }
            // `curl -d` declares a form, and scripts declare JSON as text or not at all. A body in a known
            // format is never meant as literal text.
            Form::UrlEncoded | Form::Text => {
                let message =
                    slack::guess(body).or_else(|| payloads(body).find_map(|json| slack::guess(&json)));
                Ok(message.unwrap_or_else(|| Push::plain(body)))
            }
        }
    }

    fn plain(text: &str) -> Push {
        Push { text: text.to_owned(), ..Push::default() }
    }
}

/// Returns the values of the form's `payload` fields, in which Slack's older form carries JSON.
fn payloads(body: &str) -> impl Iterator<Item = Cow<'_, str>> {
    // Most bodies have no such field and need no parsing.
    let form = if body.contains("payload=") { body } else { "" };
    form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == "payload").map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Form, Push};

    fn form(kind: &'static str) -> Option<Form> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Form::of(&headers).ok()
    }

    #[test]
    fn only_what_says_that_it_is_json_must_be_a_message() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"] {
            assert_eq!(form(kind), Some(Form::Json), "{kind}");
        }
        for kind in ["text/plain", "text/markdown; charset=utf-8", "application/octet-stream", "nonsense", ""]
        {
            assert_eq!(form(kind), Some(Form::Text), "{kind}");
        }
        assert_eq!(Form::of(&HeaderMap::new()), Ok(Form::Text));
        assert_eq!(form("application/x-www-form-urlencoded"), Some(Form::UrlEncoded));
        assert_eq!(form("multipart/form-data; boundary=x"), None);
    }

    #[test]
    fn what_does_not_say_that_it_is_json_is_text_unless_it_is_a_message() {
        let read = |form: Form, body: &str| Push::read(form, body).unwrap();
        for text in [
            "deploy done",
            "a=b&c=d",
            "100% + 1 &amp; <b>",
            "payloads=1",
            "a=1&payload=tea",
            "{}",
            r#"{"state": "done"}"#,
            r#"{"text": "broken"#,
            r#"[{"text": "a list"}]"#,
        ] {
            for form in [Form::UrlEncoded, Form::Text] {
                assert_eq!(read(form, text), Push { text: text.to_owned(), ..Push::default() }, "{text}");
            }
        }
        for body in [
            r#"{"text": "a + b"}"#,
            "payload=%7B%22text%22%3A%22a+%2B+b%22%7D",
            "payload=%7B%22text%22%3A%20%22a%20%2B%20b%22%7D&token=x",
            "token=x&payload=%7B%22text%22%3A%20%22a%20%2B%20b%22%7D",
        ] {
            for form in [Form::UrlEncoded, Form::Text] {
                let push = read(form, body);
                assert_eq!((&*push.text, push.is_slack), ("a + b", true), "{body}");
            }
        }
        let raw = read(Form::UrlEncoded, r#"payload={"text": "a & b"}"#);
        assert_eq!((&*raw.text, raw.is_slack), ("a & b", true), "as it stands in many examples");
        assert!(Push::read(Form::UrlEncoded, "payload=deploy done").is_err());
        assert_eq!(read(Form::Text, "payload=deploy done").text, "payload=deploy done");
    }
}
