//! Bots that call a server with an OpenAI-compatible chat completions API: Ollama, llama.cpp, vLLM, and the
//! public ones.
//!
//! An answer is parsed as it arrives ([`events`], [`chunk`]) and streamed to the room, without the model's
//! reasoning ([`thoughts`]). Until the first text, transient failures are retried.

mod chunk;
mod events;
mod request;
mod thoughts;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration, time::SystemTime};

use axum::body::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use tokio::time::timeout;

use chunk::{Chunk, Finish, Told};
use events::Events;
use request::Request;
use thoughts::Thoughts;

use crate::config::bots::{
    openai::Settings,
    place::{AllowedHosts, ServiceUrl},
};

use super::{
    answer_stream::AnswerStream,
    outgoing::{Bounds, Outgoing, Post, Reply, within},
    question::{Answer, Answerer, BotError, BotErrorKind, Question},
    retry::{AttemptError, Retry, retry_after},
    secret::Secret,
    status,
};

/// The most bytes of an answer. A piece of a few letters takes some hundred bytes of JSON, and reasoning
/// counts too.
const BYTES: usize = 8_388_608;

/// How many bytes of an error are read.
const ERROR_BYTES: usize = 65_536;

/// How long to wait for more after a chunk that carries both text and a `finish_reason`: some servers send
/// one in every chunk.
const AFTER_END: Duration = Duration::from_secs(2);

/// The longest wait before the first retry.
const BACKOFF: Duration = Duration::from_secs(1);

impl Settings {
    /// Opens a bot with these settings; returns a one-line error if a file or variable they name is missing.
    /// Sends no request.
    pub(crate) fn open(&self) -> Result<Arc<dyn Answerer>, String> {
        Ok(Arc::new(OpenAi::open(self)?))
    }

    /// Returns the URL of the chat completions endpoint.
    fn whole_url(&self) -> ServiceUrl {
        self.url.with_path(|path| match path.trim_end_matches('/') {
            "" => "/v1/chat/completions".to_owned(),
            whole if whole.ends_with("/chat/completions") => whole.to_owned(),
            base => format!("{base}/chat/completions"),
        })
    }
}

/// A client for one model on a server.
struct OpenAi {
    settings: Settings,
    way: Outgoing,
    key: Option<HeaderValue>,
    retry: Retry,
}

impl OpenAi {
    fn open(settings: &Settings) -> Result<OpenAi, String> {
        let key = Secret::read("key", settings.key_file.as_deref(), settings.key_env.as_deref())?;
        let bounds = Bounds {
            connect: settings.connect_timeout.0,
            first: settings.first_timeout.0,
            silence: settings.silence_timeout.0,
            bytes: BYTES,
        };
        let places = AllowedHosts::new(settings.whole_url(), settings.hosts.clone());
        Ok(OpenAi {
            way: Outgoing::new(places, settings.private, bounds)?,
            key: key.map(|key| bearer(&key)),
            retry: Retry { times: settings.retries.into(), base: BACKOFF },
            settings: settings.clone(),
        })
    }

    async fn ask(&self, question: &Question, growth: &AnswerStream) -> Result<Answer, BotError> {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static("text/event-stream, application/json")),
        ]);
        let body = Request::new(&self.settings, question).to_json();
        let post = Post { headers, key: self.key.clone(), body, confidential: false };
        let mut attempts = self.retry.attempts();
        loop {
            match self.attempt(&post, growth).await {
                Ok(answer) => return Ok(answer),
                Err(error) => attempts.outlast(error, growth).await?,
            }
        }
    }

    async fn attempt(&self, post: &Post, growth: &AnswerStream) -> Result<Answer, AttemptError> {
        let mut reply = self.way.post(post).await?;
        if !reply.status().is_success() {
            return Err(refusal(&mut reply).await);
        }
        let mut listening = Listening::new(growth, reply.from());
        listening.listen(&mut reply).await?;
        Ok(Answer::Text(listening.end()?))
    }
}

impl Answerer for OpenAi {
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a AnswerStream,
    ) -> BoxFuture<'a, Result<Answer, BotError>> {
        within(self.settings.timeout.0, self.ask(question, growth)).boxed()
    }
}

fn bearer(key: &Secret) -> HeaderValue {
    let mut bearer =
        HeaderValue::from_str(&format!("Bearer {}", key.as_str())).expect("a key is visible ASCII");
    bearer.set_sensitive(true);
    bearer
}

/// Builds the error for an unsuccessful response.
async fn refusal(reply: &mut Reply) -> AttemptError {
    let after = reply.header(RETRY_AFTER).and_then(|after| retry_after(after, SystemTime::now()));
    let status = reply.status();
    // If the body does not arrive, the status alone still says enough.
    let body = reply.beginning(ERROR_BYTES).await.unwrap_or_default();
    let name = Told::read(&body).map(|told| told.name).unwrap_or_default();
    AttemptError { failure: status::failure(reply.from(), status, &name), after }
}

/// An answer that is being received.
struct Listening<'a> {
    growth: &'a AnswerStream,
    from: String,
    thoughts: Thoughts,
    finish: Option<Finish>,
    /// Whether the last chunk definitely ended the answer.
    is_over: bool,
    /// Whether an event that is not a chunk was skipped.
    is_odd: bool,
}

impl<'a> Listening<'a> {
    fn new(growth: &'a AnswerStream, from: &str) -> Listening<'a> {
        let thoughts = Thoughts::default();
        Listening { growth, from: from.to_owned(), thoughts, finish: None, is_over: false, is_odd: false }
    }

    /// Reads an answer, streamed or whole. Its first byte tells which, because some servers mislabel either
    /// in their content type.
    async fn listen(&mut self, reply: &mut Reply) -> Result<(), BotError> {
        let mut beginning = Vec::new();
        let is_json = loop {
            let Some(piece) = reply.piece().await? else { break false };
            beginning.extend_from_slice(&piece);
            if let Some(visible) = piece.iter().find(|byte| !byte.is_ascii_whitespace()) {
                break [b'{', b'['].contains(visible);
            }
        };
        if !is_json {
            return self.follow(&beginning, reply).await;
        }
        let broken = loop {
            match reply.piece().await {
                Ok(Some(piece)) => beginning.extend_from_slice(&piece),
                Ok(None) => break None,
                Err(failure) => break Some(failure),
            }
        };
        // Usually one object; several from servers that stream JSON lines.
        for chunk in serde_json::Deserializer::from_slice(&beginning).into_iter::<Chunk>() {
            match chunk {
                Ok(chunk) => self.take(&chunk)?,
                Err(_) => return Err(broken.unwrap_or_else(|| self.broken_off("no answer"))),
            }
        }
        // An answer that ended before the connection broke is complete.
        broken.filter(|_| self.finish.is_none()).map_or(Ok(()), Err)
    }

    /// Follows a stream until the answer ends.
    async fn follow(&mut self, beginning: &[u8], reply: &mut Reply) -> Result<(), BotError> {
        let mut events = Events::default();
        let mut next = Some(Bytes::copy_from_slice(beginning));
        while let Some(piece) = next {
            for event in events.take(&piece).map_err(|error| self.garbled(&error.to_string()))? {
                self.hear(&event)?;
                if self.is_over {
                    return Ok(());
                }
            }
            next = match self.finish {
                None => reply.piece().await?,
                // The answer has ended; a failure after it does not matter.
                Some(_) => match timeout(AFTER_END, reply.piece()).await {
                    Ok(Ok(piece)) => piece,
                    Ok(Err(_)) | Err(_) => return Ok(()),
                },
            };
        }
        if let Some(event) = events.end() {
            self.hear(&event)?;
        }
        if self.finish.is_some() {
            Ok(())
        } else if self.is_odd && self.growth.text().is_empty() {
            Err(self.garbled("events that are no pieces of one"))
        } else if events.seen() {
            Err(BotError::new(
                BotErrorKind::CutOff,
                format!("{} ended its stream before its answer", self.from),
            ))
        } else {
            Err(self.garbled("no stream of events"))
        }
    }

    /// Takes an event; skips one that is not a chunk, such as a keep-alive.
    fn hear(&mut self, event: &str) -> Result<(), BotError> {
        if event.trim() == "[DONE]" {
            self.finish.get_or_insert(Finish::Stop);
            self.is_over = true;
            return Ok(());
        }
        if let Ok(chunk) = serde_json::from_str(event) {
            return self.take(&chunk);
        }
        self.is_odd = true;
        Ok(())
    }

    fn take(&mut self, chunk: &Chunk) -> Result<(), BotError> {
        if let Some(told) = chunk.error() {
            return Err(self.broken(&told));
        }
        let text = chunk.text();
        self.growth.push(&self.thoughts.take(&text))?;
        match chunk.finish() {
            Some(finish) => {
                self.finish = Some(finish);
                // Before any text, it may come from a server that sends one in every chunk.
                self.is_over = chunk.is_bare() && !self.growth.text().is_empty();
            }
            // More text means that the answer had not ended; a chunk with the usage alone does not.
            None if !text.is_empty() => self.finish = None,
            None => {}
        }
        Ok(())
    }

    /// Returns the text of the answer that has ended.
    fn end(mut self) -> Result<String, BotError> {
        self.growth.push(&self.thoughts.end())?;
        match self.finish {
            Some(Finish::Length) => {
                let detail =
                    format!("the model of {} may not say more at once (finish_reason length)", self.from);
                return Err(BotError::new(BotErrorKind::Unfinished, detail));
            }
            Some(Finish::Filter) => {
                let detail =
                    format!("{} filters what its model says (finish_reason content_filter)", self.from);
                return Err(BotError::new(BotErrorKind::Refused, detail));
            }
            Some(Finish::Broken) => return Err(self.broken(&Told::unnamed())),
            Some(Finish::Stop) | None => {}
        }
        match thoughts::said(&self.growth.text()) {
            "" => Err(self.garbled("no word")),
            said => Ok(said.to_owned()),
        }
    }

    /// Converts an error that the server sent in place of a chunk.
    fn broken(&self, told: &Told) -> BotError {
        let name = if told.name.is_empty() { "without a name" } else { &told.name };
        match told.status {
            _ if !self.growth.text().is_empty() => {
                BotError::new(BotErrorKind::CutOff, format!("{} broke off with an error ({name})", self.from))
            }
            Some(status) => status::failure(&self.from, status, &told.name),
            None => {
                BotError::new(BotErrorKind::Failing, format!("{} answers with an error ({name})", self.from))
            }
        }
    }

    /// Reports unreadable data: `CutOff` for an answer that has begun, `Garbled` otherwise.
    fn broken_off(&self, what: &str) -> BotError {
        if self.growth.text().is_empty() {
            self.garbled(what)
        } else {
            BotError::new(BotErrorKind::CutOff, format!("{} broke off: it sent {what}", self.from))
        }
    }

    fn garbled(&self, what: &str) -> BotError {
        BotError::new(
            BotErrorKind::Garbled,
            format!("{} was asked for an answer, and sent {what}", self.from),
        )
    }
}
