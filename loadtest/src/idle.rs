//! Measures how much memory an idle connection costs the server, at rest and after bursts.

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::gathering::Gathering;
use crate::kernel::Sockets;
use crate::meter::Memory;
use crate::options::Idle;
use crate::report::{self, Verdict, float};

#[derive(Serialize)]
struct Figures {
    connections: usize,
    burst: u32,
    /// The server with every user logged in and none connected.
    empty_kib: Memory,
    at_rest_kib: Memory,
    /// After one message in each room, received by every member.
    after_one_message_kib: Memory,
    right_after_burst_kib: Memory,
    after_burst_kib: Memory,
    per_connection_kib: PerConnection,
    /// Kernel memory for each connection, at rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<Kernel>,
}

/// Kernel memory for each end of a connection, in bytes.
#[derive(Serialize)]
struct Kernel {
    objects_per_end: f64,
    buffers_per_end: f64,
}

/// Growth of the server's memory per connection, in KiB.
#[derive(Serialize)]
struct PerConnection {
    at_rest: f64,
    after_one_message: f64,
    right_after_burst: f64,
    after_burst: f64,
}

pub(crate) fn run(options: &Idle) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    ensure!(!gathering.target.watched.is_empty(), "idle meters memory and needs --pid");
    gathering.go_on(options.rest)?;
    let empty = memory(&gathering)?;
    let no_sockets = Sockets::now()?;
    gathering.let_in(options.common.at_once)?;
    gathering.go_on(options.rest)?;
    let at_rest = memory(&gathering)?;
    let sockets = Sockets::now()?;
    gathering.say_to_all(1)?;
    gathering.go_on(options.rest)?;
    let after_one_message = memory(&gathering)?;
    gathering.say_to_all(options.burst)?;
    let right_after_burst = memory(&gathering)?;
    gathering.go_on(options.rest)?;
    let after_burst = memory(&gathering)?;

    let connections = gathering.seats.count();
    let each = |then: Memory| (float(then.rss) - float(empty.rss)) / float(connections as u64);
    let per_end = |before: u64, after: u64| (float(after) - float(before)) / float(2 * connections as u64);
    let kernel = no_sockets.zip(sockets).map(|(before, after)| Kernel {
        objects_per_end: per_end(before.objects, after.objects),
        buffers_per_end: per_end(before.buffers, after.buffers),
    });
    let figures = Figures {
        connections,
        burst: options.burst,
        empty_kib: empty,
        at_rest_kib: at_rest,
        after_one_message_kib: after_one_message,
        right_after_burst_kib: right_after_burst,
        after_burst_kib: after_burst,
        per_connection_kib: PerConnection {
            at_rest: each(at_rest),
            after_one_message: each(after_one_message),
            right_after_burst: each(right_after_burst),
            after_burst: each(after_burst),
        },
        kernel,
    };
    report::conclude("idle", &options.common, &gathering, figures)
}

fn memory(gathering: &Gathering) -> Result<Memory> {
    gathering.moment()?.memory.context("the server's memory cannot be read")
}
