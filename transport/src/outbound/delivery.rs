//! Writes a connection's queue as its reader takes it, and waits for the socket. Decides when a stalled
//! reader is evicted.

use axum::body::Bytes;
use chat::close::CloseCode;
use tokio::time::{Instant, sleep_until};

use super::{
    Broken, Next, Outbound,
    queue::{End, Queue, QueuedKind, Waiting},
};
use crate::{stream::Stream, timeouts::CLOSE_TIMEOUT};

/// A socket that does not take the whole queue.
struct Blocked<'a> {
    socket: &'a Stream,
    /// When the reader counts as stalled.
    until: Instant,
}

/// The outcome of a wait.
#[derive(PartialEq, Eq)]
enum Turn {
    /// There may be progress to make.
    GoesOn,
    /// The socket has taken too little for too long.
    Stalled,
}

impl Outbound {
    /// Writes the queue whenever the socket takes some of it, until the connection is to be closed; returns
    /// the close code, or [`Broken`]. With `owed`, returns `None` as soon as no answers are queued. Evicts a
    /// reader that takes too little for too long. Cancel-safe.
    pub async fn deliver(&self, owed: bool) -> Result<Option<CloseCode>, Broken> {
        loop {
            let blocked = {
                let mut queue = self.queue();
                match queue.end {
                    Some(End::Now(code)) => return Ok(Some(code)),
                    Some(End::Gone) => return Err(Broken),
                    Some(End::AfterLines(_)) | None => {}
                }
                if queue.flush(self.socket()).is_err() {
                    self.broke(queue);
                    return Err(Broken);
                }
                match queue.end {
                    Some(End::AfterLines(code)) if queue.waiting.is_empty() => return Ok(Some(code)),
                    _ if owed && queue.answers == 0 => return Ok(None),
                    // A connection that is being closed gets less time.
                    Some(End::AfterLines(_)) => {
                        self.blocked(&queue, queue.patience.ends_within(CLOSE_TIMEOUT))
                    }
                    _ => self.blocked(&queue, queue.patience.ends()),
                }
            };
            if self.turn(blocked).await == Turn::Stalled {
                let queue = self.queue();
                if queue.end.is_some() {
                    self.broke(queue);
                    return Err(Broken);
                }
                drop(queue);
                self.cut_off(CloseCode::SlowConsumer);
            }
        }
    }

    /// Writes the queue, even if the connection is being closed. Returns [`Broken`] if that fails or takes
    /// too long.
    pub async fn delivered(&self) -> Result<(), Broken> {
        loop {
            let blocked = {
                let mut queue = self.queue();
                queue.flush(self.socket()).map_err(|_| Broken)?;
                if queue.waiting.is_empty() {
                    return Ok(());
                }
                self.blocked(&queue, queue.patience.ends()).ok_or(Broken)?
            };
            if self.turn(Some(blocked)).await == Turn::Stalled {
                return Err(Broken);
            }
        }
    }

    /// Writes the queue and then a last frame, even if the connection is being closed. Returns [`Broken`] if
    /// that fails.
    pub async fn write_last(&self, frame: Bytes) -> Result<(), Broken> {
        let waiting = Waiting { bytes: frame, kind: QueuedKind::Control };
        {
            let mut queue = self.queue();
            queue.bytes += waiting.cost();
            queue.waiting.push_back(waiting);
            // The last frame gets the full time, however long the socket has been stalled.
            queue.patience.begin_anew();
        }
        self.delivered().await
    }

    /// Waits until the socket takes more or times out; without a blocked socket, until it is notified.
    async fn turn(&self, blocked: Option<Blocked<'_>>) -> Turn {
        let Some(Blocked { socket, until }) = blocked else {
            self.ready.notified().await;
            return Turn::GoesOn;
        };
        tokio::select! {
            // The next write returns the error, if any.
            _ = socket.writable() => Turn::GoesOn,
            () = self.ready.notified() => Turn::GoesOn,
            () = sleep_until(until) => Turn::Stalled,
        }
    }

    /// Returns the socket with this deadline if anything is queued.
    fn blocked(&self, queue: &Queue, until: Instant) -> Option<Blocked<'_>> {
        let socket = self.socket().filter(|_| !queue.waiting.is_empty())?;
        Some(Blocked { socket, until })
    }

    /// Waits for queued frames, and returns all of them at once.
    pub async fn next(&self) -> Next {
        loop {
            // A push between the check and the wait leaves a permit behind.
            if let Some(next) = self.take() {
                return next;
            }
            self.ready.notified().await;
        }
    }

    /// Takes the queued frames, if any.
    fn take(&self) -> Option<Next> {
        let mut queue = self.queue();
        match queue.end {
            Some(End::Now(code)) => return Some(Next::Close(code)),
            Some(End::AfterLines(code)) if queue.waiting.is_empty() => return Some(Next::Close(code)),
            _ => {}
        }
        if queue.waiting.is_empty() {
            return None;
        }
        queue.bytes = 0;
        let said = std::mem::take(&mut queue.waiting).into_iter().filter_map(|waiting| match waiting.kind {
            QueuedKind::Said(frame) => Some(frame),
            QueuedKind::Answer | QueuedKind::Control => None,
        });
        Some(Next::Frames(said.collect()))
    }
}
