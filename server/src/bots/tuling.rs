//! Bots that speak the JSON of the Tuling robot (图灵机器人, API v2), like the robot in the tutorial.
//!
//! One text goes out and one or more come back; the API neither streams nor takes a conversation, beyond what
//! it remembers about a user itself.

mod reply;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::config::bots::{place::AllowedHosts, tuling::Settings};

use super::{
    answer_stream::AnswerStream,
    outgoing::{Bounds, Outgoing, Post, within},
    question::{Answer, Answerer, BotError, Question},
    secret::Secret,
    status,
};

/// The most bytes of an answer.
const BYTES: usize = 1_048_576;

/// The most characters of a user id in the API.
const USER_ID: usize = 32;

impl Settings {
    /// Opens a bot with these settings; returns a one-line error if a file or variable they name is missing.
    /// Sends no request.
    pub(crate) fn open(&self) -> Result<Arc<dyn Answerer>, String> {
        let key = Secret::read("key", self.key_file.as_deref(), self.key_env.as_deref())?
            .ok_or("this service wants a key: key_file or key_env names it")?;
        let bounds = Bounds {
            connect: self.connect_timeout.0,
            first: self.timeout.0,
            silence: self.timeout.0,
            bytes: BYTES,
        };
        let places = AllowedHosts::new(self.url.clone(), self.hosts.clone());
        let way = Outgoing::new(places, self.private, bounds)?;
        Ok(Arc::new(Tuling { way, key, timeout: self.timeout.0 }))
    }
}

/// A client of the API.
struct Tuling {
    way: Outgoing,
    key: Secret,
    timeout: Duration,
}

/// The body of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    /// 0 means text.
    req_type: u8,
    perception: Perception<'a>,
    user_info: UserInfo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Perception<'a> {
    input_text: InputText<'a>,
}

#[derive(Serialize)]
struct InputText<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    api_key: &'a str,
    user_id: String,
}

impl Tuling {
    async fn ask(&self, question: &Question, growth: &AnswerStream) -> Result<Answer, BotError> {
        let request = Request {
            req_type: 0,
            perception: Perception { input_text: InputText { text: &question.text } },
            user_info: UserInfo { api_key: self.key.as_str(), user_id: user_id(question) },
        };
        let body = serde_json::to_vec(&request).expect("texts have no failing serializer");
        let headers = HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        )]);
        let mut reply = self.way.post(&Post { headers, key: None, body, confidential: true }).await?;
        let from = reply.from().to_owned();
        if !reply.status().is_success() {
            return Err(status::failure(&from, reply.status(), ""));
        }
        let body = reply.whole().await?;
        let text = reply::read(&body).map_err(|unfit| unfit.failure(&from))?;
        growth.push(&text)?;
        Ok(Answer::Text(text))
    }
}

impl Answerer for Tuling {
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a AnswerStream,
    ) -> BoxFuture<'a, Result<Answer, BotError>> {
        within(self.timeout, self.ask(question, growth)).boxed()
    }
}

/// Derives the asker's id for the API: stable, and not traceable to the user. The API accepts letters and
/// digits only.
fn user_id(question: &Question) -> String {
    let digest = Sha256::new()
        .chain_update("teahouse tuling\n")
        .chain_update(question.bot.id.as_str())
        .chain_update("\n")
        .chain_update(question.asker.id.as_str())
        .finalize();
    let mut id = format!("{digest:x}");
    id.truncate(USER_ID);
    id
}
