//! Runs the load test against a fresh Teahouse with its limits lifted, against the floor, or against a peer.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::figure::Report;
use super::peer::Peer;
use super::redis::Redis;
use crate::process;
use crate::running::Server;
use crate::server::OPEN;
use crate::steps::Steps;

/// Options that lift the limits which would obstruct a load test. Everything else is as in production,
/// durability above all.
const LIMITS_LIFTED: [&str; 14] = [
    "--rate-send",
    "0",
    "--rate-text",
    "0",
    "--rate-rooms",
    "0",
    "--rate-pages",
    "0",
    "--max-rooms",
    "0",
    "--max-connections",
    "0",
    "--text-limit",
    "0",
];

pub(super) struct Meter {
    steps: Steps,
    loadtest: PathBuf,
    teahouse: PathBuf,
    folder: PathBuf,
}

impl Meter {
    pub(super) fn new(steps: Steps, loadtest: PathBuf, teahouse: PathBuf, folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { steps, loadtest, teahouse, folder })
    }

    /// Returns the same meter with the servers' data in memory, if the system has a file system there: a disk
    /// that pauses, as shared ones do, would hide the effect being measured.
    pub(super) fn in_memory(&self) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.join("teahouse-bench") } else { self.folder.clone() };
        Self::new(self.steps, self.loadtest.clone(), self.teahouse.clone(), folder)
    }

    /// Measures a fresh Teahouse.
    pub(super) fn teahouse(&self, mode: &str, arguments: &[&str]) -> Result<Report> {
        self.teahouse_with(&[], mode, arguments)
    }

    /// Prints a progress message.
    pub(super) fn say(&self, words: &str) {
        self.steps.say(words);
    }

    /// Measures `count` Teahouse nodes that form one cluster on a fresh Redis.
    pub(super) fn nodes(&self, redis: &Path, count: usize, mode: &str, arguments: &[&str]) -> Result<Report> {
        self.clear()?;
        let redis = Redis::start(redis, &self.data())?;
        let store = format!("redis://{}", redis.address());
        let start = |_| Server::start(OPEN, self.node(&["--store", &store]));
        let nodes = (0..count).map(start).collect::<Result<Vec<_>>>()?;
        let targets: Vec<_> = nodes.iter().map(|node| format!("ws://{}", node.address())).collect();
        let pids: Vec<_> = nodes.iter().map(|node| node.id().to_string()).collect();
        let (first, others) = targets.split_first().context("no nodes")?;
        let (others, pids) = (others.join(","), pids.join(","));
        let mut target = vec!["--target", first, "--pid", &pids, "--redis", redis.address()];
        if count > 1 {
            target.extend(["--nodes", &others]);
        }
        let whom = format!("{count} on Redis");
        self.run(&whom, mode, arguments, &target, &[])
    }

    /// Measures a fresh Teahouse that also runs with these settings.
    pub(super) fn teahouse_with(&self, settings: &[&str], mode: &str, arguments: &[&str]) -> Result<Report> {
        let mut command = self.server("127.0.0.1:0")?;
        command.args(settings);
        self.started(command, mode, arguments)
    }

    /// Measures a fresh Teahouse with these settings and its default limits.
    pub(super) fn teahouse_limited(
        &self,
        settings: &[&str],
        mode: &str,
        arguments: &[&str],
    ) -> Result<Report> {
        self.clear()?;
        let mut command = Command::new(&self.teahouse);
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(self.data()).args(settings);
        self.started(command, mode, arguments)
    }

    fn started(&self, command: Command, mode: &str, arguments: &[&str]) -> Result<Report> {
        let server = Server::start(OPEN, command)?;
        let (target, pid) = (format!("ws://{}", server.address()), server.id().to_string());
        self.run("Teahouse", mode, arguments, &["--target", &target, "--pid", &pid], &[])
    }

    /// Measures the floor.
    pub(super) fn floor(&self, mode: &str, arguments: &[&str]) -> Result<Report> {
        self.run("the floor", mode, arguments, &["--target", "floor"], &[])
    }

    /// Measures a peer. Its lost or duplicated deliveries appear in its report and do not end a bench of
    /// Teahouse.
    pub(super) fn peer(&self, peer: &Peer, mode: &str, arguments: &[&str]) -> Result<Report> {
        let server = Server::start(peer.open, peer.command())?;
        let (target, pid) = (format!("ws://{}", server.address()), server.id().to_string());
        let target = ["--speech", peer.speech, "--target", &target, "--pid", &pid];
        let (ran, report) = self.attempt(peer.name, mode, arguments, &target, &[])?;
        match report {
            Ok(report) => Ok(report),
            Err(error) => Err(ran.err().unwrap_or(error)),
        }
    }

    /// Runs the reconnect storm, in which the load test itself starts, stops and restarts a Teahouse.
    pub(super) fn reconnect(&self, arguments: &[&str], drain: &str) -> Result<Report> {
        let (target, mut command) = self.command()?;
        command.extend(["--drain", drain, "--log", "warn"].map(str::to_owned));
        self.run("Teahouse", "reconnect", arguments, &["--target", &target], &command)
    }

    /// Runs the history mode, in which the load test itself starts a Teahouse, on a history of this many
    /// messages.
    pub(super) fn history(&self, messages: &str, arguments: &[&str]) -> Result<Report> {
        let (target, mut command) = self.command()?;
        command.extend(["--log", "warn"].map(str::to_owned));
        let data = self.data();
        self.import(messages, &data)?;
        let arguments = [&["--messages", messages], arguments].concat();
        let data = data.to_string_lossy();
        self.run("Teahouse", "history", &arguments, &["--target", &target, "--data", &data], &command)
    }

    /// Imports a corpus into a data folder.
    fn import(&self, messages: &str, data: &Path) -> Result<()> {
        self.steps.say(&format!("loadtest corpus --messages {messages} | teahouse import -"));
        let mut corpus = Command::new(&self.loadtest)
            .args(["corpus", "--messages", messages])
            .stdout(Stdio::piped())
            .spawn()
            .context("the load test cannot be run")?;
        let archive = corpus.stdout.take().context("the archive is piped")?;
        let mut import = Command::new(&self.teahouse);
        let imported = import.args(["import", "--data"]).arg(data).arg("-").stdin(archive).output();
        // One end of the pipe is closed by now, whatever the outcome.
        let printed = corpus.wait()?;
        let imported = imported.context("teahouse cannot be run")?;
        if !imported.status.success() || !printed.success() {
            bail!("the corpus was not imported: {}", String::from_utf8_lossy(&imported.stderr).trim_end());
        }
        Ok(())
    }

    /// Removes the servers' data.
    pub(super) fn clear(&self) -> Result<()> {
        if self.data().exists() {
            fs::remove_dir_all(self.data())?;
        }
        Ok(())
    }

    /// Runs a browser script against a fresh Teahouse. The script judges by itself and lists problems in its
    /// report.
    pub(super) fn browser(&self, end2end: &Path, script: &str) -> Result<Report> {
        let server = Server::start(OPEN, self.server("127.0.0.1:0")?)?;
        let words = format!("node {script}");
        self.steps.say(&words);
        let file = self.folder.join("report.json");
        let url = format!("http://{}", server.address());
        let mut node = Command::new("node");
        node.current_dir(end2end).args([script, "--url", &url, "--json"]).arg(&file).stdout(Stdio::null());
        let status = node.status().context("node cannot be run")?;
        // 1 means that something exceeds its budget.
        if !matches!(status.code(), Some(0 | 1)) {
            bail!("`{words}` failed: {status}");
        }
        Report::read(&file, words)
    }

    fn server(&self, listen: &str) -> Result<Command> {
        self.clear()?;
        let mut command = Command::new(&self.teahouse);
        command.args(["--listen", listen, "--data"]).arg(self.data()).args(LIMITS_LIFTED);
        Ok(command)
    }

    /// Returns the command of a node without a data folder of its own.
    fn node(&self, settings: &[&str]) -> Command {
        let mut command = Command::new(&self.teahouse);
        command.args(["--listen", "127.0.0.1:0"]).args(LIMITS_LIFTED).args(settings);
        command
    }

    /// Returns a free target address, and the arguments `--` and the command that will serve there.
    fn command(&self) -> Result<(String, Vec<String>)> {
        // The port was free a moment ago, which is good enough on one's own machine.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let server = self.server(&address.to_string())?;
        let words = std::iter::once(server.get_program()).chain(server.get_args());
        let words = words.map(|word| word.to_string_lossy().into_owned());
        Ok((format!("ws://{address}"), std::iter::once("--".to_owned()).chain(words).collect()))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(
        &self,
        whom: &str,
        mode: &str,
        arguments: &[&str],
        target: &[&str],
        server: &[String],
    ) -> Result<Report> {
        let (ran, report) = self.attempt(whom, mode, arguments, target, server)?;
        ran?;
        report
    }

    /// Returns whether the load test succeeded, and its report.
    fn attempt(
        &self,
        whom: &str,
        mode: &str,
        arguments: &[&str],
        target: &[&str],
        server: &[String],
    ) -> Result<(Result<()>, Result<Report>)> {
        let words = [&["loadtest", mode], arguments].concat().join(" ");
        self.steps.say(&format!("{whom}: {words}"));
        let file = self.folder.join("report.json");
        // Otherwise the previous run's report could be taken for this one's.
        if file.exists() {
            fs::remove_file(&file)?;
        }
        let mut command = Command::new(&self.loadtest);
        command.arg(mode).args(arguments).args(target).arg("--json").arg(&file).args(server);
        Ok((process::run_hidden(&mut command), Report::read(&file, words)))
    }
}
