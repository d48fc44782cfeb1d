//! Several nodes on one Redis, and their faults: nodes and Redis are killed, stopped, suspended and
//! restarted. The proxy leads each client connection to a random node.

use std::{net::SocketAddr, time::Duration};

use tempfile::TempDir;
use tokio::{
    task::block_in_place,
    time::{sleep, timeout},
};

use crate::{
    PATIENCE,
    program::{Log, Program},
    proxy::Proxy,
    redis::Redis,
    rig::{self, ARGUMENTS, END},
    seed::Seed,
};

/// Time after which a silent node is considered lost.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// The nodes, their Redis and their network.
pub(crate) struct Setup {
    nodes: Vec<Option<Node>>,
    redis: Redis,
    proxy: Proxy,
    /// The nodes' data folder, which stays empty, since everything is in Redis.
    folder: TempDir,
    site: TempDir,
    log: Log,
}

struct Node {
    program: Program,
    address: SocketAddr,
}

impl Setup {
    /// Starts this many nodes on a Redis that syncs every write before it answers.
    pub(crate) async fn of(nodes: usize, seed: &Seed) -> Setup {
        let mut setup = Setup {
            nodes: (0..nodes).map(|_| None).collect(),
            redis: block_in_place(Redis::durable),
            proxy: Proxy::start(seed).await,
            folder: tempfile::tempdir().expect("a temporary folder"),
            site: rig::site(),
            log: Log::default(),
        };
        for node in 0..nodes {
            setup.open(node).await;
        }
        setup
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Returns the addresses of the running nodes.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().flatten().map(|node| node.address).collect()
    }

    /// Starts a node, and waits until it accepts connections.
    pub(crate) async fn open(&mut self, node: usize) {
        assert!(self.nodes[node].is_none(), "it is open already");
        let (store, lease) = (self.redis.url(), format!("{}s", LEASE.as_secs()));
        let arguments = [&ARGUMENTS[..], &["--store", &store, "--node-lease", &lease]].concat();
        let mut program = Program::start(self.folder.path(), self.site.path(), &arguments, &[], &self.log);
        let address = program.address().await;
        self.nodes[node] = Some(Node { program, address });
        self.lead();
    }

    /// Kills a node.
    pub(crate) fn kill(&mut self, node: usize) {
        self.take(node).program.kill();
    }

    /// Stops a node in order, which must be quick and without an error.
    pub(crate) async fn close(&mut self, node: usize) {
        let program = self.take(node).program;
        program.signal("-TERM");
        let status = timeout(END, program.ended()).await.expect("a node ends within its bound");
        assert_eq!(status.code(), Some(0), "a node ends in order");
    }

    /// Sends a node a signal: `-STOP` suspends it, `-CONT` resumes it. New connections are still led to it.
    pub(crate) fn signal(&self, node: usize, signal: &str) {
        self.nodes[node].as_ref().expect("it is open").program.signal(signal);
    }

    /// Kills Redis, and restarts it after a pause.
    pub(crate) async fn restart_redis(&mut self, pause: Duration) {
        block_in_place(|| self.redis.kill());
        sleep(pause).await;
        block_in_place(|| self.redis.run());
        let loaded = async {
            while self.ask(&["PING"]) != "PONG" {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, loaded).await.expect("Redis has what it has kept");
    }

    /// Suspends Redis for a time.
    pub(crate) async fn hold_redis(&self, span: Duration) {
        self.redis.signal("-STOP");
        sleep(span).await;
        self.redis.signal("-CONT");
    }

    /// Returns Redis's answer to a command.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        block_in_place(|| self.redis.ask(command))
    }

    fn take(&mut self, node: usize) -> Node {
        let taken = self.nodes[node].take().expect("it is open");
        self.lead();
        taken
    }

    fn lead(&self) {
        self.proxy.lead_to(&self.addresses());
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.log.print();
        }
    }
}
