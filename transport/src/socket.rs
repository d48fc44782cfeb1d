//! One WebSocket connection, from the upgrade to the close. Reads messages with tungstenite's protocol engine
//! on a small buffer; all writes go through [`Outbound`]. Never interprets messages.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    sync::Arc,
};

use chat::close::CloseCode;
use socket2::SockRef;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tungstenite::{
    Error, Message, Utf8Bytes,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext, frame::coding},
};

use crate::{
    frame_meter::FrameMeter,
    outbound::Outbound,
    stream::Stream,
    timeouts::{CLOSE_TIMEOUT, SLOW_CLOSE_TIMEOUT},
};

/// The read buffer that every idle connection holds, in bytes. A longer frame gets more memory while it
/// arrives.
const READ_BUFFER: usize = 512;

/// How many bytes one connection may read in a row before other tasks get their turn.
const AT_ONCE: usize = 64 * 1_024;

/// The buffer for bytes that are read only to be discarded.
const SCRAP: usize = 4 * 1_024;

/// The server's end of a WebSocket.
pub struct Socket {
    stream: Arc<Stream>,
    engine: WebSocketContext,
    meter: FrameMeter,
    /// Whether a protocol error has made frame boundaries unknown.
    is_lost: bool,
}

/// A message or event from the peer.
#[derive(Debug)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary,
    /// A control frame, or a part of a message: a sign of life.
    Activity,
    /// The peer closes the connection.
    Close,
}

/// The reason that reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// A message exceeds the size limit.
    TooBig,
    /// The peer violated RFC 6455; the connection must be closed with this code.
    Protocol(u16),
    /// The connection is closed or broken.
    Closed,
}

impl Socket {
    /// Creates a socket on a connection that was just upgraded; `early` holds the bytes that arrived with the
    /// handshake. Messages longer than `limit` are refused; 0 means no limit.
    pub fn new(stream: Stream, early: &[u8], limit: usize) -> Socket {
        let limit = Some(limit).filter(|limit| *limit > 0);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(limit)
            .max_frame_size(limit);
        // Copied, because the 8 KiB HTTP buffer would otherwise live as long as the connection.
        let engine = WebSocketContext::from_partially_read(early.to_vec(), Role::Server, Some(config));
        let mut meter = FrameMeter::default();
        meter.count(early, Instant::now());
        Socket { stream: Arc::new(stream), engine, meter, is_lost: false }
    }

    /// Takes the weight, in frames, of what the peer has sent since the last call, to charge it to the
    /// sender.
    pub fn take_weight(&mut self) -> u32 {
        self.meter.take()
    }

    /// Returns when the message that is still incomplete began.
    pub fn unfinished_since(&self) -> Option<Instant> {
        self.meter.unfinished_since()
    }

    /// Returns the underlying stream, for writing.
    pub fn stream(&self) -> Arc<Stream> {
        self.stream.clone()
    }

    /// Waits for the next message or event. Control frames that it triggers go to `outbound`. Cancel-safe.
    pub async fn recv(&mut self, outbound: &Outbound) -> Result<Incoming, RecvError> {
        loop {
            // Yields to other tasks when the peer sends without a pause.
            tokio::task::consume_budget().await;
            match self.read(outbound) {
                Ok(heard) => return Ok(heard),
                // Fragments have a cost too, and are a sign of life.
                Err(Error::Io(error))
                    if error.kind() == io::ErrorKind::WouldBlock && self.meter.has_weight() =>
                {
                    return Ok(Incoming::Activity);
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(recv_error(&error)),
            }
            if self.stream.readable().await.is_err() {
                return Err(RecvError::Closed);
            }
        }
    }

    /// Returns the next message or event that has already arrived, if any.
    pub fn try_recv(&mut self, outbound: &Outbound) -> Option<Result<Incoming, RecvError>> {
        match self.read(outbound) {
            Ok(heard) => Some(Ok(heard)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => Some(Err(recv_error(&error))),
        }
    }

    /// Closes with a code: gives the peer [`CLOSE_TIMEOUT`] to take the close frame, and as long again to
    /// close its side.
    pub async fn close(&mut self, outbound: &Outbound, code: CloseCode) {
        self.close_with(outbound, (code.number(), code.reason()), sleep(CLOSE_TIMEOUT)).await;
    }

    /// Closes the connection of a slow consumer, and gives it [`SLOW_CLOSE_TIMEOUT`] more to read that; once
    /// the server is `stopping`, no longer than any other.
    pub async fn close_slow(&mut self, outbound: &Outbound, stopping: &CancellationToken) {
        let code = CloseCode::SlowConsumer;
        let patience = async {
            sleep(CLOSE_TIMEOUT).await;
            stopping.run_until_cancelled(sleep(SLOW_CLOSE_TIMEOUT)).await;
        };
        self.close_with(outbound, (code.number(), code.reason()), patience).await;
    }

    /// Closes a connection whose peer violated RFC 6455.
    pub async fn close_garbled(&mut self, outbound: &Outbound, code: u16) {
        self.close_with(outbound, (code, ""), sleep(CLOSE_TIMEOUT)).await;
    }

    async fn close_with(
        &mut self,
        outbound: &Outbound,
        (code, reason): (u16, &'static str),
        patience: impl Future<Output = ()>,
    ) {
        let close = CloseFrame { code: coding::CloseCode::from(code), reason: reason.into() };
        let mut wire = Wire::of(&self.stream, None);
        // If the connection is closed already, there is nothing to send.
        if self.engine.close(&mut wire, Some(close)).is_err() && wire.answers.is_empty() {
            return;
        }
        let frame = std::mem::take(&mut wire.answers);
        tokio::select! {
            written = outbound.write_last(frame.into()) => {
                if written.is_ok() {
                    self.recv_to_end(outbound).await;
                }
            }
            // The peer has not taken the close frame in time.
            () = patience => tracing::debug!(code, "a client did not read why it is let go"),
        }
    }

    /// Reads until the peer is done; this also sends the remaining frames of the closing handshake.
    pub async fn recv_to_end(&mut self, outbound: &Outbound) {
        let rest = async {
            if self.is_lost {
                // The close frame is the last one (RFC 6455, section 7.1.7): shutting down writes shows the
                // peer that nothing follows, and it need not answer. Incoming bytes must still be drained, or
                // the system resets the connection before the peer has read the close frame.
                if SockRef::from(&*self.stream).shutdown(Shutdown::Write).is_err() {
                    return Ok(());
                }
                let mut scrap = [0; SCRAP];
                while self.stream.readable().await.is_ok() {
                    match self.stream.try_read(&mut scrap) {
                        Ok(0) => break,
                        Err(error) if error.kind() != io::ErrorKind::WouldBlock => break,
                        Ok(_) | Err(_) => tokio::task::consume_budget().await,
                    }
                }
            } else {
                while self.recv(outbound).await.is_ok() {}
            }
            // The answer to a close frame may still be queued.
            outbound.delivered().await
        };
        if timeout(CLOSE_TIMEOUT, rest).await.is_err() {
            tracing::debug!("a client did not close in time");
        }
    }

    fn read(&mut self, outbound: &Outbound) -> Result<Incoming, Error> {
        let mut wire = Wire::of(&self.stream, Some(&mut self.meter));
        let read = self.engine.read(&mut wire);
        if !wire.answers.is_empty() {
            outbound.control(wire.answers.into());
        }
        self.is_lost = matches!(&read, Err(Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_)));
        Ok(match read? {
            Message::Text(text) => Incoming::Text(text),
            Message::Binary(_) => Incoming::Binary,
            Message::Close(_) => Incoming::Close,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Incoming::Activity,
        })
    }
}

/// Maps an engine error to the reason that reading stops. The codes are those of RFC 6455, section 7.4.1.
fn recv_error(error: &Error) -> RecvError {
    tracing::debug!(%error, "a socket failed");
    match error {
        Error::Capacity(_) => RecvError::TooBig,
        Error::Utf8(_) => RecvError::Protocol(1007),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => RecvError::Closed,
        Error::Protocol(_) => RecvError::Protocol(1002),
        _ => RecvError::Closed,
    }
}

/// The connection as the engine sees it: reads without waiting, and collects the engine's own answers.
struct Wire<'a> {
    stream: &'a Stream,
    meter: Option<&'a mut FrameMeter>,
    answers: Vec<u8>,
    /// How many bytes may still be read before other tasks get their turn.
    left: usize,
}

impl<'a> Wire<'a> {
    fn of(stream: &'a Stream, meter: Option<&'a mut FrameMeter>) -> Wire<'a> {
        Wire { stream, meter, answers: Vec::new(), left: AT_ONCE }
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.stream.try_read(into)?;
        if let Some(meter) = &mut self.meter {
            meter.count(&into[..read], Instant::now());
        }
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use chat::protocol::{RefusalCode, Refused, ServerLine};
    use futures::{FutureExt as _, StreamExt as _};
    use socket2::SockRef;
    use tokio::{
        net::{TcpListener, TcpStream},
        time,
    };
    use tokio_tungstenite::WebSocketStream;
    use tokio_util::sync::CancellationToken;
    use tungstenite::{Message, protocol::Role};

    use super::{CLOSE_TIMEOUT, SLOW_CLOSE_TIMEOUT, Socket};
    use crate::{
        frame::Frame,
        outbound::{Encoding, Outbound},
    };

    /// The resolution of timers.
    const TICK: Duration = Duration::from_millis(1);

    /// Returns a socket whose reader stopped half-way through a frame and was evicted for it.
    async fn cut_off() -> (Socket, Outbound, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap());
        let (reader, accepted) = tokio::join!(reader, listener.accept());
        let (stream, _) = accepted.unwrap();
        SockRef::from(&stream).set_send_buffer_size(65_536).unwrap();
        let socket = Socket::new(stream.into(), &[], 0);
        let outbound = Outbound::to_socket(socket.stream(), 1_000, Encoding::Json);
        // More than any system buffers for a reader that does not read.
        let reason = "tea ".repeat(1_000_000);
        let (id, room, code) = (None, None, RefusalCode::Malformed);
        let line = ServerLine::Refused(Refused { id, room, code, reason, retry_ms: None });
        outbound.push(&Arc::new(Frame::of(line))).unwrap_err();
        (socket, outbound, reader.unwrap())
    }

    /// Returns the close code of the connection, if any.
    async fn code(reader: TcpStream) -> Option<u16> {
        let mut reader = WebSocketStream::from_raw_socket(reader, Role::Client, None).await;
        while let Some(heard) = reader.next().await {
            match heard {
                Ok(Message::Close(close)) => return close.map(|close| close.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    }

    #[tokio::test]
    async fn a_slow_reader_that_reads_again_within_half_a_minute_learns_why_it_was_cut_off() {
        let (mut socket, outbound, reader) = cut_off().await;
        let stopping = CancellationToken::new();
        let mut parting = std::pin::pin!(socket.close_slow(&outbound, &stopping));
        time::pause();
        assert!(parting.as_mut().now_or_never().is_none(), "the socket takes nothing");
        time::advance(CLOSE_TIMEOUT + TICK).await;
        assert!(parting.as_mut().now_or_never().is_none(), "half a minute begins");
        time::advance(SLOW_CLOSE_TIMEOUT / 2).await;
        assert!(parting.as_mut().now_or_never().is_none(), "and is not over");
        time::resume();
        let ((), code) = tokio::join!(parting, code(reader));
        assert_eq!(code, Some(4000));
    }

    #[tokio::test]
    async fn a_slow_reader_that_does_not_read_again_is_waited_for_no_longer_and_not_by_a_stop() {
        for stops in [false, true] {
            let (mut socket, outbound, _reader) = cut_off().await;
            let stopping = CancellationToken::new();
            let mut parting = std::pin::pin!(socket.close_slow(&outbound, &stopping));
            time::pause();
            assert!(parting.as_mut().now_or_never().is_none());
            time::advance(CLOSE_TIMEOUT + TICK).await;
            assert!(parting.as_mut().now_or_never().is_none());
            if stops {
                stopping.cancel();
            } else {
                time::advance(SLOW_CLOSE_TIMEOUT + TICK).await;
            }
            assert!(parting.as_mut().now_or_never().is_some(), "after a stop: {stops}");
            time::resume();
        }
    }
}
