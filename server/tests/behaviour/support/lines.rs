//! A protocol client that sends exactly what a test tells it to.

use std::collections::VecDeque;

use axum::body::Bytes;
use chat::protocol::{
    ClientLine, Joined, Members, Message, Page, PresenceChange, Refused, RoomPosition, ServerLine,
};
use tokio_tungstenite::tungstenite::{
    Message as Frame,
    protocol::frame::{
        Frame as RawFrame,
        coding::{Data, OpCode},
    },
};

use super::Socket;

/// A socket with the subprotocol `teahouse.v1`.
pub(crate) struct Lines {
    socket: Socket,
    waiting: VecDeque<ServerLine>,
}

impl Lines {
    pub(crate) fn new(socket: Socket) -> Lines {
        Lines { socket, waiting: VecDeque::new() }
    }

    pub(crate) async fn send(&mut self, line: &ClientLine) {
        self.send_text(&line.print()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Frame::text(text)).await;
    }

    pub(crate) async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.socket.send(Frame::binary(bytes)).await;
    }

    /// Sends many pings without waiting for pongs.
    pub(crate) async fn ping_at_once(&mut self, count: usize) {
        self.socket.send_all((0..count).map(|_| Frame::Ping(Bytes::new()))).await;
    }

    /// Sends the first fragment of a message and leaves it unfinished.
    pub(crate) async fn begin_message(&mut self, text: &str) {
        let piece = RawFrame::message(text.to_owned(), OpCode::Data(Data::Text), false);
        self.socket.send(Frame::Frame(piece)).await;
    }

    /// Sends a message to the lobby.
    pub(crate) async fn say(&mut self, id: &str, text: &str) {
        self.say_in("lobby", id, text).await;
    }

    pub(crate) async fn say_in(&mut self, room: &str, id: &str, text: &str) {
        self.send(&say(room, id, text)).await;
    }

    /// Sends many messages to the lobby in one frame; their ids are `prefix` and a number from 1.
    pub(crate) async fn say_many(&mut self, prefix: &str, count: usize) {
        let lines =
            (1..=count).map(|n| say("lobby", &format!("{prefix}{n}"), &format!("{prefix} says {n}")).print());
        let frame = lines.collect::<Vec<_>>().join("\n");
        self.send_text(&frame).await;
    }

    /// Sends many messages to the lobby, each in its own frame, without waiting for acknowledgements.
    pub(crate) async fn say_at_once(&mut self, prefix: &str, count: usize) {
        let lines =
            (1..=count).map(|n| say("lobby", &format!("{prefix}{n}"), &format!("{prefix} says {n}")).print());
        self.socket.send_all(lines.map(Frame::text)).await;
    }

    pub(crate) async fn join(&mut self, room: &str) {
        self.send(&ClientLine::Join(RoomPosition { room: room.to_owned(), epoch: None, seq: None })).await;
    }

    pub(crate) async fn leave(&mut self, room: &str) {
        self.send(&ClientLine::Leave { room: room.to_owned() }).await;
    }

    /// Returns the next line; the connection must stay open meanwhile.
    pub(crate) async fn next(&mut self) -> ServerLine {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return line;
            }
            match self.socket.text().await {
                Ok(frame) => self.take(&frame),
                Err(closed) => panic!("the server closed with {closed:?}"),
            }
        }
    }

    fn take(&mut self, frame: &str) {
        for line in frame.split('\n') {
            let line = ServerLine::parse(line).expect("a line of the protocol");
            assert!(!matches!(line, ServerLine::Unknown(_)), "{line:?} is not in the protocol");
            self.waiting.push_back(line);
        }
    }

    /// Reads until `look` accepts a line.
    pub(crate) async fn until<T>(&mut self, mut look: impl FnMut(ServerLine) -> Option<T>) -> T {
        loop {
            let line = self.next().await;
            if let Some(found) = look(line) {
                return found;
            }
        }
    }

    pub(crate) async fn message(&mut self) -> Message {
        self.until(|line| if let ServerLine::Message(message) = line { Some(message) } else { None }).await
    }

    pub(crate) async fn joined(&mut self) -> Joined {
        self.until(|line| if let ServerLine::Joined(joined) = line { Some(joined) } else { None }).await
    }

    pub(crate) async fn page(&mut self) -> Page {
        self.until(|line| if let ServerLine::Page(page) = line { Some(page) } else { None }).await
    }

    pub(crate) async fn members(&mut self) -> Members {
        let members =
            |line| if let ServerLine::Members { members, .. } = line { Some(members) } else { None };
        self.until(members).await
    }

    pub(crate) async fn presence(&mut self) -> PresenceChange {
        self.until(|line| if let ServerLine::Presence(presence) = line { Some(presence) } else { None }).await
    }

    /// Collects joins and leaves up to and including this one: `+Ann`, `-Bo`.
    pub(crate) async fn told_until(&mut self, last: &str) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        while !told.iter().any(|one| one == last) {
            let presence = self.presence().await;
            told.extend(presence.enter.iter().map(|user| format!("+{}", user.name)));
            told.extend(presence.leave.iter().map(|user| format!("-{}", user.name)));
        }
        told
    }

    pub(crate) async fn refused(&mut self) -> Refused {
        self.until(|line| if let ServerLine::Refused(refused) = line { Some(refused) } else { None }).await
    }

    /// Reads to the end; returns the close code and its reason.
    pub(crate) async fn closed(mut self) -> (u16, String) {
        loop {
            match self.socket.text().await {
                Ok(frame) => self.take(&frame),
                Err(closed) => return closed,
            }
        }
    }

    /// Reads to the end; returns the lines and the close code.
    pub(crate) async fn rest(mut self) -> (Vec<ServerLine>, u16) {
        loop {
            match self.socket.text().await {
                Ok(frame) => self.take(&frame),
                Err((code, _)) => return (self.waiting.into(), code),
            }
        }
    }

    /// Closes from this side with a closing handshake.
    pub(crate) async fn close(self) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.socket.close().await
    }
}

/// Returns a line that sends a message.
pub(crate) fn say(room: &str, id: &str, text: &str) -> ClientLine {
    ClientLine::Send { id: id.to_owned(), room: room.to_owned(), text: text.to_owned() }
}
