//! One connection: its stage, and the bytes waiting to be sent.
//!
//! Knows frames and the stages of joining, but no epoll and no tally, and of the server's protocol only what
//! [`crate::speech`] provides.

use std::io::{self, Read, Write};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;

use crate::frames::Frames;

/// `Sec-WebSocket-Key` and the matching `Sec-WebSocket-Accept`: the example of RFC 6455, 1.3, which serves as
/// well as any other.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The stage of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    Upgrading,
    Greeting,
    /// In the room: bytes read from now on are scanned, not parsed.
    In,
}

/// A connection that is not closed.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) stage: Stage,
    /// Before the seat is in its room, bytes read but not parsed yet; afterwards, the beginning of a possible
    /// mark.
    pub(crate) kept: Vec<u8>,
    pub(crate) frames: Frames,
    out: Vec<u8>,
    /// Whether this client has stopped reading, like a slow consumer.
    pub(crate) deaf: bool,
    /// Bytes received after the upgrade until the seat was in its room.
    pub(crate) greeting: u64,
    /// Bytes received since the upgrade.
    pub(crate) bytes: u64,
}

impl Connection {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            stage: Stage::Connecting,
            kept: Vec::new(),
            frames: Frames::default(),
            out: Vec::new(),
            deaf: false,
            greeting: 0,
            bytes: 0,
        }
    }

    /// Returns whether the socket is connected, or the error if connecting failed.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the output buffer. Bytes appended to it go out after those already waiting, with the next
    /// [`Self::flush`].
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes as much as the socket accepts; the rest waits until it is writable again.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.out.len() {
            match self.socket.write(&self.out[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.drain(..written);
        Ok(())
    }

    /// Reads once into `buffer`. Returns `None` if nothing is available now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Consumes the upgrade response from the bytes read, if it is complete. An error says why there is no
    /// WebSocket.
    pub(crate) fn take_upgrade(&mut self) -> Result<bool> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(&self.kept).context("the target does not speak HTTP")?;
        let httparse::Status::Complete(length) = parsed else { return Ok(false) };
        let status = response.code.unwrap_or_default();
        if status != 101 {
            bail!("the target refused the upgrade to WebSocket with status {status}");
        }
        let accept =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-accept"));
        ensure!(
            accept.is_some_and(|header| header.value == ACCEPT.as_bytes()),
            "the target's answer to the upgrade has not the right Sec-WebSocket-Accept"
        );
        self.kept.drain(..length);
        Ok(true)
    }
}

/// Builds the upgrade request.
pub(crate) fn upgrade(host: &str, path: &str, subprotocol: Option<&str>, cookie: Option<&str>) -> String {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
    );
    for (name, value) in [("Sec-WebSocket-Protocol", subprotocol), ("Cookie", cookie)] {
        if let Some(value) = value {
            request.push_str(name);
            request.push_str(": ");
            request.push_str(value);
            request.push_str("\r\n");
        }
    }
    request.push_str("\r\n");
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        assert_eq!(tungstenite::handshake::derive_accept_key(KEY.as_bytes()), ACCEPT);
    }

    #[test]
    fn an_upgrade_names_subprotocol_and_cookie() {
        let request = upgrade("127.0.0.1:1", "/ws", Some("teahouse.v1"), Some("a=b"));
        assert!(request.ends_with("Sec-WebSocket-Protocol: teahouse.v1\r\nCookie: a=b\r\n\r\n"));
    }
}
