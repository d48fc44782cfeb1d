//! The program as a process of its own: started, signalled, and ended when the test ends, however that does.

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

/// How many of the last lines of the program's log are shown when a test fails.
const LINES: usize = 60;

/// What the program has said last, over all its lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<String>>>);

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    /// Where it listens, once it does.
    address: watch::Receiver<Option<SocketAddr>>,
}

impl Program {
    /// Starts the program with a data folder.
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
        // It ends when the program does.
        thread::spawn(move || log.listen(stderr, &found));
        Program { child, address }
    }

    /// Where it listens, as soon as it does.
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

    /// Waits for its end, which shows in the end of what it says.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        // The log's thread lets go of its half when there is nothing more to read.
        while self.address.changed().await.is_ok() {}
        self.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A failed test leaves no program behind; one that has ended already cannot be killed, which is as good.
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

    /// Prints what was said last.
    pub(crate) fn print(&self) {
        for line in self.0.lock().expect("nothing panics while it holds the log").iter() {
            eprintln!("teahouse: {line}");
        }
    }
}
