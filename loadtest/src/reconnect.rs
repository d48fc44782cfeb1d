//! The reconnect storm: stops and restarts the server while its clients hold positions. Measures how long it
//! takes until every client is back with the messages it missed, and verifies that no message sent meanwhile
//! is lost.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::clock::seconds;
use crate::comeback::Comeback;
use crate::conversation::Pace;
use crate::gathering::Gathering;
use crate::meter::Watched;
use crate::options::Reconnect;
use crate::report::{self, Verdict};
use crate::target::{self, Started};

/// Polling interval while the server stops and starts.
const TURN: Duration = Duration::from_millis(10);

#[derive(Serialize)]
struct Figures {
    signal: &'static str,
    clients: usize,
    /// From the signal until the process exited.
    stopping_seconds: f64,
    /// From the restart until the server listened again.
    starting_seconds: f64,
    /// From the moment it listened again until the last client was back in its room with everything it had
    /// missed.
    all_back_seconds: f64,
    /// The same, counted from the signal.
    all_back_after_signal_seconds: f64,
    attempts: u64,
    resumed: usize,
    not_resumed: usize,
    said_meanwhile: u64,
    /// CPU time the new server used until all clients were back.
    server_cpu_seconds: f64,
    /// Resident memory at that time, which approximates the peak.
    server_rss_kib: u64,
}

pub(crate) fn run(options: &Reconnect) -> Result<Verdict> {
    let mut common = options.common.clone();
    ensure!(common.speakers == 1, "positions are known only where one member of a room speaks: --speakers 1");
    let address = target::parse(&common.target)?;
    ensure!(!target::is_listening(address), "somebody listens at {address} already");
    let mut server = Started::listening(&options.command, address)?;
    common.pid = vec![server.pid().as_raw()];
    let mut gathering = Gathering::prepare(&common)?;
    gathering.let_in(common.at_once)?;
    let clients = gathering.seats.count();
    let clock = gathering.clock;

    gathering.talk.set_pace(Pace::Every { nanos: 1e9 / options.rate, since: clock.now() });
    gathering.wake()?;
    gathering.go_on(options.talk)?;

    let mut comeback = Comeback::new(clients);
    let said = gathering.talk.tally.all_said();
    let stopped = clock.now();
    server.signal(if options.kill { Signal::SIGKILL } else { Signal::SIGTERM })?;
    while server.ended()?.is_none() {
        comeback.turn(&mut gathering, TURN)?;
        ensure!(seconds(clock.now() - stopped) < 60.0, "the server did not stop within a minute");
    }
    let started = clock.now();
    server = Started::new(&options.command)?;
    while !target::is_listening(address) {
        comeback.turn(&mut gathering, TURN)?;
        if let Some(status) = server.ended()? {
            bail!("the server ended before it listened again ({status})");
        }
    }
    let watched = Watched::new(server.pid().as_raw())?;
    let listening = clock.now();
    while gathering.talk.now_in < clients || gathering.talk.resumed + gathering.talk.not_resumed < clients {
        comeback.turn(&mut gathering, TURN)?;
        let (back, waited) = (gathering.talk.now_in, seconds(clock.now() - listening));
        ensure!(waited < 120.0, "only {back} of {clients} clients were back after two minutes");
    }
    let back = clock.now();
    let server_cpu_seconds = watched.cpu()?;
    let said_meanwhile = gathering.talk.tally.all_said() - said;
    let memory = watched.memory()?;
    gathering.go_on(options.talk)?;
    gathering.talk.set_pace(Pace::Silent);
    gathering.hear_out()?;

    let figures = Figures {
        signal: if options.kill { "SIGKILL" } else { "SIGTERM" },
        clients,
        stopping_seconds: seconds(started - stopped),
        starting_seconds: seconds(listening - started),
        all_back_seconds: seconds(back - listening),
        all_back_after_signal_seconds: seconds(back - stopped),
        attempts: comeback.attempts,
        resumed: gathering.talk.resumed,
        not_resumed: gathering.talk.not_resumed,
        said_meanwhile,
        server_cpu_seconds,
        server_rss_kib: memory.rss,
    };
    report::conclude("reconnect", &common, &gathering, figures)
}
