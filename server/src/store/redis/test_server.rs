//! A Redis of a test's own, which ends with it. Knows nothing of the rest, so that tests of the whole program can have one
//! too.

use std::{
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use redis::{Client, FromRedisValue, InfoDict};
use tempfile::TempDir;

/// How long a server may take to answer after it was started.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server.
pub(crate) struct RedisServer {
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one that keeps nothing when it ends, unless the options say otherwise.
    pub(crate) fn start(options: &[&str]) -> RedisServer {
        let folder = tempfile::tempdir().unwrap();
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = RedisServer { folder, options, port: 0, child: None };
        // Somebody else may have the port; then it ends at once. It is below those that the system hands out by itself, so
        // that it is still free when the server is started again.
        while server.child.is_none() {
            server.port = rand::rng().random_range(20_000..32_000);
            server.try_start();
        }
        server
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Does a command, and gives the answer.
    pub(crate) fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = Client::open(self.url()).unwrap().get_connection().unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query(&mut connection).unwrap()
    }

    /// Sends its process a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// Starts it again, in the same place, with what it has kept.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        self.try_start();
        assert!(self.child.is_some(), "it cannot start again");
    }

    fn try_start(&mut self) {
        let mut child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--daemonize", "no"])
            .args(["--save", "", "--appendonly", "no"])
            .args(&self.options)
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let deadline = Instant::now() + PATIENCE;
        while !self.is_answered_by(&child) {
            if child.try_wait().unwrap().is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "it does not answer");
            sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
    }

    /// Whether it is this process that answers at the port.
    fn is_answered_by(&self, child: &Child) -> bool {
        let client = Client::open(self.url()).unwrap();
        let Ok(mut connection) = client.get_connection_with_timeout(PATIENCE) else { return false };
        let info: Result<InfoDict, _> = redis::cmd("INFO").arg("server").query(&mut connection);
        // A server that still loads what it has kept says nothing of it.
        let ready: Result<String, _> = redis::cmd("PING").query(&mut connection);
        ready.is_ok() && info.is_ok_and(|info| info.get("process_id") == Some(child.id()))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
