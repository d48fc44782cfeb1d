//! One connection of a user: reads their commands and has them executed. Room events bypass it, except those
//! that the socket does not accept at once.
//!
//! [`conversation`] reads the lines and passes each to its file in [`commands`], and [`sending`] appends
//! messages to the store; this module reads frames, sends heartbeats and closes the connection. It never fans
//! out, and retains nothing that outlives the connection.

mod commands;
mod conversation;
mod retry;
mod sending;

use std::{sync::Arc, time::Duration};

use chat::{close::CloseCode, room::SessionId};
use conversation::Conversation;
use rand::RngExt as _;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{app_state::AppState, budget::Cost, identity::login::Login, net::address_block::Block};
use transport::{
    frame::{self, Frame},
    outbound::{Broken, Encoding, Listening, Outbound},
    socket::{Incoming, RecvError, Socket},
    timeouts::CLOSE_TIMEOUT,
    wire_format::WireFormat,
};

/// How long a client of the JSON protocol may take to send `hello`.
const HELLO: Duration = Duration::from_secs(10);

/// How long after two heartbeats a sign of life may still arrive.
const SLACK: Duration = Duration::from_secs(5);

/// How many frames that have already arrived are handled at once, before anything else.
const AT_ONCE: usize = 64;

/// The reason why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server closes it with this code.
    Close(CloseCode),
    /// The client violated the transport protocol; the server closes the connection with this code.
    Garbled(u16),
    /// The client closed it.
    Closed,
    /// The connection broke.
    Over,
}

/// One connection of a user. It is boxed apart from its task, whose future would contain two or three copies
/// of it otherwise.
pub(crate) struct Session {
    state: Arc<AppState>,
    id: SessionId,
    login: Login,
    socket: Socket,
    conversation: Conversation,
    outbound: Arc<Outbound>,
    is_plain: bool,
    /// When the client last gave a sign of life.
    heard: Instant,
    /// When this session last was not reading: before then an unfinished message could not progress.
    busy: Instant,
    _listening: Listening,
}

impl Session {
    /// Registers a user's new connection and creates its session.
    pub(crate) fn begin(
        state: Arc<AppState>,
        socket: Socket,
        login: Login,
        format: WireFormat,
        address: Option<Block>,
    ) -> Box<Session> {
        let id = state.new_session();
        tracing::debug!(session = id.0, "a session begins");
        let view = match &format {
            WireFormat::Json => Encoding::Json,
            WireFormat::PlainText(plain) => Encoding::PlainText(Box::new((plain.clone(), login.id.clone()))),
        };
        let outbound = Arc::new(Outbound::to_socket(socket.stream(), state.config.queue_limit, view));
        state.nicknames.arrive(&login, id, (outbound.clone(), address));
        if state.stopping.is_cancelled() {
            // A connection that arrives between the last check and the shutdown is closed like the others.
            outbound.close(CloseCode::Restart);
        }
        let is_plain = matches!(format, WireFormat::PlainText(_));
        Box::new(Session {
            conversation: Conversation::new(
                state.clone(),
                id,
                login.user(),
                outbound.clone(),
                format,
                address,
            ),
            _listening: Listening(outbound.clone()),
            heard: Instant::now(),
            busy: Instant::now(),
            state,
            id,
            login,
            socket,
            outbound,
            is_plain,
        })
    }

    /// Runs the session from the first line to the last.
    pub(crate) async fn run(mut self: Box<Self>) {
        let end = self.talk().await;
        // Boxed, so that the task stays as small as possible while it is idle, as most are most of the time.
        Box::pin(self.end(end)).await;
    }

    async fn end(&mut self, end: End) {
        // A page that navigates away on its own log-out may close the socket before the server does.
        let logged_out =
            end == End::Close(CloseCode::LoggedOut) || self.outbound.closes_with(CloseCode::LoggedOut);
        let code = match end {
            End::Close(code) => code,
            End::Garbled(_) | End::Closed | End::Over => CloseCode::Normal,
        };
        // Nothing may follow a close.
        self.outbound.close(code);
        self.conversation.end(logged_out).await;
        self.state.nicknames.depart(&self.login.id, self.id, logged_out).await;
        match end {
            End::Close(CloseCode::SlowConsumer) => {
                self.state.nicknames.count_slow_consumer();
                self.socket.close_slow(&self.outbound, &self.state.stopping).await;
            }
            End::Close(code) => self.socket.close(&self.outbound, code).await,
            End::Garbled(code) => self.socket.close_garbled(&self.outbound, code).await,
            End::Closed => self.socket.recv_to_end(&self.outbound).await,
            End::Over => {}
        }
    }

    async fn talk(&mut self) -> End {
        let heartbeat = self.state.config.heartbeat.0;
        // The first heartbeat comes at a random time, so that clients that connected together are not pinged
        // together.
        let mut beat = Instant::now() + heartbeat.mul_f64(rand::rng().random_range(0.05..1.0));
        let hello = Instant::now() + HELLO;
        if self.is_plain {
            Box::pin(self.conversation.enter_plain()).await;
        }
        loop {
            let owes = self.outbound.owes();
            let listens = self.conversation.listens();
            let pause = self.conversation.pause();
            let greeted = self.conversation.has_begun();
            if !listens {
                self.busy = Instant::now();
            }
            // One timer for the earliest of these.
            let alarm = match pause {
                Some(pause) => pause.min(beat),
                None if greeted => beat,
                None => hello,
            };
            tokio::select! {
                delivered = self.outbound.deliver(owes) => match delivered {
                    // The client has read all of its answers.
                    Ok(None) => self.heard = Instant::now(),
                    Ok(Some(code)) => return Box::pin(self.finish(code)).await,
                    Err(Broken) => return End::Over,
                },
                () = self.conversation.settle() => {}
                heard = self.socket.recv(&self.outbound), if listens => {
                    if let Some(end) = Box::pin(self.recv(heard)).await {
                        return end;
                    }
                }
                () = sleep_until(alarm) => {
                    let now = Instant::now();
                    if pause.is_some_and(|pause| pause <= now) {
                        let resumed = Box::pin(self.conversation.resume()).await;
                        // The server may have waited for the client to read its answers.
                        self.heard = Instant::now();
                        if let Err(code) = resumed {
                            return Box::pin(self.finish(code)).await;
                        }
                    } else if !greeted && pause.is_none() {
                        return End::Close(CloseCode::Silent);
                    } else {
                        beat = now + heartbeat;
                        let unfinished = self.socket.unfinished_since().map(|since| since.max(self.busy));
                        // The longest frame takes that long at 5 KB a second.
                        if listens && unfinished.is_some_and(|since| now - since >= heartbeat) {
                            return End::Close(CloseCode::Silent);
                        }
                        // A client that is behind shows life by reading, which the queue checks; a client
                        // whose input is paused is not silent.
                        if self.outbound.is_behind() || pause.is_some() {
                            self.heard = now;
                        }
                        if self.heard.elapsed() > heartbeat * 2 + SLACK {
                            return End::Close(CloseCode::Silent);
                        }
                        Box::pin(self.ping()).await;
                    }
                }
            }
        }
    }

    /// Handles a received frame and those that arrived with it; returns the end of the session, if it is one.
    async fn recv(&mut self, heard: Result<Incoming, RecvError>) -> Option<End> {
        let mut heard = heard;
        for more in (0..AT_ONCE).rev() {
            match self.receive(heard).await {
                None => {}
                // The client receives the reason before the connection is closed.
                Some(End::Close(code)) => return Some(self.finish(code).await),
                Some(end) => return Some(end),
            }
            if more == 0 || !self.conversation.listens() {
                break;
            }
            // Messages that arrived together are stored together.
            match self.socket.try_recv(&self.outbound) {
                Some(next) => heard = next,
                None => break,
            }
        }
        None
    }

    /// Finishes and answers accepted messages before the connection closes, except for one that is evicted or
    /// replaced.
    async fn finish(&mut self, code: CloseCode) -> End {
        // Its rooms send nothing after this.
        self.outbound.close(code);
        if !matches!(code, CloseCode::SlowConsumer | CloseCode::Replaced) {
            while self.conversation.is_busy() {
                self.conversation.settle().await;
            }
            if !matches!(timeout(CLOSE_TIMEOUT, self.outbound.delivered()).await, Ok(Ok(()))) {
                return End::Over;
            }
        }
        End::Close(code)
    }

    async fn receive(&mut self, heard: Result<Incoming, RecvError>) -> Option<End> {
        self.heard = Instant::now();
        self.conversation.spend(Cost::Frame, self.socket.take_weight());
        match heard {
            Ok(Incoming::Text(text)) => {
                let heard = self.conversation.receive(text).await;
                // The server may have waited for the client to read its answers.
                self.heard = Instant::now();
                self.busy = self.heard;
                heard.err().map(End::Close)
            }
            Ok(Incoming::Binary) => {
                self.conversation.refuse_binary();
                None
            }
            Ok(Incoming::Activity) => None,
            Ok(Incoming::Close) => Some(End::Closed),
            Err(RecvError::TooBig) => Some(End::Close(CloseCode::TooBig)),
            Err(RecvError::Protocol(code)) => Some(End::Garbled(code)),
            Err(RecvError::Closed) => Some(End::Over),
        }
    }

    async fn ping(&mut self) {
        if self.is_plain {
            self.outbound.control(frame::ping());
        } else {
            let line = self.conversation.heads().await;
            // Goes through the queue, so that the heads do not overtake the events they count. A closed queue
            // is noticed at the next delivery.
            let _ = self.outbound.push(&Arc::new(Frame::of(line)));
        }
    }
}
