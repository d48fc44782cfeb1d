//! A Redis for one measurement, which ends with it and is configured to lose no acknowledged write in a power
//! cut.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::system;

/// Time limit for its first answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The durable settings from docs/operations.md, for operators who must lose nothing.
const DURABLE: [&str; 6] = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

pub(super) struct Redis {
    child: Child,
    address: String,
}

/// Returns the program, if it is installed.
pub(super) fn program() -> Option<PathBuf> {
    system::installed("redis-server")
}

impl Redis {
    /// Starts an empty Redis in this folder.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        // The port was free a moment ago, which is good enough on one's own machine.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--daemonize", "no"])
            .args(DURABLE)
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start")?;
        let mut redis = Self { child, address: address.to_string() };
        let deadline = Instant::now() + PATIENCE;
        while !answers(&redis.address) {
            if redis.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("redis-server does not answer");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(redis)
    }

    /// Returns its address.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = [0; 5];
    let asked = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(b"PING\r\n"));
    asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && &answer == b"+PONG"
}
