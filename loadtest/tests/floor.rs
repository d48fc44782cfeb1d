//! Runs the load test against its own floor as users run the two: processes, arguments, exit codes and the
//! report.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_loadtest");

/// A floor that is killed when the test ends.
struct Floor {
    process: Child,
    address: String,
}

impl Floor {
    fn start(arguments: &[&str]) -> Self {
        let mut process =
            Command::new(PROGRAM).arg("floor").args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with("127.")).unwrap().to_owned();
        Self { process, address }
    }

    /// Runs a short load test against it.
    fn meter(&self, mode: &str, arguments: &[&str]) -> Output {
        let target = format!("ws://{}", self.address);
        let pid = self.process.id().to_string();
        loadtest(mode, &["--target", &target, "--speech", "floor", "--pid", &pid], arguments)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn loadtest(mode: &str, target: &[&str], arguments: &[&str]) -> Output {
    Command::new(PROGRAM).arg(mode).args(target).args(arguments).output().unwrap()
}

const SHORT: [&str; 4] = ["--warm-up", "0.1", "--seconds", "0.5"];

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_closed_loop_over_several_rooms_and_speakers_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let plan = ["--rooms", "3", "--members", "7", "--speakers", "2", "--window", "5"];
    let json = ["--json", file.to_str().unwrap()];
    let output = Floor::start(&[]).meter("closed", &[&plan[..], &SHORT, &json].concat());
    assert!(output.status.success(), "{}", complaint(&output));

    let report: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let faults = report["faults"].as_object().unwrap();
    assert!(faults.len() == 4 && faults.values().all(|count| count == 0), "{faults:?}");
    assert!(report["deliveries"].as_u64().unwrap() > 7, "{report}");
    assert_eq!(report["deliveries_per_frame"], 1.0);
    assert!(report["latency_ms"]["p50"].as_f64().unwrap() > 0.0, "{report}");
    assert!(report["server"]["memory_kib"]["rss"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn an_open_loop_keeps_its_rate_and_starts_the_floor_by_itself() {
    let output = loadtest(
        "open",
        &["--target", "floor"],
        &[&SHORT[..], &["--members", "9", "--rate", "200"]].concat(),
    );
    assert!(output.status.success(), "{}", complaint(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    // Half a second at 200 messages a second to 9 members: the percentiles hold every message that was due,
    // however late it arrived.
    assert!(table.contains("count 900,"), "{table}");
}

#[test]
fn memory_at_rest_is_reported() {
    let output = Floor::start(&[])
        .meter("idle", &["--members", "20", "--rooms", "2", "--rest", "0.1", "--burst", "50"]);
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn a_crowd_that_enters_at_once_is_counted_in_seconds_and_bytes() {
    let output = Floor::start(&[]).meter("join", &["--members", "50", "--at-once", "50", "--rest", "0.1"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    // The floor sends one line to each client, and nothing about the others.
    assert!(table.contains("median 0, max 0"), "{table}");
}

#[test]
fn who_reads_slowly_hears_everything_in_the_end() {
    let plan = ["--members", "6", "--slow", "2", "--rate", "100"];
    let output = loadtest("slow", &["--target", "floor"], &[&plan[..], &SHORT].concat());
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn a_grid_has_a_line_for_each_cell_and_fails_with_any_of_them() {
    let cells = ["--cells", "1x2,2x3", "--patience", "1"];
    let output = loadtest("grid", &["--target", "floor"], &[&cells[..], &SHORT].concat());
    assert!(output.status.success(), "{}", complaint(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    let output = Floor::start(&["--fault", "double"]).meter("grid", &[&cells[..], &SHORT].concat());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_delivery_that_is_dropped_doubled_or_late_makes_the_run_fail() {
    let loops = ["--members", "5", "--window", "4", "--patience", "1"];
    for (fault, told) in [
        ("double", "0 deliveries lost, 1 doubled, 0 out of order, 0 astray"),
        ("swap", "0 deliveries lost, 0 doubled, 1 out of order, 0 astray"),
    ] {
        let output = Floor::start(&["--fault", fault]).meter("closed", &[&loops[..], &SHORT].concat());
        assert_eq!(output.status.code(), Some(1), "{fault}");
        assert!(complaint(&output).contains(told), "{fault}: {}", complaint(&output));
    }
    let loops = ["--members", "5", "--rate", "100", "--patience", "1"];
    let output = Floor::start(&["--fault", "drop"]).meter("open", &[&loops[..], &SHORT].concat());
    assert_eq!(output.status.code(), Some(1));
    let told = "1 deliveries lost, 0 doubled, 0 out of order, 0 astray";
    assert!(complaint(&output).contains(told), "{}", complaint(&output));
}

/// Two floors know nothing of each other, like two nodes that are not one cluster.
#[test]
fn what_is_said_on_one_node_and_not_heard_on_the_other_is_lost() {
    let (one, other) = (Floor::start(&[]), Floor::start(&[]));
    let nodes = format!("ws://{}", other.address);
    let plan = ["--nodes", &nodes, "--members", "4", "--rate", "100", "--patience", "1"];
    let output = one.meter("open", &[&plan[..], &SHORT].concat());
    assert_eq!(output.status.code(), Some(1));
    let complaint = complaint(&output);
    assert!(
        !complaint.contains(" 0 deliveries lost") && complaint.contains("deliveries lost, 0 doubled"),
        "{complaint}"
    );
}

#[test]
fn heartbeats_that_nobody_hears_are_no_report() {
    let output = Floor::start(&[]).meter("heartbeat", &[&["--members", "3"][..], &SHORT].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("the report is not whole"), "{}", complaint(&output));
}

#[test]
fn a_target_that_is_not_there_is_named_in_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = loadtest("closed", &["--target", &format!("ws://{free}")], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains(&format!("nothing answers at {free}")), "{}", complaint(&output));
    assert_eq!(complaint(&output).lines().count(), 1);
}

#[test]
fn a_server_of_one_room_is_not_asked_for_two() {
    let floor = Floor::start(&[]);
    let target = format!("ws://{}", floor.address);
    let output = loadtest("closed", &["--target", &target, "--speech", "room"], &["--rooms", "2"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(complaint(&output), format!("loadtest: {target} has one room only, not 2\n"));
}
