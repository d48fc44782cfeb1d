//! What servers with an API like OpenAI's send: pieces of an answer, whole answers, and errors. Takes what is needed and
//! leaves alone what is not, because each of them adds fields of its own; never asks who sent it.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// One event of a stream, or the body of an answer that is none.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
    // Errors of older servers of vLLM and llama.cpp lie flat.
    object: Option<Value>,
    code: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    /// In a stream.
    delta: Option<Said>,
    /// In a whole answer.
    message: Option<Said>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Said {
    /// A text; or, of some servers, a list of parts. What is thought lies beside it, in `reasoning` (Ollama, vLLM) or
    /// `reasoning_content` (llama.cpp and most of the public ones), and is nobody's business.
    content: Option<Value>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was all said.
    Stop,
    /// The model may not say more at once.
    Length,
    /// The server does not want it to be said.
    Filter,
}

/// An error as a server tells it. Of its text only what programs are meant to read is kept: the rest may quote what was
/// asked, or the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: Option<StatusCode>,
    /// What it calls the error, or nothing.
    pub(crate) name: String,
}

impl Chunk {
    /// What it adds to the text.
    pub(crate) fn text(&self) -> String {
        let said = self.choices.first().and_then(|choice| choice.delta.as_ref().or(choice.message.as_ref()));
        match said.and_then(|said| said.content.as_ref()) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
            _ => String::new(),
        }
    }

    /// How the answer ended, if it did.
    pub(crate) fn finish(&self) -> Option<Finish> {
        match self.choices.first()?.finish_reason.as_deref()? {
            // Some servers say it in every piece.
            "" => None,
            "length" => Some(Finish::Length),
            "content_filter" => Some(Finish::Filter),
            _ => Some(Finish::Stop),
        }
    }

    /// The error, if it is one.
    pub(crate) fn error(&self) -> Option<Told> {
        let flat = self.object.as_ref().is_some_and(|object| object == "error");
        match &self.error {
            Some(Value::Object(error)) => Some(Told::new(error.get("code"), error.get("type"))),
            Some(Value::Null) | None if flat || self.choices.is_empty() && self.code.is_some() => {
                Some(Told::new(self.code.as_ref(), self.kind.as_ref()))
            }
            Some(Value::Null) | None => None,
            Some(_) => Some(Told::new(None, None)),
        }
    }
}

impl Told {
    fn new(code: Option<&Value>, kind: Option<&Value>) -> Told {
        let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        let status = number
            .and_then(|number| StatusCode::from_u16(u16::try_from(number).ok()?).ok())
            .filter(|status| status.is_client_error() || status.is_server_error());
        let name = [kind, code].into_iter().flatten().filter_map(Value::as_str).find(|name| is_name(name));
        Told { status, name: name.unwrap_or_default().to_owned() }
    }

    /// The error in the body of an answer, if it is understood.
    pub(crate) fn read(body: &[u8]) -> Option<Told> {
        serde_json::from_slice::<Chunk>(body).ok()?.error()
    }
}

/// Whether a text is a name for programs, `rate_limit_exceeded`, and not something that was said.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphabetic() || [b'_', b'.'].contains(&byte);
    (1..=48).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::{Chunk, Finish, Told};

    fn read(json: &str) -> Chunk {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_piece_of_ollama_is_understood() {
        let chunk = read(
            r#"{"id":"chatcmpl-554","object":"chat.completion.chunk","created":1763715600,"model":"qwen3:8b",
            "system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"茶"},
            "finish_reason":null}]}"#,
        );
        assert_eq!((chunk.text().as_str(), chunk.finish(), chunk.error()), ("茶", None, None));
    }

    #[test]
    fn thoughts_beside_the_text_are_left_out() {
        for field in ["reasoning", "reasoning_content"] {
            let chunk = read(&format!(
                r#"{{"choices":[{{"index":0,"delta":{{"role":"assistant","content":"","{field}":"Hm."}}}}]}}"#
            ));
            assert_eq!(chunk.text(), "");
        }
    }

    #[test]
    fn pieces_without_text_are_understood() {
        for json in [
            r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]}"#,
            r#"{"choices":[{"index":0,"delta":{}}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
            r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":""}]}"#,
        ] {
            let chunk = read(json);
            assert_eq!((chunk.text().as_str(), chunk.finish(), chunk.error()), ("", None, None), "{json}");
        }
    }

    #[test]
    fn a_whole_answer_is_understood() {
        let chunk = read(
            r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"tea"},
            "finish_reason":"stop"}],"usage":{"total_tokens":3}}"#,
        );
        assert_eq!((chunk.text().as_str(), chunk.finish()), ("tea", Some(Finish::Stop)));
        let parts = r#"{"choices":[{"message":{"content":[{"type":"text","text":"te"},{"type":"text","text":"a"}]}}]}"#;
        assert_eq!(read(parts).text(), "tea");
    }

    #[test]
    fn how_an_answer_ended_is_understood() {
        let finish = |reason: &str| {
            read(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#)).finish()
        };
        assert_eq!(finish("stop"), Some(Finish::Stop));
        assert_eq!(finish("eos"), Some(Finish::Stop));
        assert_eq!(finish("length"), Some(Finish::Length));
        assert_eq!(finish("content_filter"), Some(Finish::Filter));
    }

    #[test]
    fn the_errors_of_all_of_them_are_understood_without_what_they_quote() {
        for (json, status, name) in [
            // Ollama.
            (
                r#"{"error":{"message":"hush","type":"not_found_error","param":null,"code":null}}"#,
                0,
                "not_found_error",
            ),
            // llama.cpp, now and before.
            (
                r#"{"error":{"code":503,"message":"hush","type":"unavailable_error"}}"#,
                503,
                "unavailable_error",
            ),
            (r#"{"code":500,"message":"hush","type":"server_error"}"#, 500, "server_error"),
            // vLLM, now and before.
            (
                r#"{"error":{"message":"hush","type":"BadRequestError","param":null,"code":400}}"#,
                400,
                "BadRequestError",
            ),
            (
                r#"{"object":"error","message":"hush","type":"NotFoundError","code":404}"#,
                404,
                "NotFoundError",
            ),
            // OpenAI.
            (
                r#"{"error":{"message":"hush","type":"hush, hush","code":"invalid_api_key"}}"#,
                0,
                "invalid_api_key",
            ),
            (r#"{"error":{"message":"hush","code":"429"}}"#, 429, ""),
            (r#"{"error":"hush"}"#, 0, ""),
        ] {
            let status = StatusCode::from_u16(status).ok();
            assert_eq!(read(json).error(), Some(Told { status, name: name.to_owned() }), "{json}");
        }
    }
}
