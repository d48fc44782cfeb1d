//! Bots that are the operator's own program: a question goes out as signed JSON ([`payload`]), and the answer
//! is the response or is posted to the reply URL later.

mod payload;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use chat::time::Millis;
use futures::{FutureExt as _, future::BoxFuture};
use reqwest::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;

use payload::Payload;

use super::{
    answer_stream::AnswerStream,
    outgoing::{Bounds, Outgoing, Post, Reply, within},
    question::{Answer, Answerer, BotError, BotErrorKind, Question},
    secret::Secret,
    status,
};
use crate::{
    clock,
    config::bots::{place::AllowedHosts, webhook::Settings},
};

/// The most bytes of an answer.
const BYTES: usize = 1_048_576;

const TIMESTAMP: HeaderName = HeaderName::from_static("teahouse-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("teahouse-signature");

impl Settings {
    /// Opens a bot with these settings; returns a one-line error if a file or variable they name is missing.
    /// Sends no request.
    pub(crate) fn open(&self) -> Result<Arc<dyn Answerer>, String> {
        let secret = Secret::read("secret", self.secret_file.as_deref(), self.secret_env.as_deref())?
            .ok_or("a webhook is signed with a secret: secret_file or secret_env names it")?;
        let bounds = Bounds {
            connect: self.connect_timeout.0,
            first: self.timeout.0,
            silence: self.timeout.0,
            bytes: BYTES,
        };
        let places = AllowedHosts::new(self.url.clone(), self.hosts.clone());
        let way = Outgoing::new(places, self.private, bounds)?;
        Ok(Arc::new(Webhook { way, secret, timeout: self.timeout.0 }))
    }
}

/// A client of a webhook.
struct Webhook {
    way: Outgoing,
    secret: Secret,
    timeout: Duration,
}

impl Webhook {
    async fn ask(&self, question: &Question, growth: &AnswerStream) -> Result<Answer, BotError> {
        let body = Payload::new(question).to_json();
        let headers = headers(&self.secret, clock::now(), &body);
        let mut reply = self.way.post(&Post { headers, key: None, body, confidential: false }).await?;
        let status = reply.status();
        if !status.is_success() {
            return Err(status::failure(reply.from(), status, ""));
        }
        let text = match status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => String::new(),
            _ => said(&mut reply).await?,
        };
        if !text.is_empty() {
            growth.push(&text)?;
            return Ok(Answer::Text(text));
        }
        match question.reply_url {
            Some(_) => Ok(Answer::Later),
            None => Err(garbled(&reply, "wants to answer later, and there is no reply URL")),
        }
    }
}

impl Answerer for Webhook {
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a AnswerStream,
    ) -> BoxFuture<'a, Result<Answer, BotError>> {
        within(self.timeout, self.ask(question, growth)).boxed()
    }
}

fn headers(secret: &Secret, now: Millis, body: &[u8]) -> HeaderMap {
    let timestamp = (now.0 / 1_000).to_string();
    let signature = payload::signature(secret, &timestamp, body);
    let ascii = |text: &str| HeaderValue::from_str(text).expect("digits and letters make a header");
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ACCEPT, HeaderValue::from_static("text/plain, application/json")),
        (TIMESTAMP, ascii(&timestamp)),
        (SIGNATURE, ascii(&signature)),
    ])
}

/// An answer in JSON.
#[derive(Deserialize)]
struct JsonAnswer {
    #[serde(default)]
    text: String,
}

/// Returns the text of an answer; empty if it has none.
async fn said(reply: &mut Reply) -> Result<String, BotError> {
    let kind = reply.header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let body = reply.whole().await?;
    if body.is_empty() {
        return Ok(String::new());
    }
    let text = match kind.as_str() {
        "application/json" => {
            let said: JsonAnswer = serde_json::from_slice(&body)
                .map_err(|_| garbled(reply, "sent JSON without a text in it"))?;
            said.text
        }
        // Without a content type, the body is taken as plain text.
        "" | "text/plain" | "text/markdown" => {
            String::from_utf8(body).map_err(|_| garbled(reply, "sent a text that is not in UTF-8"))?
        }
        _ => return Err(garbled(reply, "sent neither text/plain nor application/json")),
    };
    Ok(text.trim().to_owned())
}

fn garbled(reply: &Reply, what: &str) -> BotError {
    BotError::new(BotErrorKind::Garbled, format!("{} {what}", reply.from()))
}
