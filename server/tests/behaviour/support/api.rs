//! A program that uses the API with a token.

use std::{collections::VecDeque, net::SocketAddr, path::Path, process::Output};

use reqwest::{
    Client, Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;

use super::{
    Redis, patiently,
    program::{finish, teahouse, text},
    tokens,
};

/// The command that makes a token.
const ADD: [&str; 4] = ["token", "add", "--name", "reporter"];

/// A program with a token.
pub(crate) struct Program {
    pub(crate) id: String,
    pub(crate) token: String,
    address: SocketAddr,
    client: Client,
}

impl Program {
    /// Makes a token on a data folder with these additional arguments, for the server at an address.
    pub(crate) fn with(data: &Path, address: SocketAddr, words: &[&str]) -> Program {
        Program::made(&tokens(data, &[&ADD[..], words].concat()), address)
    }

    /// Makes a token with all scopes for all rooms, in Redis.
    pub(crate) fn on_redis(redis: &Redis, address: SocketAddr) -> Program {
        let store = redis.url();
        let words =
            ["--scope", "read", "--scope", "write", "--scope", "metrics", "--rate", "0", "--store", &store];
        Program::made(&finish(teahouse(Path::new("/"), &[&ADD[..], &words].concat())), address)
    }

    fn made(output: &Output, address: SocketAddr) -> Program {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let answer = text(&output.stdout).to_owned();
        let field = |name: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
        };
        Program { id: field("id"), token: field("token"), address, client: client() }
    }

    /// Makes a token that may read and write in all rooms, without a rate limit.
    pub(crate) fn new(data: &Path, address: SocketAddr) -> Program {
        Program::with(data, address, &["--scope", "read", "--scope", "write", "--rate", "0"])
    }

    /// Returns the same program for another address.
    pub(crate) fn at(&self, address: SocketAddr) -> Program {
        Program { id: self.id.clone(), token: self.token.clone(), address, client: client() }
    }

    /// Returns the same program with another token.
    pub(crate) fn showing(&self, token: &str) -> Program {
        Program { token: token.to_owned(), ..self.at(self.address) }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method, url);
        request = request.header(AUTHORIZATION, format!("Bearer {}", self.token)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, &[], "").await
    }

    /// Gets a path, which must answer 200, as JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        json(answer).await
    }

    /// Sends a message to a room under an id.
    pub(crate) async fn say(&self, room: &str, id: &str, words: &str) -> Response {
        let body = serde_json::json!({ "text": words, "id": id }).to_string();
        let path = format!("/api/rooms/{room}/messages");
        self.ask(Method::POST, &path, &[(CONTENT_TYPE.as_str(), "application/json")], &body).await
    }

    /// Follows a room from the position of an event id on.
    pub(crate) async fn follow(&self, room: &str, query: &str, last: Option<&str>) -> Follow {
        let path = format!("/api/rooms/{room}/events{query}");
        let headers: Vec<(&str, &str)> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let answer = self.ask(Method::GET, &path, &headers, "").await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
        Follow { answer, bytes: Vec::new(), events: VecDeque::new(), last: None }
    }
}

fn client() -> Client {
    super::client().no_proxy().build().expect("a client without special wishes")
}

pub(crate) async fn json(answer: Response) -> Value {
    let text = answer.text().await.expect("an answer is text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the code of an error response.
pub(crate) async fn code(answer: Response) -> String {
    json(answer).await["error"]["code"].as_str().expect("what is wrong has a code").to_owned()
}

/// A server-sent event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A stream of server-sent events.
pub(crate) struct Follow {
    answer: Response,
    bytes: Vec<u8>,
    events: VecDeque<Event>,
    /// The last id received.
    pub(crate) last: Option<String>,
}

impl Follow {
    /// Returns the next event; `None` at the end, whether orderly or not.
    pub(crate) async fn try_next(&mut self) -> Option<Event> {
        // Keep-alive comments never stop, so the timeout covers the whole read.
        patiently("the next event", self.read_next()).await
    }

    async fn read_next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.last = event.id.clone().or(self.last.take());
                return Some(event);
            }
            let chunk = self.answer.chunk().await.ok()??;
            self.bytes.extend_from_slice(&chunk);
            while let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
                self.events.extend(read(std::str::from_utf8(&block).expect("events are UTF-8")));
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Event {
        self.try_next().await.expect("the stream goes on")
    }

    /// Returns the next event, which must have this name.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await;
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// Returns the seqs of this many messages, with no other event in between.
    pub(crate) async fn seqs(&mut self, count: usize) -> Vec<u64> {
        let mut seqs = Vec::new();
        for _ in 0..count {
            seqs.push(self.expect("message").await.data["seq"].as_u64().expect("a message has a seq"));
        }
        seqs
    }

    /// Returns all events up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.try_next().await {
            events.push(event);
        }
        events
    }
}

/// Parses a block as an event; `None` if it is not one.
fn read(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).expect("data is JSON");
    Some(Event { id: field("id").map(str::to_owned), name: field("event")?.to_owned(), data })
}
