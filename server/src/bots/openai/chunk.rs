//! The responses of servers with an OpenAI-compatible API: chunks, whole answers, and errors. Parses only the
//! needed fields and ignores the rest, because every server adds its own; never depends on which server it
//! is.

use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One event of a stream, or the body of a whole answer.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(crate) struct Chunk {
    /// Some servers send `null`, in the chunk with the usage or beside an error.
    #[serde(default, deserialize_with = "none_or_more")]
    choices: Vec<Choice>,
    error: Option<Value>,
    // Errors of older versions of vLLM and llama.cpp are flat.
    object: Option<Value>,
    code: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    /// `MiniMax` reports errors here.
    base_resp: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    /// In a stream.
    delta: Option<Delta>,
    /// In a whole answer.
    message: Option<Delta>,
    /// In the older completions API.
    text: Option<Value>,
    finish_reason: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    /// A string; from some servers, a list of parts. The reasoning is in `reasoning` (Ollama, vLLM) or
    /// `reasoning_content` (llama.cpp and most public servers), and is never shown.
    content: Option<Value>,
    /// The text of a refusal (OpenAI).
    refusal: Option<Value>,
    reasoning: Option<Value>,
    reasoning_content: Option<Value>,
}

fn none_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Choice>, D::Error> {
    let choices = Option::<Vec<Option<Choice>>>::deserialize(deserializer)?;
    Ok(choices.unwrap_or_default().into_iter().flatten().collect())
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It is complete.
    Stop,
    /// The model reached its length limit.
    Length,
    /// The server filtered it.
    Filter,
    /// The server failed in the middle.
    Broken,
}

/// An error that a server reports. Only its machine-readable parts are retained: the rest may quote the
/// question or the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: Option<StatusCode>,
    /// The server's name for the error, or an empty string.
    pub(crate) name: String,
}

impl Chunk {
    /// Returns the text that the chunk adds; a refusal if there is no other text.
    pub(crate) fn text(&self) -> String {
        let Some(choice) = self.choices.first() else { return String::new() };
        let delta = choice.delta();
        let content = delta.and_then(|delta| delta.content.as_ref());
        let refusal = delta.and_then(|delta| delta.refusal.as_ref());
        let mut texts = [content, choice.text.as_ref(), refusal].into_iter().map(text);
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Returns whether the chunk carries neither text nor reasoning, like the last chunk of an answer.
    pub(crate) fn is_bare(&self) -> bool {
        let delta = self.choices.first().and_then(Choice::delta);
        let thought =
            delta.map(|delta| text(delta.reasoning.as_ref()) + &text(delta.reasoning_content.as_ref()));
        self.text().is_empty() && thought.unwrap_or_default().is_empty()
    }

    /// Returns why the answer ended, if it did.
    pub(crate) fn finish(&self) -> Option<Finish> {
        let reason = self.choices.first()?.finish_reason.as_ref()?.as_str()?.to_ascii_lowercase();
        match &*reason {
            // Some servers send this in every chunk.
            "" | "null" | "none" => None,
            "length" | "max_tokens" | "max_output_tokens" | "model_length" => Some(Finish::Length),
            "content_filter" | "safety" | "recitation" | "prohibited_content" | "blocklist" | "sensitive" => {
                Some(Finish::Filter)
            }
            "error" | "abort" | "network_error" => Some(Finish::Broken),
            _ => Some(Finish::Stop),
        }
    }

    /// Returns the error, if the chunk is one.
    pub(crate) fn error(&self) -> Option<Told> {
        let flat = self.object.as_ref().is_some_and(|object| object == "error");
        let fails = self.code.as_ref().is_some_and(|code| !is_success(code));
        match &self.error {
            Some(Value::Object(error)) if !error.is_empty() => {
                Some(Told::new(error.get("code"), error.get("type")))
            }
            Some(Value::String(error)) if !error.is_empty() => Some(Told::new(None, None)),
            _ if flat || self.choices.is_empty() && fails => {
                Some(Told::new(self.code.as_ref(), self.kind.as_ref()))
            }
            _ => {
                let status = self.base_resp.as_ref()?.get("status_code")?;
                (self.choices.is_empty() && !is_success(status)).then(|| Told::new(None, None))
            }
        }
    }
}

/// Returns whether a code means success.
fn is_success(code: &Value) -> bool {
    matches!(code.as_u64(), Some(0 | 200))
        || matches!(code.as_str(), Some("" | "0" | "200"))
        || code.is_null()
}

impl Choice {
    fn delta(&self) -> Option<&Delta> {
        self.delta.as_ref().or(self.message.as_ref())
    }
}

/// Returns the text of a string or of a list of parts.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
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

    /// Returns an error without details.
    pub(crate) fn unnamed() -> Told {
        Told::new(None, None)
    }

    /// Parses the error in a response body, if it is one.
    pub(crate) fn read(body: &[u8]) -> Option<Told> {
        serde_json::from_slice::<Chunk>(body).ok()?.error()
    }
}

/// Returns whether a text is a machine-readable name such as `rate_limit_exceeded`, rather than prose.
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
            r#"{"choices":null,"usage":{"prompt_tokens":9}}"#,
            r#"{"choices":[null],"error":null}"#,
            r#"{"choices":[{"index":0,"delta":null,"finish_reason":"null"}],"error":{},"code":0}"#,
            r#"{"choices":[],"code":200,"base_resp":{"status_code":0,"status_msg":""}}"#,
            r#"{"choices":[{"content_filter_results":{},"finish_reason":7}],"error":""}"#,
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
        let thought = r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"tea"}]}}]}"#;
        assert_eq!(read(thought).text(), "tea");
        assert_eq!(read(r#"{"choices":[{"text":"tea","finish_reason":"stop"}]}"#).text(), "tea");
    }

    #[test]
    fn a_refusal_is_what_was_said_if_nothing_else_was() {
        let refused = read(
            r#"{"choices":[{"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}"#,
        );
        assert_eq!(refused.text(), "I cannot.");
        let both = read(r#"{"choices":[{"delta":{"content":"tea","refusal":null}}]}"#);
        assert_eq!(both.text(), "tea");
    }

    #[test]
    fn a_piece_in_which_something_is_thought_is_not_bare() {
        for (delta, is_bare) in [
            ("{}", true),
            (r#"{"content":"","reasoning":""}"#, true),
            (r#"{"content":"tea"}"#, false),
            (r#"{"reasoning_content":"Hm."}"#, false),
        ] {
            let json = format!(r#"{{"choices":[{{"delta":{delta},"finish_reason":"stop"}}]}}"#);
            assert_eq!(read(&json).is_bare(), is_bare, "{delta}");
        }
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
        assert_eq!(finish("MAX_TOKENS"), Some(Finish::Length));
        assert_eq!(finish("SAFETY"), Some(Finish::Filter));
        assert_eq!(finish("error"), Some(Finish::Broken));
        assert_eq!(finish("null"), None);
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
            // llama.cpp, current and older.
            (
                r#"{"error":{"code":503,"message":"hush","type":"unavailable_error"}}"#,
                503,
                "unavailable_error",
            ),
            (r#"{"code":500,"message":"hush","type":"server_error"}"#, 500, "server_error"),
            // vLLM, current and older.
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
            // MiniMax.
            (r#"{"choices":null,"base_resp":{"status_code":1008,"status_msg":"hush"}}"#, 0, ""),
        ] {
            let status = StatusCode::from_u16(status).ok();
            assert_eq!(read(json).error(), Some(Told { status, name: name.to_owned() }), "{json}");
        }
    }
}
