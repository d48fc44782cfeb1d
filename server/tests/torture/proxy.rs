//! The test's network: every connection goes through it, and in rough weather it delays, slows, stalls and
//! cuts each independently. Knows nothing of what it carries.

use std::{net::SocketAddr, time::Duration};

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream, tcp},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use crate::seed::{Seed, Source, span};

/// Bytes carried at once, so that a delay or a cut falls in the middle of a frame.
const CHUNK: usize = 1_024;

/// Size of the system's buffer for bytes from the server: small, so that the server notices a stall.
const BUFFER: u32 = 8 * 1_024;

/// Mean length of fair weather on a connection.
const FAIR: Duration = Duration::from_secs(4);

/// Maximum time that a cut waits for data to cut through.
const CUT_WAIT: Duration = Duration::from_secs(1);

/// The network.
pub(crate) struct Proxy {
    address: SocketAddr,
    upstream: watch::Sender<Vec<SocketAddr>>,
    rough: watch::Sender<bool>,
    /// Number of times that all connections were cut.
    cuts: watch::Sender<usize>,
    _task: AbortOnDropHandle<()>,
}

/// The state of one direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    Free,
    Delay(Duration),
    /// Pauses this long for each chunk.
    Slow(Duration),
    Stalled,
}

/// The state of a connection.
#[derive(Clone, Copy, Debug)]
struct Weather {
    up: Road,
    down: Road,
    cut: bool,
}

const CALM: Weather = Weather { up: Road::Free, down: Road::Free, cut: false };

impl Proxy {
    /// Starts a network in fair weather that has no servers yet.
    pub(crate) async fn start(seed: &Seed) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (upstream, (rough, weather)) = (watch::Sender::new(Vec::new()), watch::channel(false));
        let (towards, (cuts, cut)) = (upstream.subscribe(), watch::channel(0));
        let task = tokio::spawn(accept(listener, towards, weather, cut, seed.source()));
        Proxy { address, upstream, rough, cuts, _task: AbortOnDropHandle::new(task) }
    }

    /// Returns the address for clients.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads each new connection to a random one of these servers, or nowhere if there are none.
    pub(crate) fn lead_to(&self, servers: &[SocketAddr]) {
        self.upstream.send_replace(servers.to_vec());
    }

    /// Starts rough weather, or ends it and lets everything pass, including stalled data.
    pub(crate) fn be_rough(&self, rough: bool) {
        self.rough.send_replace(rough);
    }

    /// Cuts all connections.
    pub(crate) fn cut_all(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn accept(
    listener: TcpListener,
    upstream: watch::Receiver<Vec<SocketAddr>>,
    rough: watch::Receiver<bool>,
    cuts: watch::Receiver<usize>,
    source: Source,
) {
    let mut connections = JoinSet::new();
    let mut count = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next() => {
                let () = ended.expect("a connection does not panic");
                continue;
            }
        };
        let (client, _) = accepted.expect("a listener goes on listening");
        let mut chance = source.chance("connection", count);
        let server = upstream.borrow().choose(&mut chance).copied();
        count += 1;
        let mut cuts = cuts.clone();
        cuts.mark_unchanged();
        connections.spawn(carry(client, server, rough.clone(), cuts, chance));
    }
}

/// Carries a connection until it ends or is cut.
async fn carry(
    mut client: TcpStream,
    server: Option<SocketAddr>,
    rough: watch::Receiver<bool>,
    mut cuts: watch::Receiver<usize>,
    mut chance: StdRng,
) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(BUFFER).expect("a small buffer");
    let connected = match server {
        Some(server) => socket.connect(server).await.ok(),
        None => None,
    };
    let Some(mut server) = connected else {
        let _ = client.set_zero_linger();
        return;
    };
    let reset: bool = chance.random();
    let (weather, forecast) = watch::channel(CALM);
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    tokio::select! {
        () = flow(client_read, server_write, forecast.clone(), |weather| weather.up) => {}
        () = flow(server_read, client_write, forecast, |weather| weather.down) => {}
        () = change(weather, rough, chance) => {}
        _ = cuts.changed() => {}
    }
    if reset {
        // Both ends get a reset instead of an orderly close.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// Changes the weather of a connection while rough weather lasts; never returns.
async fn change(weather: watch::Sender<Weather>, mut rough: watch::Receiver<bool>, mut chance: StdRng) {
    loop {
        // The sender lives longer than the connections.
        let _ = rough.wait_for(|rough| *rough).await;
        let spell = async {
            sleep(span(&mut chance, FAIR)).await;
            let road = match chance.random_range(0..10) {
                0..4 => Road::Delay(Duration::from_millis(chance.random_range(20..400))),
                4..6 => Road::Slow(Duration::from_millis(chance.random_range(50..1_000))),
                6..9 => Road::Stalled,
                _ => {
                    weather.send_modify(|weather| weather.cut = true);
                    return std::future::pending().await;
                }
            };
            let (up, down) = match chance.random_range(0..3) {
                0 => (road, Road::Free),
                1 => (Road::Free, road),
                _ => (road, road),
            };
            weather.send_replace(Weather { up, down, cut: false });
            sleep(span(&mut chance, FAIR)).await;
        };
        tokio::select! {
            () = spell => {}
            _ = rough.wait_for(|rough| !*rough) => {}
        }
        weather.send_modify(|weather| *weather = Weather { cut: weather.cut, ..CALM });
    }
}

/// Waits until the connection is to be cut.
async fn cut(forecast: &mut watch::Receiver<Weather>) {
    if forecast.wait_for(|weather| weather.cut).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Carries one direction until it ends, breaks or is cut.
async fn flow(
    mut from: tcp::ReadHalf<'_>,
    mut to: tcp::WriteHalf<'_>,
    mut forecast: watch::Receiver<Weather>,
    road: impl Fn(&Weather) -> Road,
) {
    let mut chunk = [0; CHUNK];
    loop {
        let mut cuts = forecast.clone();
        let came = tokio::select! {
            came = from.read(&mut chunk) => came,
            () = cut(&mut cuts) => {
                // Half of the next chunk still arrives.
                if let Ok(Ok(bytes)) = timeout(CUT_WAIT, from.read(&mut chunk)).await {
                    let _ = to.write_all(&chunk[..bytes / 2]).await;
                }
                return;
            }
        };
        let Ok(bytes @ 1..) = came else { return };
        let arrived = Instant::now();
        // Waits while the road is in this state; once it is free, the chunk passes at once.
        loop {
            let now = road(&forecast.borrow_and_update());
            let until = match now {
                Road::Free => break,
                Road::Delay(delay) => arrived + delay,
                Road::Slow(pause) => arrived + pause,
                Road::Stalled => arrived + Duration::from_hours(1),
            };
            if forecast.borrow().cut || timeout_at(until, forecast.changed()).await.is_err() {
                break;
            }
        }
        if to.write_all(&chunk[..bytes]).await.is_err() {
            return;
        }
    }
}
