//! The program itself: its output, its exit codes, and that it loses nothing when killed.

use std::process::{Output, Stdio};

use chat::protocol::{ClientLine, Event};
use tempfile::TempDir;

use crate::support::{
    Browser, eventually, folder, patiently,
    program::{Server, finish, run, teahouse, text},
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
        ("--allow-origin", "https://*.tea.example"),
        ("--allow-origin", "null"),
        ("--base-url", "capacitor://localhost"),
        ("--host", "https://tea.example"),
        ("--host", "tea.example:443"),
        ("--trust-proxy", "somebody"),
        ("--trust-proxy", "10.0.0.0/33"),
        ("--guests", "maybe"),
        ("--keep-alive", "for ever"),
        ("--log", "loud"),
        ("--log", "info,server::search=loud"),
        ("--log-format", "xml"),
        ("--listen", "localhost"),
        ("--listen", ":99999"),
        ("--listen", "http://localhost:3000"),
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
    assert_refused(&run(&[], &[("TEAHOUSE_GUESTS", "2")]), &["--guests", "2", "yes"]);
    let proxies = "10.0.0.10, 10.0.0.11 nobody";
    assert_refused(&run(&[], &[("TEAHOUSE_TRUST_PROXY", proxies)]), &["--trust-proxy", "nobody"]);
    assert_refused(&run(&["--allow-origin", "https://tea.example *"], &[]), &["--allow-origin", "*"]);
}

/// Returns the variables that `--help` names.
fn variables(help: &str) -> Vec<&str> {
    let named = help.split("[env: ").skip(1);
    named.filter_map(|rest| rest.split(['=', ']']).next()).collect()
}

#[tokio::test]
async fn variables_that_are_empty_are_as_if_they_were_unset() {
    let help = run(&["--help"], &[]);
    let (data, site) = (folder(), site());
    let mut command = teahouse(data.path(), &["--listen", "127.0.0.1:0", "--drain", "100ms"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path());
    let variables = variables(text(&help.stdout));
    assert!(variables.len() > 20 && variables.contains(&"TEAHOUSE_GUESTS"), "{variables:?}");
    command.args(["--max-connections", "500"]).envs(variables.iter().map(|name| (*name, "")));
    let server = Server::spawn(command, site);
    assert_eq!(server.browser().get("/healthz").await.status(), 200);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    let named: Vec<(&str, &str)> = variables.iter().map(|name| (*name, "")).collect();
    let help = run(&["--help"], &named);
    assert_eq!(self::variables(text(&help.stdout)), variables, "help goes on naming them");
    let commands: [&[&str]; 2] = [&["hook", "list"], &["token", "list"]];
    for command in commands {
        let data = data.path().to_str().unwrap();
        let output = run(&[command, &["--data", data]].concat(), &named);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn the_environment_holds_truths_and_lists_as_people_write_them() {
    let (data, site) = (folder(), site());
    let mut command = teahouse(data.path(), &["--listen", "127.0.0.1:0", "--drain", "100ms"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path());
    command.env("TEAHOUSE_GUESTS", "Yes").env("TEAHOUSE_TRUST_PROXY", " 10.0.0.10  127.0.0.1 ");
    command
        .env("TEAHOUSE_RATE_LOGIN", "1")
        .env("TEAHOUSE_ALLOW_ORIGIN", "capacitor://localhost, tauri://localhost");
    let server = Server::spawn(command, site);
    // Logins from this machine are not counted; those that a trusted proxy forwards are.
    let (first, second) = ("203.0.113.9", "203.0.113.10");
    for (address, nickname, status) in [(first, "Ann", 303), (first, "Bo", 429), (second, "Cai", 303)] {
        let browser = server.browser().saying("x-forwarded-for", address);
        assert_eq!(browser.log_in(nickname).await.status(), status, "{nickname}");
    }
    for (origin, status) in
        [("capacitor://localhost", 303), ("tauri://localhost", 303), ("app://localhost", 403)]
    {
        let browser = server.browser().saying("origin", origin);
        assert_eq!(browser.post("/language", &[("lang", "en")]).await.status(), status, "{origin}");
    }
    drop(server.browser().plain("/chat").await);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn people_talk_over_a_unix_socket() {
    use futures::{SinkExt as _, StreamExt as _};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::UnixStream,
    };
    use tokio_tungstenite::{client_async, tungstenite::client::IntoClientRequest as _};

    let (data, site) = (folder(), site());
    let path = data.path().join("teahouse.sock");
    let listen = format!("unix:{}", path.display());
    let mut command = teahouse(data.path(), &["--listen", &listen, "--drain", "100ms"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    eventually("it opens", async || UnixStream::connect(&path).await.is_ok()).await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let form = "POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                content-length: 12\r\nconnection: close\r\n\r\nnickname=Ann";
    stream.write_all(form.as_bytes()).await.unwrap();
    let mut answer = String::new();
    patiently("an answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: ").filter(|cookie| cookie.starts_with("teahouse-")))
        .unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let mut request = "ws://localhost/chat?echo=1".into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let stream = UnixStream::connect(&path).await.unwrap();
    let (mut socket, _) = patiently("the handshake", client_async(request, stream)).await.unwrap();
    socket.send("over a file".into()).await.unwrap();
    let heard = patiently("an echo", socket.next()).await.unwrap().unwrap();
    assert_eq!(heard.to_text().unwrap(), "Ann: over a file");
    drop(socket);
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!path.exists(), "the file is gone with the server");
}

#[tokio::test]
async fn a_socket_that_the_service_manager_hands_over_is_listened_on_instead() {
    let (data, site) = (folder(), site());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The server replaces the shell's process, as systemd starts it.
    let script = r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&0 </dev/null"#;
    let mut command = std::process::Command::new("/bin/sh");
    command.env_clear().current_dir(data.path()).args(["-c", script, env!("CARGO_BIN_EXE_teahouse")]);
    command.args(["--listen", "127.0.0.1:1", "--drain", "100ms", "--max-connections", "500"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path());
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    let server = Server::spawn(command, site);
    assert_eq!(server.address(), address);
    assert_eq!(server.browser().get("/healthz").await.status(), 200);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn what_is_handed_over_and_is_no_socket_is_one_line() {
    let script = r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&0"#;
    let mut command = std::process::Command::new("/bin/sh");
    command.env_clear().args(["-c", script, env!("CARGO_BIN_EXE_teahouse")]).stdin(Stdio::null());
    let output = finish(command);
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("LISTEN_FDS"), "{stderr}");
}

#[tokio::test]
async fn every_interface_is_listened_on_by_a_port_alone_behind_a_colon() {
    let (data, site) = (folder(), site());
    let mut command = teahouse(data.path(), &["--listen", ":0", "--drain", "100ms"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path());
    let server = Server::spawn(command, site);
    let loopback = (std::net::Ipv4Addr::LOCALHOST, server.address().port());
    assert_eq!(Browser::new(loopback.into()).get("/healthz").await.status(), 200);
    assert_eq!(server.end("-TERM").0, Some(0));
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
        // It is killed while busy: some messages are acknowledged, the rest are in flight.
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

/// Starts a server through another program, such as `env`, with these arguments before its own.
fn started_by(starter: &str, words: &[&str]) -> (Server, TempDir) {
    let (data, site) = (folder(), site());
    let mut command = std::process::Command::new(starter);
    command.env_clear().current_dir(data.path()).args(words).arg(env!("CARGO_BIN_EXE_teahouse"));
    command.args(["--listen", "127.0.0.1:0", "--drain", "100ms", "--max-connections", "500"]);
    command.arg("--data").arg(data.path()).arg("--site").arg(site.path()).stdin(Stdio::null());
    (Server::spawn(command, site), data)
}

#[tokio::test]
async fn a_hangup_ends_it_like_the_other_signals() {
    // The test runner may ignore the signal, and child processes inherit that.
    let (server, _data) = started_by("/usr/bin/env", &["--default-signal=HUP"]);
    let lines = server.person("Ann").await.talk().await;
    server.signal("-HUP");
    assert_eq!(lines.closed().await.0, 1012);
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn a_hangup_that_was_to_be_ignored_from_the_start_is() {
    let (mut server, _data) = started_by("/usr/bin/env", &["--ignore-signal=HUP"]);
    server.signal("-HUP");
    let mut lines = server.person("Ann").await.talk().await;
    lines.say("m1", "still open").await;
    lines.message().await;
    assert!(server.is_running());
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn the_log_says_who_came_in_from_where_and_has_no_colours_in_a_file() {
    let data = folder();
    let server = Server::start(data.path(), &[]);
    let mut lines = server.person("Ann").await.talk().await;
    lines.say("m1", "Xyzzy-said").await;
    let user = lines.message().await.user.id.to_string();
    drop(lines);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    let line = log.lines().find(|line| line.contains("logged in")).expect("it says so");
    assert!(line.contains("INFO") && line.contains("Ann") && line.contains("127.0.0.1"), "{line}");
    assert!(line.contains(&user), "{line}");
    assert!(!log.contains('\u{1b}'), "{log}");
    assert!(!log.contains("Xyzzy"), "{log}");
}

#[tokio::test]
async fn the_log_is_lines_of_json_where_that_is_wanted() {
    let data = folder();
    let (listener, site) = (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), site());
    let taken = listener.local_addr().unwrap().to_string();
    let words = ["--listen", &taken, "--log-format", "JSON", "--site", site.path().to_str().unwrap()];
    let refused = finish(teahouse(data.path(), &words));
    assert_eq!(refused.status.code(), Some(1));
    drop(listener);
    let words = ["--listen", &taken, "--log-format", "json", "--data", data.path().to_str().unwrap()];
    let mut command = teahouse(data.path(), &words);
    let child = command.arg("--site").arg(site.path()).stderr(Stdio::piped()).spawn().unwrap();
    let browser = Browser::new(taken.parse().unwrap());
    eventually("it opens", async || browser.try_get("/healthz").await == Some(200)).await;
    browser.log_in("Ann").await;
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let served = child.wait_with_output().unwrap();
    assert_eq!(served.status.code(), Some(0));
    let line = |output: &Output, message: &str| {
        let lines = text(&output.stderr).lines().map(|line| serde_json::from_str(line).expect(line));
        let lines: Vec<serde_json::Value> = lines.collect();
        let found =
            lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains(message)));
        found.unwrap_or_else(|| panic!("{message} is not among {lines:?}")).clone()
    };
    let failed = line(&refused, &taken);
    assert_eq!(failed["level"], "ERROR", "{failed}");
    let came = line(&served, "logged in");
    assert_eq!(
        (&came["level"], &came["nickname"], &came["address"]),
        (&"INFO".into(), &"Ann".into(), &"127.0.0.1".into())
    );
    assert!(came["timestamp"].is_string() && came["target"] == "server::http::pages::login", "{came}");
}

#[tokio::test]
async fn what_is_said_never_reaches_the_log() {
    for filter in ["trace", "trace,hyper=trace,tungstenite=trace,axum=trace,rusqlite=trace"] {
        nothing_said_is_logged(filter).await;
    }
}

async fn nothing_said_is_logged(filter: &str) {
    let data = folder();
    let server = Server::start(data.path(), &["--log", filter]);
    let ann = server.person("Ann").await;
    let cookie = ann.cookie();
    let (_, cookie) = cookie.split_once('=').expect("a cookie has a value");
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
    let leak = log.lines().find(|line| line.contains("Xyzzy") || line.contains(cookie));
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
