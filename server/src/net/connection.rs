//! Accepts connections and serves HTTP/1.1 on them, with limits on their number, on their number per address,
//! and on the time a request's head may take. Knows nothing of what is served.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{io::AsyncWriteExt as _, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Layer as _, ServiceExt as _};

use crate::{
    config::Config,
    net::{
        address_block::Block,
        client::is_trusted,
        connection_limit::{ConnectionLimit, ConnectionPermit},
        listeners::Listeners,
    },
};
use transport::{
    patient_stream::PatientStream,
    request_clock::{RequestClock, TimedStream},
    stream::Stream,
};

/// Maximum length of a request's head, in bytes. Bodies are read in chunks of that size.
const HEAD_LIMIT: usize = 32 * 1_024;

/// Time limit for writing a refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause after the system failed to accept a connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Time without accept failures after which the next one is logged again: at the limit, connections end and
/// begin all the time.
const ACCEPT_QUIET: Duration = Duration::from_mins(1);

/// Serves connections until `stop`; returns when all in-flight requests are answered. Does not wait for
/// upgraded sockets, which belong to the sessions.
pub(crate) async fn run(listeners: Listeners, router: Router, config: &Config, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let occupancy = Arc::new(ConnectionLimit::new(config.max_per_address, config.max_connections));
    // The last time that a connection could not be accepted.
    let mut hindered: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listeners.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_theirs(&error) => continue,
            Err(error) => {
                let now = Instant::now();
                if hindered.replace(now).is_none_or(|last| now - last > ACCEPT_QUIET) {
                    tracing::error!(%error, "failed to accept a connection; retrying");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay() {
            tracing::debug!(%error, "a connection goes without TCP_NODELAY");
        }
        let address = peer.ip().to_canonical();
        // Connections from a trusted proxy belong to its clients, whose addresses are counted once they are
        // known. Connections from this machine are not limited.
        let counts = !is_trusted(address, &config.trust_proxy) && !address.is_loopback();
        let place = match occupancy.admit(counts.then(|| Block::of(address))) {
            Ok(place) => place,
            Err(full) => {
                tasks.spawn(refuse(stream, full.to_string()));
                continue;
            }
        };
        let clock = RequestClock::default();
        let stream = TimedStream::new(stream, clock.clone(), config.keep_alive.0);
        tasks.spawn(serve((stream, clock), peer, router.clone(), place, stop.clone()));
    }
    drop(listeners);
    tasks.close();
    tasks.wait().await;
}

/// Returns whether an error concerns one connection, which ended before it was accepted, and not the
/// listener.
fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve(
    (stream, clock): (TimedStream, RequestClock),
    peer: SocketAddr,
    router: Router,
    place: ConnectionPermit,
    stop: CancellationToken,
) {
    let place = Arc::new(place);
    let line = Line::default();
    let _over = line.over.clone().drop_guard();
    // Each request carries the permit, so that a session that outlives its request holds on to it.
    let service = axum::Extension(ConnectInfo(peer))
        .layer(axum::Extension(HeldPermit(place)).layer(axum::Extension(line.clone()).layer(router)));
    let service = tower::service_fn(move |request| {
        clock.begin_answer();
        let (clock, answer) = (clock.clone(), service.clone().oneshot(request));
        async move { answer.await.map(|response| response.map(|body| clock.answer(body))) }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(100)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(PatientStream::new(stream)), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let serve = async {
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    let Some(ended) = line.cut.run_until_cancelled(serve).await else { return };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended badly");
    }
}

/// A connection's permit under the limits, held by every request and session on it.
#[derive(Clone, Debug)]
pub(crate) struct HeldPermit(#[expect(dead_code, reason = "held, not read")] Arc<ConnectionPermit>);

/// The connection of a request, for handlers whose response has no end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// Cancelled to abort the connection and drop what is still queued for a client that does not read.
    cut: CancellationToken,
    /// Cancelled when the connection has ended.
    over: CancellationToken,
}

impl Line {
    /// Aborts the connection.
    pub(crate) fn cut_off(&self) {
        self.cut.cancel();
    }

    /// Waits until the connection has ended.
    pub(crate) async fn ended(&self) {
        self.over.cancelled().await;
    }
}

async fn refuse(mut stream: Stream, reason: String) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         retry-after: 10\r\nconnection: close\r\n\r\n{reason}\n",
        reason.len() + 1
    );
    let written = tokio::time::timeout(REFUSAL_TIMEOUT, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    });
    if !matches!(written.await, Ok(Ok(()))) {
        tracing::debug!("a refused connection did not wait for its answer");
    }
}
