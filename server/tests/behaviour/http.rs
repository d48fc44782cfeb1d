//! HTTP as proxies, balancers and programs rely on it: upgrades, keep-alive, oversized bodies, trailing slashes, error
//! formats.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Hook, TestApp, patiently, program};

/// Sends all these bytes, and then reads to the end of the connection.
async fn exchange(app: &TestApp, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    patiently("the request is taken", stream.write_all(request)).await.expect("it is read to its end");
    let mut answer = Vec::new();
    patiently("an answer", stream.read_to_end(&mut answer)).await.expect("the connection is not reset");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Returns a POST request with a body of this length.
fn post(path: &str, headers: &str, length: usize) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.into_bytes(), vec![b'x'; length]].concat()
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

#[tokio::test]
async fn a_request_that_would_rather_speak_http_2_is_answered_as_if_it_did_not_say_so() {
    let app = TestApp::start().await;
    let cookie = app.person("Ann").await.cookie();
    let upgrade =
        "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";
    let ask =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n{upgrade}\r\n");
    let form = "nickname=Bo";
    let login = format!(
        "POST /login HTTP/1.1\r\nhost: localhost\r\n{FORM}{upgrade}content-length: {}\r\n\r\n{form}",
        form.len()
    );
    let last = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let requests = [ask("/chat"), ask("/api/rooms"), login, ask("/ws"), last.to_owned()].concat();
    let answers = exchange(&app, requests.as_bytes()).await;
    let statuses: Vec<&str> =
        answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "401", "303", "426", "200"], "{answers}");
}

#[tokio::test]
async fn a_slash_too_many_leads_where_it_meant_to_go() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for (path, proper) in [
        ("/chat/", "/chat"),
        ("/chat/tea/", "/chat/tea"),
        ("/chat/tea/?day=2026-11-20", "/chat/tea?day=2026-11-20"),
        ("/chat/%E8%8C%B6//", "/chat/%E8%8C%B6"),
        ("/login/?next=/chat/tea/", "/login?next=/chat/tea/"),
        ("/search/?q=tea", "/search?q=tea"),
        ("/api/", "/api"),
        ("/api/rooms/", "/api/rooms"),
        ("/mark.svg/", "/mark.svg"),
    ] {
        let response = ann.get(path).await;
        assert_eq!(response.status(), 308, "{path}");
        assert_eq!(response.headers()["location"], proper);
        assert!(response.headers().contains_key("x-content-type-options"), "it keeps to itself");
    }
    // Clients that do not follow redirects are served directly.
    let key = ann.get("/chat/tea").await.text().await.unwrap();
    let key = key.split("name=\"for\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let posted = ann.post("/chat/tea/", &[("text", "hello"), ("nonce", "n1"), ("for", key)]).await;
    assert_eq!(
        (posted.status().as_u16(), &posted.headers()["location"]),
        (303, &"/chat/tea".parse().unwrap())
    );
    let hook = Hook::add(app.data(), &["--room", "tea"]);
    assert_eq!(app.browser().push(&format!("{}/", hook.path), &[], "pushed").await.status(), 201);
    let mut door = ann.plain("/chat/tea/?backlog=2").await;
    assert_eq!(
        (door.line().await, door.line().await),
        ("Ann: hello".to_owned(), "［bot］ deploys: pushed".to_owned())
    );
}

#[tokio::test]
async fn no_slash_leads_to_another_site() {
    let app = TestApp::start().await;
    for path in [
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "//evil.example//",
        "//",
        "/%5Cevil.example/",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = exchange(&app, request.as_bytes()).await.to_lowercase();
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        let stays = location
            .is_none_or(|location| location.starts_with('/') && !location[1..].starts_with(['/', '\\']));
        assert!(stays, "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_address_for_programs_never_answers_with_a_page() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    for (path, status, code) in [
        ("/api/nothing", 404, "not_found"),
        ("/api/rooms/tea/messages/1/2", 404, "not_found"),
        ("/api//rooms", 404, "not_found"),
        ("/api/%FF", 404, "not_found"),
        ("/boot/%FF", 404, "room_unfit"),
        ("/boot/a%20b", 404, "room_unfit"),
        ("/boot/tea/more", 404, "not_found"),
        ("/hooks/th_x/more", 404, "not_found"),
        ("/replies/x/more", 404, "not_found"),
        (&hook.path, 405, "method_not_allowed"),
        ("/replies/x", 405, "method_not_allowed"),
    ] {
        let answer = ann.get_with(path, &[("accept", "text/html")]).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405, "{path}");
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(body["error"]["code"], code, "{path}");
    }
    let posted = ann.post("/boot/tea", &[]).await;
    assert_eq!((posted.status().as_u16(), &posted.headers()["allow"]), (405, &"GET,HEAD".parse().unwrap()));
    let unknown = app.browser().get("/boot/tea").await;
    assert_eq!(unknown.status(), 401);
    assert!(unknown.text().await.unwrap().contains("login_required"));
}

#[tokio::test]
async fn a_connection_is_kept_for_another_request_and_then_ended_quietly() {
    let app = TestApp::with(|config| config.keep_alive = "500ms".parse().unwrap()).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answers = Vec::new();
    for count in 1..=2 {
        stream.write_all(request).await.unwrap();
        while answers.windows(3).filter(|three| *three == b"ok\n").count() < count {
            assert!(patiently("an answer", stream.read_buf(&mut answers)).await.unwrap() > 0);
        }
    }
    let ended = patiently("the connection ends", stream.read_to_end(&mut answers)).await;
    assert_eq!(ended.unwrap(), 0, "not with an error, and without another word");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_read_before_it_is_refused() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let many = 4_000_000;
    let login = exchange(&app, &post("/login", FORM, many)).await;
    assert!(login.starts_with("HTTP/1.1 413") && login.contains("text/html"), "{login:.200}");
    let pushed = exchange(&app, &post(&hook.path, "", many)).await;
    assert!(pushed.starts_with("HTTP/1.1 413") && pushed.contains("body_too_large"), "{pushed}");
    // These are refused before the body is read.
    let unknown = exchange(&app, &post("/hooks/th_unknown", "", many)).await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    let foreign = exchange(&app, &post("/chat", "origin: https://evil.example\r\n", many)).await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign:.200}");
    let nowhere = exchange(&app, &post("/nowhere", "", many)).await;
    assert!(nowhere.starts_with("HTTP/1.1 404"), "{nowhere:.200}");
}

#[tokio::test]
async fn whoever_asks_before_they_send_is_refused_before_they_send() {
    let app = TestApp::start().await;
    let mut request = post("/hooks/th_unknown", "expect: 100-continue\r\n", 1_000_000);
    request.truncate(request.len() - 1_000_000);
    let answer = exchange(&app, &request).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_its_refusal_up_for_a_while_only() {
    let app = TestApp::start().await;
    let mut request = post("/hooks/th_unknown", "", 1_000_000);
    request.truncate(request.len() - 500_000);
    let answer = exchange(&app, &request).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn the_server_says_what_is_running() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/version").await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    let version: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(version["name"], "teahouse");
    let said = program::run(&["--version"], &[]);
    assert_eq!(format!("teahouse {}\n", version["version"].as_str().unwrap()), program::text(&said.stdout));
}
