//! A stream whose writes time out when the reader takes too little. Reads pass through unchanged.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::patience::Patience;

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] when the other end takes too little.
pub struct PatientStream<S> {
    stream: S,
    patience: Patience,
    /// The timeout of a blocked write, created for the first one.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> PatientStream<S> {
    /// Wraps a stream.
    pub fn new(stream: S) -> PatientStream<S> {
        PatientStream { stream, patience: Patience::default(), alarm: None }
    }

    /// Returns the inner stream.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Accounts for a write's result: a pending write fails once the reader's time budget is spent.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Ok(bytes) = written {
                self.patience.took(bytes, Instant::now());
            }
            return Poll::Ready(written);
        }
        self.patience.blocked(Instant::now());
        let ends = self.patience.ends();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(ends)));
        if alarm.deadline() != ends {
            alarm.as_mut().reset(ends);
        }
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other end takes too little")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::{Instant, sleep},
    };

    use super::PatientStream;

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stops_or_trickles_is_given_up_and_one_that_reads_is_not() {
        for (bytes_per_second, is_given_up) in [(0, true), (1_024, true), (8_192, false)] {
            let (stream, mut reader) = tokio::io::duplex(1_024);
            let begun = Instant::now();
            tokio::spawn(async move {
                let mut buffer = vec![0; bytes_per_second.max(1)];
                for _ in 0..u32::MAX {
                    if bytes_per_second == 0 {
                        break;
                    }
                    sleep(Duration::from_secs(1)).await;
                    if reader.read_exact(&mut buffer).await.is_err() {
                        return;
                    }
                }
                // Keep it open without reading.
                std::future::pending::<()>().await;
            });
            let written = PatientStream::new(stream).write_all(&vec![b'x'; 1_000_000]).await;
            let error = written.err().map(|error| error.kind());
            assert_eq!(error, is_given_up.then_some(io::ErrorKind::TimedOut), "{bytes_per_second} a second");
            assert!(!is_given_up || begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
        }
    }
}
