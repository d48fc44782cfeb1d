//! What was posted, read by its content type: Slack's JSON, Slack's older form with JSON in it, or a text as it is.

use std::borrow::Cow;

use axum::http::{HeaderMap, StatusCode, header};

use super::slack;
use crate::problem::Problem;

/// In what form a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It says that it is JSON: it is Slack's.
    Json,
    /// What forms are sent as; and anything that `curl -d` is given.
    UrlEncoded,
    /// Text, whatever it calls itself.
    Text,
}

/// What a program wants to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Push {
    pub(super) text: String,
    /// What it wants to be called.
    pub(super) name: Option<String>,
    /// What is to stand before its name.
    pub(super) icon: Option<&'static str>,
    /// Where it wants to say it.
    pub(super) channel: Option<String>,
    /// Whether it is to be answered as Slack answers.
    pub(super) is_slack: bool,
}

impl Form {
    /// The form that a request says its body has.
    pub(super) fn of(headers: &HeaderMap) -> Result<Form, Problem> {
        let kind =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*kind {
            "application/x-www-form-urlencoded" => Ok(Form::UrlEncoded),
            "application/json" => Ok(Form::Json),
            _ if kind.ends_with("+json") => Ok(Form::Json),
            _ if kind.starts_with("multipart/") => {
                let reason = "a push is text or JSON, not a form in several parts (`curl -d`, not `curl -F`)";
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "multipart", reason))
            }
            _ => Ok(Form::Text),
        }
    }
}

impl Push {
    /// Reads a body of this form.
    pub(super) fn read(form: Form, body: &[u8]) -> Result<Push, Problem> {
        let text = std::str::from_utf8(body).map_err(|error| {
            let reason =
                format!("the body is not UTF-8: byte {} belongs to no character", error.valid_up_to() + 1);
            Problem::new(StatusCode::BAD_REQUEST, "not_utf8", reason)
        })?;
        match form {
            Form::Json => slack::read(text),
            Form::UrlEncoded => match payload(text) {
                Some(payload) => slack::read(&payload),
                // `curl -d` says that its body is a form. Nobody who gives it a message of Slack's means the braces.
                None => Ok(slack::guess(text).unwrap_or_else(|| Push::plain(text))),
            },
            Form::Text => Ok(Push::plain(text)),
        }
    }

    fn plain(text: &str) -> Push {
        Push { text: text.to_owned(), ..Push::default() }
    }
}

/// The JSON in a form of Slack's older kind, whose first field it is.
fn payload(body: &str) -> Option<Cow<'_, str>> {
    let (name, value) = form_urlencoded::parse(body.as_bytes()).next()?;
    (name == "payload" && body.starts_with("payload=")).then_some(value)
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
    fn only_what_says_that_it_is_json_must_be() {
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
    fn what_curl_sends_is_text_unless_it_is_slack_s() {
        let read = |body: &str| Push::read(Form::UrlEncoded, body.as_bytes()).unwrap();
        for text in [
            "deploy done",
            "a=b&c=d",
            "100% + 1 &amp; <b>",
            "payloads=1",
            "{}",
            r#"{"state": "done"}"#,
            r#"{"text": "broken"#,
            r#"[{"text": "a list"}]"#,
        ] {
            assert_eq!(read(text), Push { text: text.to_owned(), ..Push::default() }, "{text}");
        }
        for body in [
            r#"{"text": "a + b"}"#,
            "payload=%7B%22text%22%3A%22a+%2B+b%22%7D",
            "payload=%7B%22text%22%3A%20%22a%20%2B%20b%22%7D&token=x",
        ] {
            let push = read(body);
            assert_eq!((&*push.text, push.is_slack), ("a + b", true), "{body}");
        }
        assert!(Push::read(Form::UrlEncoded, b"payload=deploy done").is_err());
        let text = r#"{"text": "as it is"}"#;
        assert_eq!(Push::read(Form::Text, text.as_bytes()).unwrap().text, text);
    }
}
