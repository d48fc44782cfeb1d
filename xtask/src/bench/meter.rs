//! Runs the load test: against a fresh Teahouse with its limits lifted, against the floor, or against a peer.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::figure::Report;
use super::peer::Peer;
use crate::process;
use crate::running::Server;
use crate::server::OPEN;
use crate::steps::Steps;

/// What stands in the way of a load test. Everything else is as it is for people, durability above all.
const LIMITS_LIFTED: [&str; 6] = ["--rate-send", "0", "--max-connections", "0", "--text-limit", "0"];

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

    /// Meters a Teahouse that has heard nothing before.
    pub(super) fn teahouse(&self, mode: &str, arguments: &[&str]) -> Result<Report> {
        let server = Server::start(OPEN, self.server("127.0.0.1:0")?)?;
        let (target, pid) = (format!("ws://{}", server.address()), server.id().to_string());
        self.run("Teahouse", mode, arguments, &["--target", &target, "--pid", &pid], &[])
    }

    /// Meters the floor.
    pub(super) fn floor(&self, mode: &str, arguments: &[&str]) -> Result<Report> {
        self.run("the floor", mode, arguments, &["--target", "floor"], &[])
    }

    /// Meters a peer. What it lost or doubled is for its report to tell: that does not end a bench of Teahouse.
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

    /// Has the load test itself start a Teahouse, stop it and start it again.
    pub(super) fn reconnect(&self, arguments: &[&str], drain: &str) -> Result<Report> {
        // Free a moment ago, which on the own machine is good enough.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut server = self.server(&address.to_string())?;
        server.args(["--drain", drain, "--log", "warn"]);
        let program = server.get_program().to_string_lossy().into_owned();
        let mut command = vec!["--".to_owned(), program];
        command.extend(server.get_args().map(|argument| argument.to_string_lossy().into_owned()));
        let target = format!("ws://{address}");
        self.run("Teahouse", "reconnect", arguments, &["--target", &target], &command)
    }

    /// Has a script of the browser's measure a Teahouse that has heard nothing before. It judges by itself; what it finds
    /// wanting stands in its report.
    pub(super) fn browser(&self, end2end: &Path, script: &str) -> Result<Report> {
        let server = Server::start(OPEN, self.server("127.0.0.1:0")?)?;
        let words = format!("node {script}");
        self.steps.say(&words);
        let file = self.folder.join("report.json");
        let url = format!("http://{}", server.address());
        let mut node = Command::new("node");
        node.current_dir(end2end).args([script, "--url", &url, "--json"]).arg(&file).stdout(Stdio::null());
        let status = node.status().context("node cannot be run")?;
        // 1 says that something is over its budget.
        if !matches!(status.code(), Some(0 | 1)) {
            bail!("`{words}` failed: {status}");
        }
        Report::read(&file, words)
    }

    fn server(&self, listen: &str) -> Result<Command> {
        let data = self.folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let mut command = Command::new(&self.teahouse);
        command.args(["--listen", listen, "--data"]).arg(data).args(LIMITS_LIFTED);
        Ok(command)
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

    /// Whether the load test was content, and what it reports.
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
        // Else the report of the run before could be taken for this one's.
        if file.exists() {
            fs::remove_file(&file)?;
        }
        let mut command = Command::new(&self.loadtest);
        command.arg(mode).args(arguments).args(target).arg("--json").arg(&file).args(server);
        Ok((process::run_hidden(&mut command), Report::read(&file, words)))
    }
}
