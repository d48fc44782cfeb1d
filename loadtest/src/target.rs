//! The server under test: its addresses and its processes.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::meter::Watched;
use crate::options::Common;
use crate::speech::ServerKind;

/// The `--target` value that starts a floor for the run.
const FLOOR: &str = "floor";

pub(crate) struct Target {
    /// Addresses of its nodes; usually one.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) speech: ServerKind,
    /// Its processes.
    pub(crate) watched: Vec<Watched>,
    /// The Redis behind the nodes.
    pub(crate) redis: Option<SocketAddr>,
    /// The floor started for this run; ends with it.
    floor: Option<Started>,
}

impl Target {
    /// Finds the target, or starts it if it is the floor. An error says in one line why there is none.
    pub(crate) fn find(options: &Common) -> Result<Self> {
        let (addresses, pids, speech, floor) = if options.target == FLOOR {
            let (floor, address) = start_floor()?;
            let pid = floor.pid().as_raw();
            (vec![address], vec![pid], ServerKind::Floor, Some(floor))
        } else {
            let nodes = std::iter::once(&options.target).chain(&options.nodes);
            let addresses = nodes.map(|node| parse(node)).collect::<Result<_>>()?;
            (addresses, options.pid.clone(), options.speech, None)
        };
        for address in &addresses {
            if let Err(error) = TcpStream::connect_timeout(address, Duration::from_secs(5)) {
                bail!("nothing answers at {address}: {error}");
            }
        }
        let watched = pids.into_iter().map(Watched::new).collect::<Result<_>>()?;
        Ok(Self { addresses, speech, watched, redis: options.redis, floor })
    }

    /// Returns its name in a report.
    pub(crate) fn name(&self) -> String {
        if self.floor.is_some() {
            return FLOOR.to_owned();
        }
        self.addresses.iter().map(|address| format!("ws://{address}")).collect::<Vec<_>>().join(",")
    }
}

pub(crate) fn parse(target: &str) -> Result<SocketAddr> {
    let wanted = "the target must look like ws://127.0.0.1:3000";
    let authority = target.strip_prefix("ws://").with_context(|| format!("{wanted}, not {target:?}"))?;
    let mut addresses = authority
        .trim_end_matches('/')
        .to_socket_addrs()
        .with_context(|| format!("{wanted}, not {target:?}"))?;
    let address = addresses.next().with_context(|| format!("{target} has no address"))?;
    // A load test is a weapon: restrict this one to the machine it runs on.
    if !address.ip().is_loopback() {
        bail!("{address} is not this machine: the load test runs only against a server beside it");
    }
    Ok(address)
}

/// A server that this program started and that ends with it.
pub(crate) struct Started(Child);

impl Started {
    /// Starts a server by its command line and waits until it listens.
    pub(crate) fn listening(command: &[OsString], address: SocketAddr) -> Result<Self> {
        let mut server = Self::new(command)?;
        while !is_listening(address) {
            if let Some(status) = server.ended()? {
                bail!("the server ended before it listened ({status})");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Starts a server by its command line.
    pub(crate) fn new(command: &[OsString]) -> Result<Self> {
        let (program, arguments) =
            command.split_first().context("the server's command line must follow `--`")?;
        let child = Command::new(program).args(arguments).spawn();
        Ok(Self(child.with_context(|| format!("cannot start {}", program.display()))?))
    }

    pub(crate) fn pid(&self) -> Pid {
        // Process ids are small.
        Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(i32::MAX))
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid(), signal).context("the server cannot be stopped")
    }

    /// Returns its exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }
}

/// Returns whether anything listens at this address now.
pub(crate) fn is_listening(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}

impl Drop for Started {
    fn drop(&mut self) {
        // The process may have ended already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn start_floor() -> Result<(Started, SocketAddr)> {
    let program = std::env::current_exe().context("the load test does not find itself")?;
    // Its standard input is a pipe from this process, so that the floor also ends if this process is killed.
    let child = Command::new(program)
        .args(["floor", "--ends-with-input"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut floor = Started(child.context("the floor does not start")?);
    let output = floor.0.stdout.take().context("the floor says nothing")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line.split_whitespace().find_map(|word| word.parse().ok());
    Ok((floor, address.context("the floor does not say where it listens")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_web_socket_of_this_machine() {
        assert_eq!(parse("ws://127.0.0.1:3000/").unwrap(), "127.0.0.1:3000".parse().unwrap());
        for wrong in ["", "http://127.0.0.1:1", "ws://127.0.0.1", "ws://192.0.2.1:80", "127.0.0.1:3000"] {
            let error = format!("{:#}", parse(wrong).unwrap_err());
            assert_eq!(error.lines().count(), 1, "{wrong}: {error}");
        }
    }
}
