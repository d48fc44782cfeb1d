//! A Redis of the test's own, as a process that can be started, stopped, suspended and killed.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use tempfile::TempDir;

use super::PATIENCE;

/// A Redis server.
pub(crate) struct Redis {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    running: Option<Child>,
}

impl Redis {
    /// Starts one that loses everything when it ends.
    pub(crate) fn start() -> Redis {
        Redis::with(&["--appendonly", "no"])
    }

    /// Starts one that syncs every write before it answers.
    pub(crate) fn durable() -> Redis {
        Redis::with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts one with these settings.
    pub(crate) fn with(settings: &[&str]) -> Redis {
        let port = free_port();
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut redis =
            Redis { folder: tempfile::tempdir().expect("a temporary folder"), port, settings, running: None };
        redis.run();
        redis
    }

    /// Starts it again, on the data that it stored.
    pub(crate) fn run(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let log = fs::File::create(self.folder.path().join("log")).expect("a log");
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]);
        command.arg(self.folder.path()).args(&self.settings);
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
        self.running = Some(command.spawn().expect("redis-server starts"));
        let until = Instant::now() + PATIENCE;
        while !self.log().contains("Ready to accept connections") {
            let ended = self.running.as_mut().expect("it was started").try_wait().expect("it is a child");
            assert!(ended.is_none() && Instant::now() < until, "it does not listen: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns its address, as `--store` takes it.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it immediately.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.kill().expect("it can be killed");
        running.wait().expect("it ends");
    }

    /// Sends it a signal: `-STOP` suspends it, `-CONT` resumes it.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("there is a kill command");
        assert!(sent.success());
    }

    /// Returns its answer to a command, as `redis-cli` prints it.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        let output = cli.args(["-p", &self.port.to_string()]).args(command).output().expect("redis-cli runs");
        String::from_utf8(output.stdout).expect("it is text").trim_end().to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Finds a free port below the ephemeral range, so that it is still free when the server restarts on it.
fn free_port() -> u16 {
    loop {
        let port = rand::rng().random_range(20_000..32_000);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // Fails if it has ended already, which is fine.
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}
