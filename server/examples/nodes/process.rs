//! The processes that are measured, nodes and Redis, and what the system and Redis know of them.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// A process of our own, ended when it is dropped, and the port on which it listens.
pub(crate) struct Process {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Process {
    fn start(program: &Path, arguments: impl FnOnce(u16, &str) -> Vec<String>) -> Result<Process> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args(arguments(port, &folder.path().to_string_lossy())).stdout(Stdio::null());
        let mut process = Process { child: command.spawn()?, port, _folder: folder };
        while TcpStream::connect(process.address()).is_err() {
            ensure!(process.child.try_wait()?.is_none(), "{command:?} has ended");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(process)
    }

    pub(crate) fn redis(sync: &str) -> Result<Process> {
        let aof = if sync == "none" {
            "--appendonly no".to_owned()
        } else {
            format!("--appendonly yes --appendfsync {sync}")
        };
        Process::start(Path::new("redis-server"), |port, folder| {
            words(&format!("--port {port} --bind 127.0.0.1 --save  --dir {folder} {aof}"))
        })
    }

    /// A node, on `SQLite` unless there is a Redis.
    pub(crate) fn node(program: &Path, redis: Option<&Process>, more: &str) -> Result<Process> {
        let store = redis.map_or("sqlite".to_owned(), |redis| format!("redis://127.0.0.1:{}", redis.port));
        // The heartbeat is longer than any measurement: nobody has to answer pings.
        let free =
            "--max-per-address 0 --rate-send 0 --rate-login 0 --room-limit 0 --heartbeat 1h --log warn";
        Process::start(program, |port, folder| {
            words(&format!("--listen 127.0.0.1:{port} --data {folder} --store {store} {free}{more}"))
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The processor time that it has taken, in seconds; Linux counts hundredths.
    pub(crate) fn seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("a name in parentheses")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
    }

    /// The sum of what Redis says under these names.
    pub(crate) fn info(&self, names: &[&str]) -> Result<f64> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port))?;
        let info: String = redis::cmd("INFO").query(&mut client.get_connection()?)?;
        let values = info.lines().filter_map(|line| line.split_once(':'));
        let wanted =
            values.filter(|(name, _)| names.contains(name)).map(|(_, value)| value.trim().parse::<f64>());
        Ok(wanted.sum::<Result<f64, _>>()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Splits at each space, so that two of them stand around an empty word.
fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
