//! A Redis server for one test, which ends with it. Depends on nothing else here, so that end-to-end tests
//! can use it too.

use std::{
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use redis::{Client, FromRedisValue, InfoDict};
use tempfile::TempDir;

/// How long a server may take to answer after its start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server.
pub(crate) struct RedisServer {
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one that persists nothing, unless the options say otherwise.
    pub(crate) fn start(options: &[&str]) -> RedisServer {
        let folder = tempfile::tempdir().unwrap();
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = RedisServer { folder, options, port: 0, child: None };
        // Another process may have the port; then the server exits at once. The port is below the ephemeral
        // range, so that it is still free when the server is restarted.
        while server.child.is_none() {
            server.port = rand::rng().random_range(20_000..32_000);
            server.try_start();
        }
        server
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs a command and returns the answer.
    pub(crate) fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = Client::open(self.url()).unwrap().get_connection().unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query(&mut connection).unwrap()
    }

    /// Sends its process a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// Restarts it, on the same port, with its persisted data.
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

    /// Returns whether this process answers at the port.
    fn is_answered_by(&self, child: &Child) -> bool {
        let client = Client::open(self.url()).unwrap();
        let Ok(mut connection) = client.get_connection_with_timeout(PATIENCE) else { return false };
        let info: Result<InfoDict, _> = redis::cmd("INFO").arg("server").query(&mut connection);
        // A server that is still loading its data answers PING with an error.
        let ready: Result<String, _> = redis::cmd("PING").query(&mut connection);
        ready.is_ok() && info.is_ok_and(|info| info.get("process_id") == Some(child.id()))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
