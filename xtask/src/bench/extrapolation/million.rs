//! What a million connections would take.

use super::{Extrapolation, GIB};
use crate::bench::figure::say;
use crate::bench::tables::{code, table};

/// Number of users.
const PEOPLE: f64 = 1e6;
/// Users per room, which determines the number of rooms.
const IN_A_ROOM: f64 = 1_000.0;
/// Messages per second in each room.
const SAID: f64 = 1.0;
/// Seconds between two heartbeats, by default.
const HEARTBEAT: f64 = 25.0;
/// Users per node: what `LimitNOFILE` in docs/operations.md has room for.
const ON_A_NODE: f64 = 50_000.0;

const SECONDS_A_DAY: f64 = 86_400.0;
/// Number of nodes, and messages and deliveries per second.
const NODES: f64 = PEOPLE / ON_A_NODE;
const MESSAGES: f64 = PEOPLE / IN_A_ROOM * SAID;
const DELIVERIES: f64 = PEOPLE * SAID;
/// Heartbeats per second.
const BEATS: f64 = PEOPLE / HEARTBEAT;

type Row = Vec<String>;

fn row(what: &str, measured: &str, by: &str, reckoned: String) -> Row {
    vec![what.to_owned(), measured.to_owned(), by.to_owned(), reckoned]
}

impl Extrapolation {
    pub(in crate::bench) fn million(&self) -> String {
        let rows = [self.memory(), self.processors(), self.network(), self.redis(), self.others()].concat();
        let people = say(ON_A_NODE);
        let first = if self.redis.is_some() {
            " Where more is said, nodes can be added; Redis' core is the first thing that cannot."
        } else {
            ""
        };
        format!(
            "{}\nIn all, reckoned: {} nodes, each with {people} people, {} cores' time and {} GiB for its connections; one \
             Redis.{first}\n",
            table(&["what", "measured for one", "by", "reckoned for a million"], &rows),
            say(NODES),
            say((DELIVERIES / self.alone.number + self.heartbeats()) / NODES),
            say((self.memory.number + self.kernel_bytes()) * ON_A_NODE / GIB),
        )
    }

    fn memory(&self) -> Vec<Row> {
        let servers = row(
            "memory of the servers",
            &format!("{} bytes a connection", say(self.memory.number)),
            &self.memory.by,
            format!("× 1,000,000 = {} GiB", say(self.memory.number * PEOPLE / GIB)),
        );
        let kernels = match &self.kernel {
            Some(kernel) => row(
                "memory of the kernels",
                &format!("{} bytes for each end", say(kernel.number)),
                &kernel.by,
                format!(
                    "× 1,000,000 = {} GiB on the nodes; twice that on load balancers, which have two ends of each",
                    say(kernel.number * PEOPLE / GIB)
                ),
            ),
            None => row("memory of the kernels", "only root may look", "", "unknown".to_owned()),
        };
        vec![servers, kernels]
    }

    /// Returns how many cores the heartbeats keep busy.
    fn heartbeats(&self) -> f64 {
        BEATS * self.heartbeat.number / 1e6
    }

    fn processors(&self) -> Vec<Row> {
        let Self { alone, joined, heartbeat, .. } = self;
        let (per_second, beats) = (say(alone.number), say(BEATS));
        vec![
            row(
                "processors for the deliveries",
                &format!("{per_second} for a second of a core, one by one"),
                &alone.by,
                format!("{} / {per_second} = {} cores", say(DELIVERIES), say(DELIVERIES / alone.number)),
            ),
            row(
                "the same where many are said at once",
                &format!("{}, 50 in flight", say(joined.number)),
                &joined.by,
                format!("{} cores at the least", say(DELIVERIES / joined.number)),
            ),
            row(
                "processors for the heartbeats",
                &format!("{} µs for a ping and its answer", say(heartbeat.number)),
                &heartbeat.by,
                format!(
                    "1,000,000 / {} s = {beats} a second, × {} µs = {} cores",
                    say(HEARTBEAT),
                    say(heartbeat.number),
                    say(self.heartbeats())
                ),
            ),
        ]
    }

    fn network(&self) -> Vec<Row> {
        let (bytes, beat) = (self.bytes.number, self.heartbeat_bytes.number);
        let out = (DELIVERIES * bytes + BEATS * beat) / 1e6;
        vec![row(
            "the network to the people",
            &format!("{} bytes a delivery, {} a heartbeat, without TCP's own", say(bytes), say(beat)),
            &self.bytes.by,
            format!(
                "{} × {} + {} × {} = {} MB/s, {} for each of {} nodes",
                say(DELIVERIES),
                say(bytes),
                say(BEATS),
                say(beat),
                say(out),
                say(out / NODES),
                say(NODES)
            ),
        )]
    }

    fn redis(&self) -> Vec<Row> {
        let Some((cpu, sent)) = &self.redis else {
            return vec![row("Redis", "not measured", "", "unknown".to_owned())];
        };
        let at_most = cpu.number * NODES / 2.0;
        let each = sent.number / 2.0;
        vec![
            row(
                "Redis, which has one core for commands",
                &format!("{} µs a message with two nodes, in bursts", say(cpu.number)),
                &cpu.by,
                format!(
                    "if all of it grew with the nodes: × {} / 2 = {} µs, × {} a second = {} of its core; full at {} \
                     messages/s",
                    say(NODES),
                    say(at_most),
                    say(MESSAGES),
                    say(MESSAGES * at_most / 1e6),
                    say(1e6 / at_most)
                ),
            ),
            row(
                "the network from Redis",
                &format!("{} bytes a message with two nodes", say(sent.number)),
                &sent.by,
                format!(
                    "/ 2 = {} for each node; × {} messages × {} nodes = {} MB/s",
                    say(each),
                    say(MESSAGES),
                    say(NODES),
                    say(each * MESSAGES * NODES / 1e6)
                ),
            ),
        ]
    }

    fn others(&self) -> Vec<Row> {
        let Self { comeback, disk, allowed, .. } = self;
        let people = say(ON_A_NODE);
        vec![
            row(
                "coming back when a node dies",
                &format!("{} ms of a core for each who comes back", say(comeback.number * 1e3)),
                &comeback.by,
                format!(
                    "× {people} = {} s of a core, over all other nodes; × 1,000,000 = {} s, if all die",
                    say(comeback.number * ON_A_NODE),
                    say(comeback.number * PEOPLE)
                ),
            ),
            row(
                "what is kept",
                &format!("{} bytes a message, log and index", say(disk.number)),
                &disk.by,
                format!(
                    "× {} × 86,400 s = {} GB a day, if it were one SQLite; in Redis it is memory: `--retain`",
                    say(MESSAGES),
                    say(disk.number * MESSAGES * SECONDS_A_DAY / 1e9)
                ),
            ),
            row(
                "open files",
                "1 a connection",
                "",
                format!("{people} for each of {} nodes: `LimitNOFILE=65536`", say(NODES)),
            ),
            row(
                "ports",
                &format!("{} from one address to another", say(allowed.ports)),
                &code("/proc/sys/net/ipv4/ip_local_port_range"),
                format!(
                    "{people} / {} = {} addresses of load balancers for each node; the people's own ports are theirs",
                    say(allowed.ports),
                    say((ON_A_NODE / allowed.ports).ceil())
                ),
            ),
        ]
    }
}
