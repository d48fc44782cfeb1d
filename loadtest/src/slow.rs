//! Slow consumers among fast ones: some clients stop reading. Measures what the others notice, and verifies
//! that the server evicts the slow ones and that they resume with everything they missed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::clock::seconds;
use crate::comeback::Comeback;
use crate::conversation::Pace;
use crate::gathering::{Gathering, Moment};
use crate::options::Slow;
use crate::report::{self, Percentiles, Verdict};

const TURN: Duration = Duration::from_millis(50);

#[derive(Serialize)]
struct Figures {
    slow: u32,
    rate: f64,
    /// Latency of the reading clients while every client reads.
    latency_without_ms: Percentiles,
    /// Latency of the same clients while the slow ones do not read.
    latency_with_ms: Percentiles,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    /// How the server evicted the slow clients: number of connections by close code, or without one.
    cut_off: BTreeMap<String, usize>,
    resumed: usize,
    not_resumed: usize,
}

#[derive(Serialize)]
struct Server {
    cpu_without: f64,
    cpu_with: f64,
    rss_without_kib: u64,
    rss_with_kib: u64,
}

pub(crate) fn run(options: &Slow) -> Result<Verdict> {
    let Slow { common, times, readers: slow, rate } = options;
    ensure!(common.speakers == 1, "positions are known only where one member of a room speaks: --speakers 1");
    ensure!(*slow < common.members, "somebody must read: --slow must be less than --members");
    let mut gathering = Gathering::prepare(common)?;
    gathering.let_in(common.at_once)?;
    let seats = gathering.seats;
    let fast = seats.members - *slow as usize;
    gathering.talk.metered_places = fast;
    let pace = |gathering: &Gathering| Pace::Every { nanos: 1e9 / rate, since: gathering.clock.now() };

    let all_read = pace(&gathering);
    let without = gathering.meter(all_read, *times)?;
    gathering.hear_out()?;
    let latency_without_ms = Percentiles::of(&gathering.talk.latencies);

    gathering.talk.latencies.reset();
    let slow_seats: Vec<_> = (0..seats.count()).filter(|seat| seats.place(*seat) >= fast).collect();
    for &seat in &slow_seats {
        gathering.swarm.crowd.deafen(seat)?;
    }
    let few_read = pace(&gathering);
    gathering.may_end_from = fast;
    let with = gathering.meter(few_read, *times)?;
    // Let the fast clients receive the last messages before the slow ones read again.
    gathering.go_on(1.0)?;
    let mut comeback = Comeback::new(seats.count());
    for &seat in &slow_seats {
        gathering.swarm.crowd.listen_again(seat, &mut gathering.talk)?;
    }
    let begin = gathering.clock.now();
    while !(gathering.talk.tally.is_complete() && gathering.talk.now_in == seats.count()) {
        comeback.turn(&mut gathering, TURN)?;
        if seconds(gathering.clock.now() - begin) > common.patience {
            break;
        }
    }
    // By now the fast clients have received the last messages, however late.
    let latency_with_ms = Percentiles::of(&gathering.talk.latencies);
    let mut cut_off = BTreeMap::new();
    for code in comeback.codes {
        *cut_off.entry(code.map_or_else(|| "none".to_owned(), |code| code.to_string())).or_default() += 1;
    }
    let figures = Figures {
        slow: *slow,
        rate: *rate,
        latency_without_ms,
        latency_with_ms,
        server: server(&without, &with),
        cut_off,
        resumed: gathering.talk.resumed,
        not_resumed: gathering.talk.not_resumed,
    };
    report::conclude("slow", common, &gathering, figures)
}

fn server(without: &(Moment, Moment), with: &(Moment, Moment)) -> Option<Server> {
    let cpu = |(begin, end): &(Moment, Moment)| {
        Some((end.server_cpu? - begin.server_cpu?) / seconds(end.at - begin.at))
    };
    Some(Server {
        cpu_without: cpu(without)?,
        cpu_with: cpu(with)?,
        rss_without_kib: without.1.memory?.rss,
        rss_with_kib: with.1.memory?.rss,
    })
}
