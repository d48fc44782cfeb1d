//! The program as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tempfile::TempDir;

use super::{Browser, PATIENCE, folder, site};

/// Prepares the program with a clean environment, in its own folder.
pub(crate) fn teahouse(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teahouse"));
    command.env_clear().current_dir(folder).args(arguments).stdin(Stdio::null());
    // Keeps the tests independent of this machine's limit on open files.
    command.env("TEAHOUSE_MAX_CONNECTIONS", "500");
    command
}

/// Runs the program with these arguments until it ends; returns its output.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = folder();
    let mut command = teahouse(folder.path(), arguments);
    command.envs(environment.iter().copied());
    finish(command)
}

/// Runs a command until it ends; returns its output.
pub(crate) fn finish(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let pid = child.id().to_string();
    let (send, output) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    output.recv_timeout(PATIENCE).map_or_else(
        |_| {
            Command::new("kill").args(["-KILL", &pid]).status().expect("there is a kill command");
            panic!("{command:?} does not end by itself");
        },
        |output| output.expect("the program runs"),
    )
}

/// A program that serves.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// Collects its log until it ends.
    log: Option<JoinHandle<String>>,
    _site: TempDir,
}

impl Server {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Server {
        let site = site();
        let mut command = teahouse(data, arguments);
        command.args(["--listen", "127.0.0.1:0", "--drain", "100ms"]);
        command.arg("--data").arg(data).arg("--site").arg(site.path());
        Server::spawn(command, site)
    }

    pub(crate) fn spawn(mut command: Command, site: TempDir) -> Server {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (send, address) = mpsc::channel();
        let log = thread::spawn(move || {
            let mut log = String::new();
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
                if let Some((_, address)) = line.trim().split_once("the teahouse is open: http://") {
                    // The receiver may have given up waiting.
                    let _ = send.send(address.to_owned());
                }
                log.push_str(&line);
                line.clear();
            }
            log
        });
        let Ok(address) = address.recv_timeout(PATIENCE) else {
            child.kill().expect("it can be killed");
            panic!("it does not open: {}", log.join().unwrap());
        };
        Server { child, address: address.parse().expect("an address"), log: Some(log), _site: site }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    pub(crate) async fn person(&self, nickname: &str) -> Browser {
        let browser = self.browser();
        assert_eq!(browser.log_in(nickname).await.status(), 303);
        browser
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("there is a kill command");
        assert!(sent.success());
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        self.ended()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is a child").is_none()
    }

    /// Waits for the end; returns the exit code (`None` after a killing signal) and the log.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        let log = self.log.take().expect("it is taken once").join().expect("the log is text");
        (status.code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failed test must leave no server behind. Fails if it has ended already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Decodes the output of a program.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what it says is text")
}
