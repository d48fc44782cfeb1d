//! One reader: joins a room, scrolls, jumps, searches and sends, one request after the other, and times each
//! answer. Does not check what an answer holds.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message as Frame, WebSocket};
use ureq::Agent;

use crate::clock::Clock;
use crate::corpus::Message;

/// A WebSocket that is in a room.
pub(crate) struct Reader {
    socket: WebSocket<TcpStream>,
    /// Lines of the last frame that are not processed yet.
    lines: VecDeque<String>,
    room: String,
    clock: Clock,
}

/// Events of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Events {
    #[serde(default)]
    pub(crate) head: u64,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    message: Message,
}

impl Events {
    pub(crate) fn messages(self) -> Vec<Message> {
        self.events.into_iter().map(|event| event.message).collect()
    }
}

impl Reader {
    /// Connects, joins the room, and returns the events that came with it and the nanoseconds all of that
    /// took.
    pub(crate) fn enter(
        address: SocketAddr,
        cookie: &str,
        room: &str,
        patience: Duration,
        clock: Clock,
    ) -> Result<(Self, Events, u64)> {
        let begin = clock.now();
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        request.headers_mut().insert("cookie", cookie.parse()?);
        request.headers_mut().insert("sec-websocket-protocol", "teahouse.v1".parse()?);
        let (socket, _) = tungstenite::client(request, stream).context("there is no WebSocket")?;
        let mut reader = Self { socket, lines: VecDeque::new(), room: room.to_owned(), clock };
        let events = reader.ask(&json!({ "hello": { "rooms": [{ "room": room }] } }), "joined")?;
        Ok((reader, serde_json::from_value(events)?, clock.now() - begin))
    }

    /// Requests a slice of the room's history by `before`, `around` or `at`; returns it and the nanoseconds
    /// it took.
    pub(crate) fn history(&mut self, by: &str, place: u64, limit: usize) -> Result<(Vec<Message>, u64)> {
        let begin = self.clock.now();
        let line = json!({ "history": { "room": self.room, by: place, "limit": limit } });
        let page = self.ask(&line, "page")?;
        let took = self.clock.now() - begin;
        Ok((serde_json::from_value::<Events>(page)?.messages(), took))
    }

    /// Sends messages until the time `until`, with up to `window` of them in flight, and waits until all are
    /// back. Calls `heard` with each one's seq and the nanoseconds from sending to receiving it. Returns how
    /// many it sent.
    pub(crate) fn say(
        &mut self,
        window: usize,
        until: u64,
        mut text: impl FnMut(u64) -> String,
        mut heard: impl FnMut(u64, u64) -> Result<()>,
    ) -> Result<u64> {
        let (mut said, mut flying) = (0, VecDeque::new());
        loop {
            while flying.len() < window && self.clock.now() < until {
                // As long as the page's ids, and unordered like them.
                let id = format!("{:032x}", fastrand::u128(..));
                let line = json!({ "send": { "id": id, "room": self.room, "text": text(said) } });
                flying.push_back((id, self.clock.now()));
                said += 1;
                self.socket.write(Frame::text(line.to_string()))?;
            }
            self.socket.flush()?;
            let Some((id, begin)) = flying.pop_front() else { return Ok(said) };
            let message: Message = serde_json::from_value(self.wait_for("message")?)?;
            ensure!(message.id == id, "what was said first did not come back first");
            heard(message.seq, self.clock.now() - begin)?;
        }
    }

    fn ask(&mut self, line: &Value, answer: &str) -> Result<Value> {
        self.socket.send(Frame::text(line.to_string()))?;
        self.wait_for(answer)
    }

    /// Waits for the next line of this name. Skips others, except that it answers heartbeats and fails on
    /// refusals.
    fn wait_for(&mut self, name: &str) -> Result<Value> {
        loop {
            while let Some(line) = self.lines.pop_front() {
                let kind =
                    line.strip_prefix("{\"").and_then(|rest| rest.split_once('"')).map(|(kind, _)| kind);
                match kind {
                    Some(kind) if kind == name => {
                        let mut value: Value = serde_json::from_str(&line)?;
                        return Ok(value[name].take());
                    }
                    Some("ping") => self.socket.send(Frame::text(r#"{"pong":{}}"#))?,
                    Some("refused") => bail!("the server refused it: {line}"),
                    _ => {}
                }
            }
            let frame = self.socket.read().with_context(|| format!("waiting for {name}"))?;
            if let Frame::Text(text) = frame {
                self.lines.extend(text.as_str().lines().map(str::to_owned));
            }
        }
    }
}

/// Requests pages by HTTP, over one connection.
pub(crate) struct Browser {
    agent: Agent,
    address: SocketAddr,
    cookie: String,
    clock: Clock,
}

/// A page of search results.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Seqs of the hits, in the order of the page.
    pub(crate) seqs: Vec<u64>,
    /// Address of the page with older hits.
    pub(crate) older: Option<String>,
    /// Whether the page says that there may be more hits.
    pub(crate) is_remarked: bool,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr, cookie: &str, patience: Duration, clock: Clock) -> Self {
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(patience))
            .build()
            .into();
        Self { agent, address, cookie: cookie.to_owned(), clock }
    }

    /// Returns a page, and the nanoseconds until it was complete.
    pub(crate) fn page(&self, path: &str) -> Result<(String, u64)> {
        let begin = self.clock.now();
        let mut answer = self
            .agent
            .get(format!("http://{}{path}", self.address))
            .header("cookie", &self.cookie)
            .call()
            .with_context(|| format!("asking for {path}"))?;
        let html = answer.body_mut().read_to_string()?;
        ensure!(answer.status() == 200, "{path} was answered with {}", answer.status());
        Ok((html, self.clock.now() - begin))
    }

    /// Searches all rooms or one; `older` is the address that the page before gave.
    pub(crate) fn search(
        &self,
        words: &str,
        room: Option<&str>,
        older: Option<&str>,
    ) -> Result<(Found, u64)> {
        let only = room.map_or_else(String::new, |room| format!("&in={room}"));
        let path = older.map_or_else(|| format!("/search?q={}{only}", encoded(words)), str::to_owned);
        let (html, took) = self.page(&path)?;
        Ok((Found::read(&html), took))
    }
}

impl Found {
    fn read(html: &str) -> Self {
        let links = || html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let seq =
            |link: &str| link.strip_prefix("/chat/")?.split_once('/')?.1.split('#').next()?.parse().ok();
        Self {
            seqs: links().filter_map(seq).collect(),
            older: links().find(|link| link.contains("older=")).map(|link| link.replace("&amp;", "&")),
            is_remarked: html.contains("search__remark"),
        }
    }
}

/// Percent-encodes a text for a URL.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_what_was_found_says_where_and_how_it_goes_on() {
        let html = r#"<p class="search__remark">x</p><a class="hit" href="/chat/tea/12#m12">y</a>
            <a class="hit" href="/chat/tea/7#m7">z</a><a class="button" href="/search?q=a&amp;in=tea&amp;older=99" rel="next">"#;
        let found = Found::read(html);
        let older = Some("/search?q=a&in=tea&older=99".to_owned());
        assert_eq!(found, Found { seqs: vec![12, 7], older, is_remarked: true });
        assert_eq!(Found::read("").older, None);
    }

    #[test]
    fn an_address_holds_any_text() {
        assert_eq!(encoded("茶 a"), "%E8%8C%B6%20a");
    }
}
