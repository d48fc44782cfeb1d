//! A server with its data folder, and its faults: it is killed, stopped, suspended and restarted. Its clients
//! reach it through the proxy.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    program::{Log, Program},
    proxy::Proxy,
    seed::Seed,
};

/// Short intervals, so that events that usually take minutes happen within seconds; small limits, so that
/// they are reached.
pub(crate) const ARGUMENTS: [&str; 10] = [
    "--heartbeat",
    "1s",
    "--leave-grace",
    "2s",
    "--drain",
    "500ms",
    "--backlog",
    "30",
    "--queue-limit",
    "32768",
];

/// Timeout for an orderly end: the drain, the sessions' shutdown and the remaining writes, with a margin.
pub(crate) const END: Duration = Duration::from_secs(20);

/// The server's folder, network and program.
pub(crate) struct Rig {
    data: PathBuf,
    site: TempDir,
    proxy: Proxy,
    program: Option<Program>,
    log: Log,
}

impl Rig {
    /// Makes a server on a data folder, not started yet.
    pub(crate) async fn on(data: &Path, seed: &Seed) -> Rig {
        let proxy = Proxy::start(seed).await;
        Rig { data: data.to_owned(), site: site(), proxy, program: None, log: Log::default() }
    }

    /// Returns the network, whose address stays the same over restarts.
    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Returns the data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts the program, and waits until it listens.
    pub(crate) async fn open(&mut self) {
        self.begin(&[]);
        self.opened().await;
    }

    /// Starts the program with an environment, and waits for nothing.
    pub(crate) fn begin(&mut self, environment: &[(&str, PathBuf)]) {
        let program = Program::start(&self.data, self.site.path(), &ARGUMENTS, environment, &self.log);
        self.program = Some(program);
    }

    /// Waits until the program listens, and leads the network there.
    pub(crate) async fn opened(&mut self) {
        let address = self.program().address().await;
        self.proxy.lead_to(&[address]);
    }

    /// Kills the program.
    pub(crate) fn kill(&mut self) {
        self.proxy.lead_to(&[]);
        self.take().kill();
    }

    /// Stops the program in order, which must be quick and without an error.
    pub(crate) async fn close(&mut self) {
        let program = self.take();
        program.signal("-TERM");
        let ended = timeout(END, program.ended()).await;
        self.proxy.lead_to(&[]);
        let status = ended.expect("the program ends within its bound");
        assert_eq!(status.code(), Some(0), "the program ends in order");
    }

    /// Suspends the program for a time.
    pub(crate) async fn hold_up(&mut self, span: Duration) {
        self.program().signal("-STOP");
        tokio::time::sleep(span).await;
        self.program().signal("-CONT");
    }

    /// Switches to another data folder.
    pub(crate) fn move_to(&mut self, data: &Path) {
        assert!(self.program.is_none(), "nobody moves a house in which there is somebody");
        data.clone_into(&mut self.data);
    }

    fn program(&mut self) -> &mut Program {
        self.program.as_mut().expect("the program runs")
    }

    fn take(&mut self) -> Program {
        self.program.take().expect("the program runs")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.log.print();
        }
    }
}

/// Makes a minimal site, enough for the program to start; no test looks at it.
pub(crate) fn site() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manifest = r#"{"js":"/pkg/a.js","wasm":"/pkg/a.wasm","css":"/pkg/a.css"}"#;
    std::fs::write(folder.path().join("site.json"), manifest).expect("a file");
    folder
}
