//! A low limit on open files: the server lowers its connection limit, reports the shortage, and serves
//! connected users as before.

use std::{fs, path::Path, process::Command};

use crate::support::{Plain, folder, patiently, program::Server, site};

/// The limit on open files in these tests; an idle server has some thirty open.
const FEW: usize = 64;

/// Starts a server that admits guests under a limit, given as arguments of `ulimit`.
fn under(limit: &str, data: &Path, arguments: &[&str]) -> Server {
    let site = site();
    let mut command = Command::new("sh");
    command.env_clear().current_dir(data).args(["-c", r#"ulimit $0 && exec "$@""#, limit]);
    command.arg(env!("CARGO_BIN_EXE_teahouse")).args([
        "--guests",
        "--listen",
        "127.0.0.1:0",
        "--drain",
        "100ms",
    ]);
    command.args(arguments).arg("--data").arg(data).arg("--site").arg(site.path());
    Server::spawn(command, site)
}

async fn guest(server: &Server) -> Plain {
    server.browser().plain("/chat?echo=1").await
}

/// Returns whether a server has used up its files. Inherited files may lie beyond its limit.
fn is_full(server: &Server) -> bool {
    let files = fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
    let numbers = files.map(|file| file.unwrap().file_name().to_str().unwrap().parse::<usize>().unwrap());
    numbers.filter(|number| *number < FEW).count() == FEW
}

/// Sends a message from the first client, and checks that the first and the second receive it.
async fn talk(inside: &mut [Plain], text: &str) {
    inside[0].say(text).await;
    for reader in &mut inside[..2] {
        while !reader.said().await.ends_with(text) {}
    }
}

/// Returns the lines of a log that contain this text.
fn lines_with<'a>(log: &'a str, words: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(words)).collect()
}

#[tokio::test]
async fn without_a_file_to_spare_those_inside_go_on_and_the_next_waits_for_one_to_leave() {
    let data = folder();
    let server = under(&format!("-n {FEW}"), data.path(), &["--max-connections", "0"]);
    let mut inside = vec![guest(&server).await, guest(&server).await];
    talk(&mut inside, "before").await;
    while !is_full(&server) {
        inside.push(guest(&server).await);
    }
    assert!(inside.len() > 10, "there was room for more");
    let browser = server.browser();
    let mut late = [(); 3].map(|()| {
        let knock = browser.knock("/chat?echo=1");
        tokio::spawn(async move { Plain::new(knock.socket().await) })
    });
    for round in 0..50 {
        talk(&mut inside, &format!("while it is full, {round}")).await;
    }
    assert!(late.iter().all(|late| !late.is_finished()), "there is nothing to answer them on");
    for late in &mut late {
        drop(inside.remove(2));
        inside.push(patiently("the next comes in", late).await.unwrap());
    }
    talk(&mut inside, "after").await;
    inside.reverse();
    talk(&mut inside, "from one who waited").await;
    drop(inside);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    let [error] = lines_with(&log, "ERROR")[..] else { panic!("said once: {log}") };
    assert!(error.contains("Too many open files"), "{log}");
}

#[tokio::test]
async fn connections_are_not_let_in_at_the_cost_of_what_keeps_their_messages() {
    let data = folder();
    let server = under(&format!("-n {FEW}"), data.path(), &[]);
    let mut inside = Vec::new();
    let refused = loop {
        match server.browser().knock("/chat?echo=1").send().await {
            Ok(socket) => inside.push(Plain::new(socket)),
            Err(status) => break status,
        }
        assert!(inside.len() <= FEW / 2, "the other half is for files");
    };
    assert_eq!((refused, inside.len()), (503, FEW / 2));
    talk(&mut inside, "there is room to write").await;
    drop(inside);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    let [warning] = lines_with(&log, "WARN")[..] else { panic!("one warning: {log}") };
    for named in ["20000 connections", "--max-connections", "is 64", "ulimit -n 20128", "LimitNOFILE=20128"] {
        assert!(warning.contains(named), "{named}: {warning}");
    }
    assert_eq!(lines_with(&log, "ERROR"), [""; 0]);
}

#[tokio::test]
async fn the_limit_is_raised_as_far_as_it_goes() {
    let data = folder();
    let server = under(&format!("-S -n {FEW}"), data.path(), &["--max-connections", "100"]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let numbers: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(numbers[0], numbers[1], "the soft limit is the hard one");
    let mut inside = Vec::new();
    while inside.len() < FEW {
        inside.push(guest(&server).await);
    }
    drop(inside);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}
