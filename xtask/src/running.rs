//! A running server process. Knows nothing about what it serves.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

/// A server process that is killed on drop.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server, and waits for the log line that contains `open` and ends with its address.
    pub(crate) fn start(open: &str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("the server does not start")?;
        let mut log = BufReader::new(child.stderr.take().context("its log is piped")?);
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        while log.read_line(&mut line)? > 0 {
            if let Some((_, address)) = line.trim().split_once(open) {
                address.clone_into(&mut server.address);
                // Drain the log, so that the server never blocks on writing it.
                thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(server);
            }
            line.clear();
        }
        bail!("the server does not open")
    }

    /// Returns the address from its log line.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
