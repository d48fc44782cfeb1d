//! A server that runs while something is done with it. Knows nothing of what it serves.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

/// A server that ends with this.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server, and waits until it says that it is `open`, with its address at the end of that line.
    pub(crate) fn start(open: &str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("the server does not start")?;
        let mut log = BufReader::new(child.stderr.take().context("its log is piped")?);
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        while log.read_line(&mut line)? > 0 {
            if let Some((_, address)) = line.trim().split_once(open) {
                address.clone_into(&mut server.address);
                // Read on to its end, so that the server can always write.
                thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(server);
            }
            line.clear();
        }
        bail!("the server does not open")
    }

    /// What stood behind the words that it is open.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
