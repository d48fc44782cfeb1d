//! People with logins and sockets, who do not count anything.

use anyhow::{Context as _, Result, bail};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use reqwest::redirect::Policy;
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::{PATIENCE, process::Process};

/// What a person says.
pub(crate) type LineSink = SplitSink<WebSocketStream<TcpStream>, Message>;
/// What a person hears.
pub(crate) type Hears = SplitStream<WebSocketStream<TcpStream>>;

/// Somebody who is logged in and in the rooms that they named.
pub(crate) struct Person {
    pub(crate) says: LineSink,
    pub(crate) hears: Hears,
}

impl Person {
    /// Logs in; gives the cookie.
    pub(crate) async fn log_in(node: &Process, name: &str) -> Result<String> {
        // The server's library of HTTP comes without a provider of TLS. Another person may have named it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let request = client.post(format!("http://{}/login", node.address())).form(&[("nickname", name)]);
        let response = request.send().await?;
        let cookie = response.headers().get("set-cookie").context("a login sets a cookie")?.to_str()?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    pub(crate) async fn enter(node: &Process, cookie: &str, rooms: &[String]) -> Result<Person> {
        let mut request = format!("ws://{}/ws", node.address()).into_client_request()?;
        request.headers_mut().append("cookie", cookie.parse()?);
        request.headers_mut().append("sec-websocket-protocol", "teahouse.v1".parse()?);
        let stream = TcpStream::connect(node.address()).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, stream).await?;
        let (says, hears) = socket.split();
        let mut person = Person { says, hears };
        let places = rooms.iter().map(|room| json!({ "room": room })).collect::<Vec<_>>();
        person.says.send(Message::text(json!({ "hello": { "rooms": places } }).to_string())).await?;
        // The answers come in the order of the rooms.
        let last = rooms.last().context("a person is in a room")?;
        person.until(&format!(r#"{{"joined":{{"room":"{last}""#)).await?;
        Ok(person)
    }

    /// Reads until a frame holds this; what else it holds is lost, so ask for one thing of a frame.
    async fn until(&mut self, what: &str) -> Result<()> {
        let look = async {
            while let Some(frame) = self.hears.next().await {
                if frame?.to_text()?.contains(what) {
                    return Ok(());
                }
            }
            bail!("the connection ended before {what}")
        };
        timeout(PATIENCE, look).await.with_context(|| format!("in vain: {what}"))?
    }

    /// Says the same so many times in a room, under ids as long as those of the pages, and waits until all are kept.
    pub(crate) async fn fill(&mut self, room: &str, count: u32, text: &str) -> Result<()> {
        for first in (0..count).step_by(100) {
            let ids = (first..count.min(first + 100)).map(|n| format!("{n:032x}")).collect::<Vec<_>>();
            let lines = ids.iter().map(|id| say(id, room, text)).collect::<Vec<_>>().join("\n");
            self.says.send(Message::text(lines)).await?;
            self.until(&format!(r#""id":"{}""#, ids.last().context("at least one")?)).await?;
        }
        Ok(())
    }
}

pub(crate) fn say(id: &str, room: &str, text: &str) -> String {
    json!({ "send": { "id": id, "room": room, "text": text } }).to_string()
}
