//! The program as a process: started, signalled, and ended at the latest when the test ends, in whatever way.

use std::{
    collections::VecDeque,
    env,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use tokio::sync::watch;

use crate::patiently;

/// Number of the log's last lines that a failed test prints.
const LINES: usize = 60;

/// The last log lines of the program, over all its lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<String>>>);

/// A running program.
pub(crate) struct Program {
    child: Child,
    /// Its address, once it listens.
    address: watch::Receiver<Option<SocketAddr>>,
}

impl Program {
    /// Starts the program on a data folder.
    pub(crate) fn start(
        data: &Path,
        site: &Path,
        arguments: &[&str],
        environment: &[(&str, PathBuf)],
        log: &Log,
    ) -> Program {
        let program = env::var_os("TEAHOUSE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_teahouse").into());
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().cloned()).stdin(Stdio::null()).stderr(Stdio::piped());
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.arg("--data").arg(data).arg("--site").arg(site);
        let mut child = command.spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let (found, address) = watch::channel(None);
        let log = log.clone();
        // The thread ends when the program does.
        thread::spawn(move || log.listen(stderr, &found));
        Program { child, address }
    }

    /// Returns its address, once it listens.
    pub(crate) async fn address(&mut self) -> SocketAddr {
        let open = patiently("the program opens", self.address.wait_for(Option::is_some)).await;
        open.expect("the program does not end before it opens").expect("it is some")
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("there is a kill command");
        assert!(sent.success(), "the program takes {signal}");
    }

    /// Kills it, as `kill -9` does, and waits until it is dead.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it ends");
    }

    /// Waits for its end, which shows in the end of its log.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        // The log's thread drops its sender when there is nothing more to read.
        while self.address.changed().await.is_ok() {}
        self.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A failed test must leave no program behind. Fails if it has ended already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    fn listen(&self, stderr: ChildStderr, address: &watch::Sender<Option<SocketAddr>>) {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some((_, open)) = line.trim().split_once("the teahouse is open: http://") {
                address.send_replace(open.parse().ok());
            }
            let mut lines = self.0.lock().expect("nothing panics while it holds the log");
            if lines.len() == LINES {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }

    /// Prints the last lines.
    pub(crate) fn print(&self) {
        for line in self.0.lock().expect("nothing panics while it holds the log").iter() {
            eprintln!("teahouse: {line}");
        }
    }
}
