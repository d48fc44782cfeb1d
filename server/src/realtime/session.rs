//! One connection of a user: it reads what they ask and has it done; what their rooms say is written past it, but for
//! what the socket does not take at once.
//!
//! [`conversation`] reads the lines and has each answered by its file in [`commands`], [`sending`] brings messages into the
//! store; this module is reading, the heartbeat, and the end. It fans nothing out and keeps nothing that outlives
//! it.

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

/// How long a client of the protocol may take to say `hello`.
const HELLO: Duration = Duration::from_secs(10);

/// How much later than two heartbeats a sign of life may come.
const SLACK: Duration = Duration::from_secs(5);

/// How many messages that have come already are heard at once, before anything else is done.
const AT_ONCE: usize = 64;

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server closes it with this code.
    Close(CloseCode),
    /// Something came that is against the protocol beneath; it is closed with this code.
    Garbled(u16),
    /// The other end has closed it.
    Closed,
    /// It broke.
    Over,
}

/// One connection of a user. It is kept beside the task that runs it, which would hold two or three of it otherwise.
pub(crate) struct Session {
    state: Arc<AppState>,
    id: SessionId,
    login: Login,
    socket: Socket,
    conversation: Conversation,
    outbound: Arc<Outbound>,
    is_plain: bool,
    /// When the other end last showed that it is there.
    heard: Instant,
    /// When this end last did not listen, or did something else: until then a message could not go on.
    busy: Instant,
    _listening: Listening,
}

impl Session {
    /// A user is there by this connection.
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
            // Whoever comes between the last look and the drain is let go like the others.
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

    /// Runs from the first line to the last.
    pub(crate) async fn run(mut self: Box<Self>) {
        let end = self.talk().await;
        // Beside the task, which is as small as it can be while nothing happens: most of them, most of the time.
        Box::pin(self.end(end)).await;
    }

    async fn end(&mut self, end: End) {
        // A page that is led away by its own log-out may close the socket before the server does.
        let logged_out =
            end == End::Close(CloseCode::LoggedOut) || self.outbound.closes_with(CloseCode::LoggedOut);
        let code = match end {
            End::Close(code) => code,
            End::Garbled(_) | End::Closed | End::Over => CloseCode::Normal,
        };
        // Nothing comes behind a close.
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
        // The first one comes at a random moment, so that those who came together are not asked together.
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
            // One timer for whatever comes first.
            let alarm = match pause {
                Some(pause) => pause.min(beat),
                None if greeted => beat,
                None => hello,
            };
            tokio::select! {
                delivered = self.outbound.deliver(owes) => match delivered {
                    // They have read all that they asked for.
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
                        // They may have been waited for, to read what they asked for.
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
                        // Who is behind is known by what they read, which the queue sees to; and who is not heard for a
                        // while is not silent.
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

    /// Hears what came, and what came with it; the end, if it is one.
    async fn recv(&mut self, heard: Result<Incoming, RecvError>) -> Option<End> {
        let mut heard = heard;
        for more in (0..AT_ONCE).rev() {
            match self.receive(heard).await {
                None => {}
                // What is wrong is said before the connection is closed for it.
                Some(End::Close(code)) => return Some(self.finish(code).await),
                Some(end) => return Some(end),
            }
            if more == 0 || !self.conversation.listens() {
                break;
            }
            // What was asked for together is kept together.
            match self.socket.try_recv(&self.outbound) {
                Some(next) => heard = next,
                None => break,
            }
        }
        None
    }

    /// What was taken is finished and answered before the connection closes; one that was cut off is not waited for.
    async fn finish(&mut self, code: CloseCode) -> End {
        // Its rooms say nothing behind this.
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
                // They may have been waited for meanwhile, to read what they asked for.
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
            // By way of the queue, so that the heads do not overtake the events that they count. One that is closed says
            // so at the next look.
            let _ = self.outbound.push(&Arc::new(Frame::of(line)));
        }
    }
}
