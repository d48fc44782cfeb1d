//! The program itself: what it says, how it ends, and that it loses nothing when it is killed.

use std::process::{Output, Stdio};

use chat::protocol::{ClientLine, Event};

use crate::support::{
    folder,
    program::{Server, run, teahouse, text},
    site,
};

#[track_caller]
fn assert_refused(output: &Output, naming: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for name in naming {
        assert!(stderr.contains(name), "{name} is not named: {stderr}");
    }
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_bad_value_is_one_line_that_names_it_and_exit_code_2() {
    for (flag, value) in [
        ("--listen", "nonsense"),
        ("--backlog", "9999"),
        ("--backlog", "many"),
        ("--retain", "-1"),
        ("--retain", "all"),
        ("--nickname-grace", "5 fortnights"),
        ("--leave-grace", "soon"),
        ("--base-url", "chat.example"),
        ("--allow-origin", "https://tea.example/path"),
        ("--host", "https://tea.example"),
        ("--host", "tea.example:443"),
        ("--trust-proxy", "somebody"),
        ("--store", "mysql://tea.example"),
        ("--store", "redis://tea.example/leaves"),
        ("--redis-prefix", "tea:leaves"),
        ("--node-lease", "a while"),
        ("--rate-send", "-1"),
        ("--frame-limit", "1MB"),
    ] {
        assert_refused(&run(&[&format!("{flag}={value}")], &[]), &[flag, value]);
    }
}

#[test]
fn a_mistake_in_the_file_of_the_bots_is_named_with_its_line() {
    let folder = folder();
    let file = folder.path().join("teahouse.toml");
    std::fs::write(&file, "[[bot]]\nname = \"Bo\"\nmodle = \"x\"\n").unwrap();
    let flag = format!("--config={}", file.display());
    assert_refused(&run(&[&flag], &[]), &["--config", "teahouse.toml", "line 3, column 1", "`modle`"]);
    let missing = format!("--config={}", folder.path().join("none.toml").display());
    assert_refused(&run(&[&missing], &[]), &["--config", "none.toml", "it cannot be read"]);
}

#[test]
fn the_password_in_an_address_is_not_repeated() {
    for address in
        ["redis://ann:s3cret@tea.example/leaves", "mysql://ann:s3cret@tea.example", "redis://:s3cret@"]
    {
        let output = run(&[&format!("--store={address}")], &[]);
        assert_refused(&output, &["--store"]);
        assert!(!text(&output.stderr).contains("s3cret"), "{}", text(&output.stderr));
    }
    let help = run(&["--help"], &[("TEAHOUSE_STORE", "redis://ann:s3cret@tea.example")]);
    assert!(text(&help.stdout).contains("TEAHOUSE_STORE") && !text(&help.stdout).contains("s3cret"));
}

#[test]
fn a_flag_that_does_not_exist_is_named_too() {
    assert_refused(&run(&["--no-such-flag"], &[]), &["--no-such-flag"]);
    assert_refused(&run(&["serve", "--no-such-flag"], &[]), &["--no-such-flag"]);
    assert_refused(&run(&["brew"], &[]), &["brew"]);
}

#[test]
fn a_bad_value_in_the_environment_is_named_too() {
    assert_refused(&run(&[], &[("TEAHOUSE_BACKLOG", "plenty")]), &["--backlog", "plenty"]);
    assert_refused(&run(&[], &[("TEAHOUSE_LISTEN", "everywhere")]), &["--listen", "everywhere"]);
}

#[test]
fn a_level_of_logging_that_does_not_exist_is_refused() {
    assert_refused(&run(&["--log", "lou d=er,=="], &[]), &["--log"]);
}

#[test]
fn help_tells_every_flag_with_its_environment_variable() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    let mut flags = 0;
    for word in help.split_whitespace().filter(|word| word.starts_with("--")) {
        let flag = word.trim_end_matches([',', ']', ')', '.']);
        if !["--help", "--version"].contains(&flag) && flag.len() > 2 {
            flags += 1;
        }
    }
    let variables = help.matches("[env: TEAHOUSE_").count();
    assert!(variables >= 20, "{help}");
    assert!(flags >= variables, "{help}");
    for named in ["--listen", "TEAHOUSE_LISTEN", "--data", "--backlog", "--trust-proxy", "127.0.0.1:3000"] {
        assert!(help.contains(named), "{named}");
    }
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn it_says_its_version() {
    let output = run(&["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("teahouse "));
}

#[tokio::test]
async fn the_environment_sets_what_the_flags_set() {
    let (data, site) = (folder(), site());
    let mut command = teahouse(data.path(), &["serve"]);
    command.env("TEAHOUSE_LISTEN", "127.0.0.1:0").env("TEAHOUSE_DATA", data.path().join("deep/er"));
    command
        .env("TEAHOUSE_SITE_DIR", site.path())
        .env("TEAHOUSE_TEXT_LIMIT", "7")
        .env("TEAHOUSE_DRAIN", "100ms");
    let server = Server::spawn(command, site);
    let mut lines = server.person("Ann").await.talk().await;
    lines.say("m1", "12345678").await;
    assert!(lines.refused().await.reason.contains('7'));
    drop(lines);
    assert!(data.path().join("deep/er/teahouse.db").exists());
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn whatever_was_acknowledged_survives_a_kill() {
    let data = folder();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let server = Server::start(data.path(), &["--backlog", "1000"]);
        let mut lines = server.person(&format!("round-{round}")).await.talk().await;
        lines.say_many(&format!("r{round}-"), 200).await;
        // It is killed in the middle of its work: some are acknowledged, the rest are on their way.
        for _ in 0..50 {
            acknowledged.push(lines.message().await.id.to_string());
        }
        let (code, _) = server.end("-KILL");
        assert_eq!(code, None);
    }
    let server = Server::start(data.path(), &["--backlog", "1000"]);
    let mut lines = server.person("reader").await.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let joined = lines.joined().await;
    let kept: Vec<String> = joined
        .events
        .iter()
        .map(|event| match event {
            Event::Message(message) => message.id.to_string(),
            Event::Unknown(_) => panic!("an event of this version"),
        })
        .collect();
    assert!(joined.events.iter().map(|event| event.seq().unwrap()).eq(1..=joined.head), "without a hole");
    for id in acknowledged {
        assert_eq!(kept.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn a_polite_signal_ends_it_with_exit_code_0_and_a_goodbye() {
    for signal in ["-TERM", "-INT"] {
        let data = folder();
        let server = Server::start(data.path(), &[]);
        let lines = server.person("Ann").await.talk().await;
        server.signal(signal);
        assert_eq!(lines.closed().await.0, 1012);
        let (code, log) = server.ended();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    }
}

#[tokio::test]
async fn what_is_said_never_reaches_the_log() {
    let data = folder();
    let server = Server::start(data.path(), &["--log", "trace"]);
    let ann = server.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("m1", "Xyzzy-said").await;
    lines.message().await;
    lines.say("m1", "Xyzzy-reused").await;
    lines.refused().await;
    lines.say("m2", &"Xyzzy-long".repeat(500)).await;
    lines.refused().await;
    lines.send_text(r#"{"send":{"id":"m3","room":"lobby","text":"Xyzzy-cut"#).await;
    lines.refused().await;
    let mut door = ann.plain("/chat?echo=1").await;
    door.say("Xyzzy-plain").await;
    door.line().await;
    ann.get("/chat").await.text().await.unwrap();
    drop((lines, door));
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is as talkative as it gets");
    let leak = log.lines().find(|line| line.contains("Xyzzy"));
    assert_eq!(leak, None);
}

#[test]
fn a_port_that_is_taken_is_one_line_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address], &[]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(&address), "{stderr}");
}

#[test]
fn a_second_server_on_the_same_data_ends_with_one_line_and_the_first_goes_on() {
    let data = folder();
    let mut first = Server::start(data.path(), &[]);
    let mut second = teahouse(data.path(), &["--listen", "127.0.0.1:0"]);
    second.arg("--data").arg(data.path()).stderr(Stdio::piped());
    let output = second.output().expect("the program runs");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(data.path().to_str().unwrap()), "{stderr}");
    assert!(first.is_running(), "the first one goes on");
    assert_eq!(first.end("-TERM").0, Some(0));
}
