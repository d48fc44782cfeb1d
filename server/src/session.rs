//! One connection of a user: it reads what they ask, has it done, and writes what their rooms say.
//!
//! [`conversation`] understands the lines and answers them, [`reading`] reads the log for it, [`sending`] brings messages
//! into the store; this module moves lines: reading, writing, the heartbeat, and the end. It fans nothing out and keeps nothing that outlives it.

mod conversation;
pub(crate) mod reading;
mod sending;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use chat::close::CloseCode;
use conversation::Conversation;
use rand::RngExt as _;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    dialect::{Broadcast, Dialect},
    identity::Login,
    outbound::{Listening, Next, Outbound},
    teahouse::Shared,
};

/// How many bytes of lines share a frame at the most; a longer line has one of its own.
const FRAME_BYTES: usize = 64 * 1_024;

/// How long a connection that is being closed may take to read what was written, and as long again to close from its side.
/// Both together are less than a stop waits for its sessions.
const PARTING: Duration = Duration::from_secs(2);

/// When to try again what the store could not do, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// How long a client of the protocol may take to say `hello`.
const HELLO: Duration = Duration::from_secs(10);

/// How much later than two heartbeats a sign of life may come.
const SLACK: Duration = Duration::from_secs(5);

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server closes it with this code.
    Close(CloseCode),
    /// The other end has closed it.
    Closed,
    /// It broke.
    Over,
}

/// Runs a session from its first line to its last.
pub(crate) async fn run(teahouse: Shared, mut socket: WebSocket, login: Login, dialect: Dialect) {
    let id = teahouse.new_session();
    tracing::debug!(session = id.0, "a session begins");
    let outbound = Arc::new(Outbound::new(teahouse.config.queue_limit));
    let _listening = Listening(outbound.clone());
    teahouse.nicknames.arrive(&login, id, outbound.clone());
    if teahouse.stopping.is_cancelled() {
        // Whoever comes between the last look and the drain is let go like the others.
        outbound.close(CloseCode::Restart);
    }
    let conversation =
        Conversation::new(teahouse.clone(), id, login.user(), outbound.clone(), dialect.clone());
    let mut session = Session { conversation, outbound: outbound.clone(), dialect, heard: Instant::now() };
    let end = session.talk(&mut socket, teahouse.config.heartbeat.0).await;
    // A page that is led away by its own log-out may close the socket before the server does.
    let logged_out = end == End::Close(CloseCode::LoggedOut) || outbound.closes_with(CloseCode::LoggedOut);
    session.conversation.end(logged_out).await;
    teahouse.nicknames.depart(&login.id, id, logged_out).await;
    match end {
        End::Close(code) => part(&mut socket, code).await,
        End::Closed => hear_out(&mut socket).await,
        End::Over => {}
    }
}

/// Closes a socket with a code, and waits a while until the other end has read it.
pub(crate) async fn part(socket: &mut WebSocket, code: CloseCode) {
    // Whoever takes no close frame within the time takes none.
    if let Ok(Ok(())) = timeout(PARTING, socket.send(close_frame(code))).await {
        hear_out(socket).await;
    }
}

/// Reads until the other end is done, which also sends what the standard still asks for.
async fn hear_out(socket: &mut WebSocket) {
    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
    if timeout(PARTING, rest).await.is_err() {
        tracing::debug!("a client did not close in time");
    }
}

struct Session {
    conversation: Conversation,
    outbound: Arc<Outbound>,
    dialect: Dialect,
    /// When the other end last showed that it is there.
    heard: Instant,
}

impl Session {
    async fn talk(&mut self, socket: &mut WebSocket, heartbeat: Duration) -> End {
        // The first one comes at a random moment, so that those who came together are not asked together.
        let mut beat = Instant::now() + heartbeat.mul_f64(rand::rng().random_range(0.05..1.0));
        let hello = Instant::now() + HELLO;
        if let Dialect::Plain(_) = self.dialect {
            self.conversation.enter_plain().await;
        }
        let outbound = self.outbound.clone();
        loop {
            let answers = self.conversation.take_answers();
            if !answers.is_empty()
                && let Err(end) = self.write(socket, &answers).await
            {
                return end;
            }
            let listens = self.conversation.listens();
            let pause = self.conversation.pause();
            let greeted = self.conversation.has_begun();
            tokio::select! {
                next = outbound.next() => match next {
                    Next::Lines(lines) => {
                        if let Err(end) = self.write(socket, &lines).await {
                            return end;
                        }
                    }
                    Next::Close(code) => {
                        return self.finish(socket, code).await;
                    }
                },
                () = self.conversation.settle() => {}
                received = socket.recv(), if listens => {
                    let Some(received) = received else { return End::Over };
                    match self.receive(received).await {
                        None => {}
                        // What is wrong is said before the connection is closed for it.
                        Some(End::Close(code)) => return self.finish(socket, code).await,
                        Some(end) => return end,
                    }
                }
                () = sleep_until(pause.unwrap_or(beat)), if pause.is_some() => {
                    self.conversation.resume();
                }
                () = sleep_until(hello), if !greeted => return End::Close(CloseCode::Silent),
                () = sleep_until(beat), if greeted => {
                    beat = Instant::now() + heartbeat;
                    if self.heard.elapsed() > heartbeat * 2 + SLACK {
                        return End::Close(CloseCode::Silent);
                    }
                    if let Err(end) = self.ping(socket).await {
                        return end;
                    }
                }
            }
        }
    }

    /// What was taken is finished and answered before the connection closes; one that was cut off is not waited for.
    async fn finish(&mut self, socket: &mut WebSocket, code: CloseCode) -> End {
        if !matches!(code, CloseCode::SlowConsumer | CloseCode::Replaced) {
            while self.conversation.is_busy() {
                self.conversation.settle().await;
            }
            let answers = self.conversation.take_answers();
            let written = timeout(PARTING, self.write(socket, &answers)).await;
            if !matches!(written, Ok(Ok(()))) {
                return End::Over;
            }
        }
        End::Close(code)
    }

    async fn receive(&mut self, received: Result<Message, axum::Error>) -> Option<End> {
        self.heard = Instant::now();
        match received {
            Ok(Message::Text(text)) => {
                let understood = self.conversation.hear(&text).await;
                (!understood).then_some(End::Close(CloseCode::Protocol))
            }
            Ok(Message::Binary(_)) => {
                self.conversation.refuse_binary();
                None
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => None,
            Ok(Message::Close(_)) => Some(End::Closed),
            Err(error) => {
                tracing::debug!(%error, "a socket failed");
                let too_big = error.to_string().to_ascii_lowercase().contains("too");
                Some(if too_big { End::Close(CloseCode::TooBig) } else { End::Over })
            }
        }
    }

    async fn ping(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        match self.dialect {
            // By way of the queue, so that the heads do not overtake the events that they count.
            Dialect::Lines => {
                let line = self.conversation.heads().await;
                // A queue that is closed says so at the next look.
                let _ = self.outbound.push(Arc::new(Broadcast::new(line)));
                Ok(())
            }
            Dialect::Plain(_) => send(&self.outbound, socket, Message::Ping(Bytes::new())).await,
        }
    }

    /// Writes lines: as many to a frame as fit, or one to a frame by the plain door.
    async fn write(&mut self, socket: &mut WebSocket, lines: &[Arc<Broadcast>]) -> Result<(), End> {
        let me = self.conversation.me();
        let mut frames = Vec::new();
        let mut frame: Vec<Utf8Bytes> = Vec::new();
        let mut bytes = 0;
        for line in lines {
            let text = match &self.dialect {
                Dialect::Lines => Some(line.json().clone()),
                Dialect::Plain(plain) => plain.hears(line, me),
            };
            let Some(text) = text else { continue };
            if let Dialect::Plain(_) = self.dialect {
                frames.extend(text.lines().map(Utf8Bytes::from));
                continue;
            }
            if !frame.is_empty() && bytes + text.len() > FRAME_BYTES {
                frames.push(join(&mut frame));
                bytes = 0;
            }
            bytes += text.len() + 1;
            frame.push(text);
        }
        if !frame.is_empty() {
            frames.push(join(&mut frame));
        }
        for frame in frames {
            send(&self.outbound, socket, Message::Text(frame)).await?;
        }
        Ok(())
    }
}

/// Sends, unless the connection is cut off meanwhile.
async fn send(outbound: &Outbound, socket: &mut WebSocket, message: Message) -> Result<(), End> {
    tokio::select! {
        sent = socket.send(message) => sent.map_err(|_| End::Over),
        code = outbound.cut() => Err(End::Close(code)),
    }
}

/// One frame of lines; a line alone goes as it is, without a copy.
fn join(lines: &mut Vec<Utf8Bytes>) -> Utf8Bytes {
    if lines.len() == 1 {
        return lines.pop().expect("there is one");
    }
    let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines.drain(..) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    text.into()
}

/// The close frame of a code.
fn close_frame(code: CloseCode) -> Message {
    Message::Close(Some(CloseFrame { code: code.number(), reason: code.reason().into() }))
}
