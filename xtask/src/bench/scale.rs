//! How much is measured: all of it for the page, a little of it for the tests.

/// A past that takes half an hour to become one, beside a short one.
pub(super) const LONGEST: [&str; 2] = ["1000", "10000000"];

/// The numbers of a bench.
pub(super) struct Scale {
    /// How often Teahouse and the floor take turns, and how often all do where there are more of them.
    pub(super) turns: usize,
    pub(super) rounds: usize,
    /// Seconds that are metered, and seconds before that.
    pub(super) seconds: &'static str,
    pub(super) warm_up: &'static str,
    /// Seconds that each cell of a grid is metered.
    pub(super) cell: &'static str,
    /// Seconds of rest before memory is read.
    pub(super) rest: &'static str,
    /// Readers of one room, many and few.
    pub(super) many: &'static str,
    pub(super) few: &'static str,
    pub(super) idle: &'static str,
    /// Clients that enter at once, or come back at once.
    pub(super) storm: &'static str,
    /// Members of one room, and rooms of one member: see `loadtest grid --help`.
    pub(super) members: &'static str,
    pub(super) rooms: &'static str,
    /// Messages in flight, where several nodes are one house.
    pub(super) nodes: &'static [&'static str],
    /// Messages of a room's past.
    pub(super) history: &'static [&'static str],
    /// How often each thing is asked for there, and how often the server is started.
    pub(super) asks: &'static str,
    pub(super) starts: &'static str,
    pub(super) slow: &'static [&'static str],
    /// What the server's own drain may take when it is stopped.
    pub(super) drain: &'static str,
    /// Whether other servers are installed and measured, which takes a network.
    pub(super) with_peers: bool,
}

impl Scale {
    /// As DESIGN.md's budgets have it; takes some minutes.
    pub(super) fn full() -> Self {
        Self {
            turns: 5,
            rounds: 3,
            seconds: "4",
            warm_up: "1",
            cell: "2",
            rest: "10",
            many: "1000",
            few: "100",
            idle: "10000",
            storm: "5000",
            members: "1x10,1x30,1x100,1x300,1x1000,1x3000,1x10000",
            rooms: "1x1,10x1,100x1,1000x1,3000x1,10000x1",
            nodes: &["1", "50"],
            history: &["1000", "10000", "100000", "1000000"],
            asks: "500",
            starts: "5",
            slow: &["--members", "200", "--slow", "40", "--size", "30000", "--rate", "10", "--seconds", "20"],
            drain: "5s",
            with_peers: true,
        }
    }

    /// Takes less than a minute.
    pub(super) fn quick() -> Self {
        Self {
            turns: 1,
            rounds: 1,
            seconds: "0.5",
            warm_up: "0.2",
            cell: "0.5",
            rest: "0.5",
            many: "100",
            few: "20",
            idle: "200",
            storm: "200",
            members: "1x3,1x30",
            rooms: "1x1,20x1",
            nodes: &["50"],
            history: &["1000", "10000"],
            asks: "10",
            starts: "1",
            slow: &["--members", "20", "--slow", "5", "--size", "30000", "--rate", "50", "--seconds", "2"],
            drain: "1s",
            with_peers: false,
        }
    }
}
