//! A server with its data folder, and all that can happen to it: it is killed, stopped, held up, and started again. Its
//! clients reach it by way of the proxy.

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

/// Short spans, so that within seconds happens what otherwise takes minutes; small limits, so that they are reached.
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

/// How long an orderly end may take: the drain, the sessions' goodbye and what remains to be kept, with room to spare.
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
    /// A house that is not open yet, on a data folder.
    pub(crate) async fn on(data: &Path, seed: &Seed) -> Rig {
        let proxy = Proxy::start(seed).await;
        Rig { data: data.to_owned(), site: site(), proxy, program: None, log: Log::default() }
    }

    /// Where its clients connect to, whichever program is there.
    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts the program, and waits until it is open.
    pub(crate) async fn open(&mut self) {
        self.begin(&[]);
        self.opened().await;
    }

    /// Starts the program in an environment, and waits for nothing.
    pub(crate) fn begin(&mut self, environment: &[(&str, PathBuf)]) {
        let program = Program::start(&self.data, self.site.path(), &ARGUMENTS, environment, &self.log);
        self.program = Some(program);
    }

    /// Waits until the program is open, and leads the network there.
    pub(crate) async fn opened(&mut self) {
        let address = self.program().address().await;
        self.proxy.lead_to(&[address]);
    }

    /// Kills the program.
    pub(crate) fn kill(&mut self) {
        self.proxy.lead_to(&[]);
        self.take().kill();
    }

    /// Lets the program end in order, which it must do soon and without complaint.
    pub(crate) async fn close(&mut self) {
        let program = self.take();
        program.signal("-TERM");
        let ended = timeout(END, program.ended()).await;
        self.proxy.lead_to(&[]);
        let status = ended.expect("the program ends within its bound");
        assert_eq!(status.code(), Some(0), "the program ends in order");
    }

    /// Stops the program in the middle of what it does, for a time.
    pub(crate) async fn hold_up(&mut self, span: Duration) {
        self.program().signal("-STOP");
        tokio::time::sleep(span).await;
        self.program().signal("-CONT");
    }

    /// Goes on with another data folder.
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

/// As much of a site as the program needs to start; nobody looks at it.
pub(crate) fn site() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manifest = r#"{"js":"/pkg/a.js","wasm":"/pkg/a.wasm","css":"/pkg/a.css"}"#;
    std::fs::write(folder.path().join("site.json"), manifest).expect("a file");
    folder
}
