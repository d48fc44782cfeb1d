//! How much a bench measures: everything for the page, a little of everything for the tests.

/// History lengths of the longest bench: one that takes half an hour to create, and a short one for
/// comparison.
pub(super) const LONGEST: [&str; 2] = ["1000", "10000000"];

/// The sizes of a bench.
pub(super) struct Scale {
    /// Rounds in which Teahouse and the floor take turns, and rounds where more servers do.
    pub(super) turns: usize,
    pub(super) rounds: usize,
    /// Seconds of measurement, and of warm-up before it.
    pub(super) seconds: &'static str,
    pub(super) warm_up: &'static str,
    /// Seconds of measurement for each cell of a grid.
    pub(super) cell: &'static str,
    /// Seconds of rest before memory is read.
    pub(super) rest: &'static str,
    /// Readers of one room: many, and few.
    pub(super) many: &'static str,
    pub(super) few: &'static str,
    pub(super) idle: &'static str,
    /// Clients that join or reconnect at once.
    pub(super) storm: &'static str,
    /// Grid cells of one room with many members, and of many rooms with one member: see `loadtest grid
    /// --help`.
    pub(super) members: &'static str,
    pub(super) rooms: &'static str,
    /// Messages in flight in the comparison of several nodes.
    pub(super) nodes: &'static [&'static str],
    /// Lengths of a room's history, in messages.
    pub(super) history: &'static [&'static str],
    /// Repetitions of each request in the history bench, and starts of the server.
    pub(super) asks: &'static str,
    pub(super) starts: &'static str,
    pub(super) slow: &'static [&'static str],
    /// How long the server may drain when it is stopped.
    pub(super) drain: &'static str,
    /// Whether to install and measure other servers, which takes a network.
    pub(super) with_peers: bool,
}

impl Scale {
    /// The scale at which the budgets of `docs/design.md` are defined; takes some minutes.
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

    /// The scale of `--quick`; takes less than a minute.
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
