//! The third-party servers that Teahouse is compared with: how each is installed and started. Their rooms are
//! in `loadtest/peers/`, each written as in that server's own documentation.
//!
//! Installs everything into `target/` or a `node_modules`, and nothing into the system.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::steps::Steps;
use crate::system;
use crate::tools;
use crate::workspace::Workspace;

/// What the rooms of `loadtest/peers/` log once they listen, followed by their address.
const OPEN: &str = "the room is open: ws://";

/// A server that is ready to be started.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// Its exact version.
    pub(super) version: String,
    /// The load test's `--speech` value for it.
    pub(super) speech: &'static str,
    /// What it logs once it listens, followed by its address.
    pub(super) open: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

/// Installs a peer, unless it is installed already.
type Ensure = fn(&Workspace, Steps) -> Result<Peer>;

/// All peers, by name.
pub(super) const ALL: [(&str, Ensure); 4] =
    [("Tornado", tornado), ("ws", ws), ("socket.io", socketio), ("NATS", nats)];

impl Peer {
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}

fn tornado(workspace: &Workspace, steps: Steps) -> Result<Peer> {
    let (folder, source) = (workspace.cache("peers/tornado"), workspace.join("loadtest/peers/tornado"));
    tools::ensure_python_packages(&folder, &source.join("requirements.txt"), "Tornado", steps)?;
    let program = folder.join("bin/python");
    let print = "import platform, tornado; print(tornado.version, 'on Python', platform.python_version())";
    let version = process::read(Command::new(&program).args(["-c", print]))?;
    let arguments = vec![source.join("room.py")];
    Ok(Peer { name: "Tornado", version, speech: "room", open: OPEN, program, arguments })
}

fn ws(workspace: &Workspace, steps: Steps) -> Result<Peer> {
    node(workspace, steps, "ws", "ws", "room")
}

fn socketio(workspace: &Workspace, steps: Steps) -> Result<Peer> {
    node(workspace, steps, "socket.io", "socketio", "socketio")
}

/// Installs NATS, which is a complete server and needs only its configuration.
fn nats(workspace: &Workspace, steps: Steps) -> Result<Peer> {
    let program = system::ensure_program("nats-server", &workspace.cache("peers/nats"), steps)?;
    let said = process::read(Command::new(&program).arg("--version"))?;
    let version = said.trim_start_matches("nats-server: v").to_owned();
    let arguments = vec!["--config".into(), workspace.join("loadtest/peers/nats/nats.conf")];
    let open = "Listening for websocket clients on ws://";
    Ok(Peer { name: "NATS", version, speech: "nats", open, program, arguments })
}

/// Installs a room that runs on an npm package.
fn node(
    workspace: &Workspace,
    steps: Steps,
    name: &'static str,
    folder: &str,
    speech: &'static str,
) -> Result<Peer> {
    let folder = workspace.join("loadtest/peers").join(folder);
    tools::ensure_npm_packages(&folder, &format!("{name} from npm"), steps)?;
    let program = which::which("node")?;
    let print = format!("require('{name}/package.json').version + ' on Node.js ' + process.versions.node");
    let version = process::read(Command::new(&program).args(["--print", &print]).current_dir(&folder))?;
    Ok(Peer { name, version, speech, open: OPEN, program, arguments: vec![folder.join("room.mjs")] })
}
