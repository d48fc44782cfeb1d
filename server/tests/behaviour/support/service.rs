//! A bot service under the test's control: each request waits until the test answers it, in pieces or not at
//! all.

use std::net::SocketAddr;

use futures::FutureExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::patiently;

/// A service on its own port.
pub(crate) struct Service(TcpListener);

/// A request to the service.
pub(crate) struct Call {
    stream: TcpStream,
    pub(crate) body: String,
}

impl Service {
    pub(crate) async fn start() -> Service {
        Service(TcpListener::bind("127.0.0.1:0").await.expect("there is a free port"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a listener has an address")
    }

    /// Returns whether a connection is waiting.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.accept().now_or_never().is_some()
    }

    /// Waits for the next request.
    pub(crate) async fn call(&self) -> Call {
        let (mut stream, _) =
            patiently("somebody asks the service", self.0.accept()).await.expect("a connection");
        let mut bytes = Vec::new();
        let head = loop {
            assert_ne!(
                patiently("a request", stream.read_buf(&mut bytes)).await.expect("bytes"),
                0,
                "it broke off"
            );
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8(bytes[..head].to_vec()).expect("headers are text").to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
        while bytes.len() < head + length {
            patiently("the body", stream.read_buf(&mut bytes)).await.expect("bytes");
        }
        Call { stream, body: String::from_utf8(bytes.split_off(head)).expect("JSON is text") }
    }
}

impl Call {
    /// Answers at once, with the whole body.
    pub(crate) async fn answer(mut self, status: &str, kind: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        self.write(&(head + body)).await;
    }

    /// Begins a streaming answer, as a model does.
    pub(crate) async fn begin(&mut self) {
        self.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await;
    }

    /// Sends a piece of the answer.
    pub(crate) async fn piece(&mut self, text: &str) {
        let text = serde_json::to_string(text).expect("text");
        self.write(&format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\n")).await;
    }

    /// Ends the answer.
    pub(crate) async fn end(mut self) {
        self.write("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
            .await;
    }

    /// Waits until the client has hung up.
    pub(crate) async fn hung_up(mut self) {
        let mut rest = [0; 1];
        // A reset connection has ended as well.
        let read = patiently("whoever asked hangs up", self.stream.read(&mut rest)).await;
        assert_eq!(read.unwrap_or(0), 0, "nothing more is asked");
    }

    async fn write(&mut self, text: &str) {
        patiently("an answer goes out", self.stream.write_all(text.as_bytes()))
            .await
            .expect("somebody listens");
    }
}
