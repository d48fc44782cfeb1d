//! A hand-made WebSocket request, and the socket if the server grants it.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue},
    },
};

use super::patiently;

/// A WebSocket request.
pub(crate) struct Knock {
    address: SocketAddr,
    path: String,
    headers: Vec<(String, String)>,
    receive_buffer: Option<u32>,
}

impl Knock {
    pub(super) fn new(address: SocketAddr, path: &str) -> Knock {
        Knock { address, path: path.to_owned(), headers: Vec::new(), receive_buffer: None }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Knock {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn protocol(self, protocol: &str) -> Knock {
        self.header("sec-websocket-protocol", protocol)
    }

    /// Limits the receive buffer of the socket to this many bytes.
    pub(crate) fn receive_buffer(mut self, bytes: u32) -> Knock {
        self.receive_buffer = Some(bytes);
        self
    }

    /// Returns the socket, or the status of the refusal.
    pub(crate) async fn send(self) -> Result<Socket, u16> {
        let mut request =
            format!("ws://{}{}", self.address, self.path).into_client_request().expect("an address");
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).expect("a header");
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("its value");
            // A request names one host.
            if name == "host" {
                request.headers_mut().insert(name, value);
            } else {
                request.headers_mut().append(name, value);
            }
        }
        let tcp = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = self.receive_buffer {
            tcp.set_recv_buffer_size(bytes).expect("a buffer of this size");
        }
        let stream = patiently("a connection", tcp.connect(self.address)).await.expect("the server listens");
        match patiently("the handshake", client_async(request, stream)).await {
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the handshake broke: {error}"),
        }
    }

    /// Returns the socket, which must be granted.
    pub(crate) async fn socket(self) -> Socket {
        let path = self.path.clone();
        self.send().await.unwrap_or_else(|status| panic!("{path} answers {status}"))
    }

    /// Returns the status with which the socket is refused.
    pub(crate) async fn refusal(self) -> u16 {
        match self.send().await {
            Ok(_) => panic!("the socket was granted"),
            Err(status) => status,
        }
    }
}

/// An open socket. Dropping it breaks the connection without a close frame, as a network failure does.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Sends a frame. Ignores a failure, since reading shows if the server has closed.
    pub(crate) async fn send(&mut self, message: Message) {
        let sent = patiently("a frame is sent", self.0.send(message)).await;
        if let Err(error) = sent {
            assert!(matches!(error, Error::Io(_) | Error::ConnectionClosed | Error::Protocol(_)), "{error}");
        }
    }

    /// Sends frames with as few writes as possible.
    pub(crate) async fn send_all(&mut self, messages: impl Iterator<Item = Message>) {
        for message in messages {
            patiently("a frame is taken", self.0.feed(message)).await.expect("the connection is open");
        }
        patiently("frames are sent", self.0.flush()).await.expect("the connection is open");
    }

    /// Writes raw bytes, bypassing the protocol.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        patiently("bytes are written", self.0.get_mut().write_all(bytes))
            .await
            .expect("the connection is open");
    }

    /// Returns the next frame; `None` when the connection has ended.
    pub(crate) async fn frame(&mut self) -> Option<Result<Message, Error>> {
        patiently("a frame comes", self.0.next()).await
    }

    /// Returns the text of the next text frame, or the close code and reason.
    pub(crate) async fn text(&mut self) -> Result<String, (u16, String)> {
        loop {
            match self.frame().await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Close(None))) => return Err((1005, String::new())),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the connection broke without a close frame: {error}"),
                None => panic!("the connection ended without a close frame"),
            }
        }
    }

    /// Closes from this side and waits for the server's close frame; fails if the closing handshake is not as
    /// the standard requires.
    pub(crate) async fn close(mut self) -> Result<(), Error> {
        patiently("a close frame is sent", self.0.close(None)).await?;
        while let Some(frame) = self.frame().await {
            frame?;
        }
        Ok(())
    }
}
