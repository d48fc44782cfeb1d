//! Takes connections and speaks HTTP/1.1 on them, with limits: how many, from where, and how long a request's head may
//! take. Knows nothing of what is served.

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

/// The longest head of a request, in bytes. Bodies are read in pieces of that size.
const HEAD_LIMIT: usize = 32 * 1_024;

/// How long a refusal may take to be written.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait when the system will not give another connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long nothing must have stood in the way of connections until it is worth another line in the log if something does:
/// at the limit, somebody leaves and somebody comes all the time.
const ACCEPT_QUIET: Duration = Duration::from_mins(1);

/// Serves connections until `stop`, and returns when the requests that are under way are answered. Sockets that were
/// upgraded are not awaited: their sessions are.
pub(crate) async fn run(listeners: Listeners, router: Router, config: &Config, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let occupancy = Arc::new(ConnectionLimit::new(config.max_per_address, config.max_connections));
    // When a connection could last not be taken.
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
                    tracing::error!(%error, "nobody can be taken in at present");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay() {
            tracing::debug!(%error, "a connection goes without TCP_NODELAY");
        }
        let address = peer.ip().to_canonical();
        // A trusted proxy's connections are other people's; their addresses are counted when they are known. This machine's own
        // are not limited.
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

/// Whether this is about one connection, which ended before it was taken, and not about those that come after it.
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
    // The place goes along with each request, so that a session which outlives the request keeps it.
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

/// A connection's place among those of its address, held by whoever speaks on it.
#[derive(Clone, Debug)]
pub(crate) struct HeldPermit(#[expect(dead_code, reason = "held, not read")] Arc<ConnectionPermit>);

/// The connection on which a request came, for whoever answers without an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// Cancelled to break the connection off: what is on its way to a reader that does not read is dropped.
    cut: CancellationToken,
    /// Cancelled when the connection has ended.
    over: CancellationToken,
}

impl Line {
    /// Breaks the connection off.
    pub(crate) fn cut_off(&self) {
        self.cut.cancel();
    }

    /// Waits for its end.
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
