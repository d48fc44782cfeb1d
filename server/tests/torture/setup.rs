//! Several nodes on one Redis, and all that can happen to them: nodes are killed, stopped, held up and started again, and
//! so is Redis. Their clients reach one node or another by way of the proxy, each connection by chance.

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

/// How long a node that says nothing more is taken to be there.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// The nodes, their Redis and their network.
pub(crate) struct Setup {
    nodes: Vec<Option<Node>>,
    redis: Redis,
    proxy: Proxy,
    /// Where the nodes would keep what they do not keep in Redis, which is nothing.
    folder: TempDir,
    site: TempDir,
    log: Log,
}

struct Node {
    program: Program,
    address: SocketAddr,
}

impl Setup {
    /// A town of so many nodes, all open, on a Redis that syncs everything before it answers.
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

    /// Where each node is, those that are open.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().flatten().map(|node| node.address).collect()
    }

    /// Starts a node, and waits until people can come.
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

    /// Lets a node end in order, which it must do soon and without complaint.
    pub(crate) async fn close(&mut self, node: usize) {
        let program = self.take(node).program;
        program.signal("-TERM");
        let status = timeout(END, program.ended()).await.expect("a node ends within its bound");
        assert_eq!(status.code(), Some(0), "a node ends in order");
    }

    /// Sends a node a signal: `-STOP` holds it, `-CONT` lets it go on. New connections go there all the same.
    pub(crate) fn signal(&self, node: usize, signal: &str) {
        self.nodes[node].as_ref().expect("it is open").program.signal(signal);
    }

    /// Kills Redis, and starts it again after so long.
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

    /// Holds Redis for so long.
    pub(crate) async fn hold_redis(&self, span: Duration) {
        self.redis.signal("-STOP");
        sleep(span).await;
        self.redis.signal("-CONT");
    }

    /// What Redis answers to a command.
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
