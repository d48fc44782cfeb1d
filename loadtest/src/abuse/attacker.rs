//! An attacker: many nicknames logged in from a few addresses, on raw sockets. Knows nothing about the
//! attacks.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ureq::Agent;

use crate::connection::upgrade;
use crate::frames;

/// Number of attacker addresses, and of users per address: as many as may log in within a minute.
const ADDRESSES: usize = 2;
const USERS: usize = 25;

/// Socket timeout. A blocked attack step gives up after this time and continues with the next.
const PATIENCE: Duration = Duration::from_millis(500);

/// One of the attackers' users.
#[derive(Clone)]
pub(super) struct Attacker {
    server: SocketAddr,
    /// The client address a proxy would forward.
    address: String,
    cookie: String,
}

impl Attacker {
    /// Logs all attackers in, and makes one of them fill a room with messages of the maximum length.
    pub(super) fn prepare(server: SocketAddr) -> Result<Arc<Vec<Self>>> {
        let agent: Agent =
            Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
        let run = fastrand::u32(..);
        let mut all = Vec::new();
        for number in 0..ADDRESSES * USERS {
            let address = format!("198.51.100.{}", number % ADDRESSES + 1);
            let nickname = format!("a{run:08x}{number:03}");
            let answer = agent
                .post(format!("http://{server}/login"))
                .header("x-forwarded-for", &address)
                .send_form([("nickname", nickname.as_str())])
                .context("an attacker's login did not work")?;
            let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
            let Some(cookie) = cookie.and_then(|cookie| cookie.split(';').next()) else {
                bail!("the target answered an attacker's login with {}", answer.status());
            };
            all.push(Self { server, address, cookie: cookie.to_owned() });
        }
        all[0].fill()?;
        Ok(Arc::new(all))
    }

    /// Fills the room `attic`.
    fn fill(&self) -> Result<()> {
        let mut socket = self.enter("attic").context("an attacker did not get in")?;
        let long = "茶".repeat(4_000);
        for number in 0..200 {
            socket.write_all(&text(&send(&format!("f{number}"), "attic", &long)))?;
        }
        // The server has handled all of them once it sends nothing more.
        while socket.read(&mut [0; 16_384]).is_ok_and(|count| count > 0) {}
        Ok(())
    }

    /// Builds a request of this user, up to the blank line after its head.
    pub(super) fn request(&self, method: &str, path: &str, headers: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {}\r\nCookie: {}\r\n{headers}\r\n",
            self.server, self.address, self.cookie
        )
    }

    /// Opens a connection and sends nothing on it.
    pub(super) fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpStream::connect_timeout(&self.server, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(socket)
    }

    /// Opens a logged-in WebSocket.
    pub(super) fn open(&self) -> io::Result<TcpStream> {
        self.open_at("/ws", Some("teahouse.v1"), Some(&self.cookie))
    }

    /// Opens a guest WebSocket, without a login.
    pub(super) fn open_as_guest(&self) -> io::Result<TcpStream> {
        self.open_at("/chat", None, None)
    }

    fn open_at(&self, path: &str, protocol: Option<&str>, cookie: Option<&str>) -> io::Result<TcpStream> {
        let mut socket = self.connect()?;
        let request = upgrade(&self.server.to_string(), path, protocol, cookie);
        let named = format!("X-Forwarded-For: {}\r\n\r\n", self.address);
        socket.write_all(request.trim_end_matches("\r\n").as_bytes())?;
        socket.write_all(format!("\r\n{named}").as_bytes())?;
        let mut head = Vec::new();
        let mut byte = [0; 1];
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        if head.starts_with(b"HTTP/1.1 101") {
            Ok(socket)
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }

    /// Opens a WebSocket and sends the hello for a room.
    pub(super) fn enter(&self, room: &str) -> io::Result<TcpStream> {
        let mut socket = self.open()?;
        socket.write_all(&text(&format!("{{\"hello\":{{\"rooms\":[{{\"room\":\"{room}\"}}]}}}}")))?;
        Ok(socket)
    }
}

/// Builds a text frame as a client sends it.
pub(super) fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

/// Builds a frame with this first byte as a client sends it.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frames::frame(first, true, payload, &mut frame);
    frame
}

/// Builds the line that sends a message to a room.
pub(super) fn send(id: &str, room: &str, text: &str) -> String {
    format!("{{\"send\":{{\"id\":\"{id}\",\"room\":\"{room}\",\"text\":\"{text}\"}}}}")
}

/// Pauses briefly after the server has refused something.
pub(super) fn rest() {
    thread::sleep(Duration::from_millis(20));
}
