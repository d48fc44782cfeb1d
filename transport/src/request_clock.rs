//! Two timeouts of an HTTP connection: for reading a request's head, and for idling between requests. Never
//! looks at the bytes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::{held_body::holding, stream::Stream};

/// How long a client may take to send a request's head.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// The phases of a connection.
const HEAD: u8 = 0;
const ANSWER: u8 = 1;
const IDLE: u8 = 2;

/// The phase of one connection, shared by its stream and its requests. A new connection is reading a head.
#[derive(Clone, Debug, Default)]
pub struct RequestClock(Arc<AtomicU8>);

/// A stream that ends when its phase times out.
#[derive(Debug)]
pub struct TimedStream {
    stream: Stream,
    clock: RequestClock,
    keep_alive: Duration,
    /// The running timeout, with the phase that it belongs to.
    wait: Option<(u8, Pin<Box<Sleep>>)>,
}

/// The end of a response; when it is dropped, the connection is idle.
struct AnswerEnd(RequestClock);

impl RequestClock {
    /// Records that a request's head has been read.
    pub fn begin_answer(&self) {
        self.0.store(ANSWER, Ordering::Relaxed);
    }

    /// Wraps the response's body so that its end starts the idle timeout.
    pub fn answer(&self, body: Body) -> Body {
        holding(body, AnswerEnd(self.clone()))
    }

    fn phase(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for AnswerEnd {
    fn drop(&mut self) {
        self.0.0.store(IDLE, Ordering::Relaxed);
    }
}

impl TimedStream {
    /// Wraps a stream that may idle for `keep_alive` after a response. The first head must come within
    /// [`HEAD_TIMEOUT`].
    pub fn new(stream: Stream, clock: RequestClock, keep_alive: Duration) -> TimedStream {
        TimedStream { stream, clock, keep_alive, wait: None }
    }

    /// Returns the inner stream, for another protocol.
    pub fn into_inner(self) -> Stream {
        self.stream
    }

    /// Ends the stream if its phase has timed out: with an error while reading a head, with EOF while idle.
    fn poll_time(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.clock.phase();
        if phase == ANSWER {
            self.wait = None;
            return Poll::Pending;
        }
        let (_, wait) = match &mut self.wait {
            Some(wait) if wait.0 == phase => wait,
            wait => {
                let time = if phase == HEAD { HEAD_TIMEOUT } else { self.keep_alive };
                wait.insert((phase, Box::pin(sleep(time))))
            }
        };
        match wait.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) if phase == HEAD => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Ready(()) => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        if read.is_pending() {
            // Only a pending read can time out: a ready read without bytes is EOF.
            return this.poll_time(context);
        }
        if into.filled().len() > before {
            // In the other phases the bytes continue a head or a body.
            let _ = this.clock.0.compare_exchange(IDLE, HEAD, Ordering::Relaxed, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use axum::body::Body;
    use futures::FutureExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::UnixStream,
        time,
    };

    use super::{HEAD_TIMEOUT, RequestClock, TimedStream};

    const KEEP_ALIVE: Duration = Duration::from_secs(75);

    /// The resolution of timers.
    const TICK: Duration = Duration::from_millis(1);

    fn connection() -> (UnixStream, TimedStream, RequestClock) {
        let (client, server) = UnixStream::pair().unwrap();
        let clock = RequestClock::default();
        (client, TimedStream::new(server.into(), clock.clone(), KEEP_ALIVE), clock)
    }

    /// The result of a read; `None` if it is pending.
    fn read(stream: &mut TimedStream) -> Option<io::Result<usize>> {
        stream.read(&mut [0; 64]).now_or_never()
    }

    #[tokio::test]
    async fn a_head_has_its_time_however_it_trickles_in() {
        let (mut client, mut stream, _) = connection();
        time::pause();
        assert!(read(&mut stream).is_none());
        for _ in 0..4 {
            time::advance(HEAD_TIMEOUT / 5).await;
            client.write_all(b"GET").await.unwrap();
            assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 3);
            assert!(read(&mut stream).is_none());
        }
        time::advance(HEAD_TIMEOUT / 5 + TICK).await;
        let ended = read(&mut stream).unwrap().unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_takes_as_long_as_it_takes_and_then_the_next_request_is_waited_for() {
        let (mut client, mut stream, clock) = connection();
        time::pause();
        clock.begin_answer();
        let answer = clock.answer(Body::empty());
        assert!(read(&mut stream).is_none());
        time::advance(KEEP_ALIVE * 10).await;
        assert!(read(&mut stream).is_none(), "it is being answered");
        drop(answer);
        assert!(read(&mut stream).is_none());
        time::advance(KEEP_ALIVE / 75 * 74).await;
        assert!(read(&mut stream).is_none(), "it is kept open");
        client.write_all(b"GET").await.unwrap();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 3);
        assert!(read(&mut stream).is_none());
        time::advance(HEAD_TIMEOUT / 20 * 19).await;
        assert!(read(&mut stream).is_none(), "a head has its own time");
        clock.begin_answer();
        drop(clock.answer(Body::empty()));
        assert!(read(&mut stream).is_none());
        time::advance(KEEP_ALIVE + TICK).await;
        assert_eq!(read(&mut stream).unwrap().unwrap(), 0, "it ends quietly");
    }
}
