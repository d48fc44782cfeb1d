//! Host names under which the server answers; pages that rebind their own name to it get nothing.

use std::path::Path;

use crate::support::{
    Browser, TestApp, folder,
    program::{Server, teahouse},
    site,
};

/// Returns the statuses under a host name: a page, a file, the API, a form and a socket.
async fn answers(browser: Browser, host: &str) -> [u16; 5] {
    let browser = browser.saying("host", host);
    [
        browser.get("/login").await.status().as_u16(),
        browser.get("/mark.svg").await.status().as_u16(),
        browser.get("/api/openapi.json").await.status().as_u16(),
        browser.post("/language", &[("lang", "en")]).await.status().as_u16(),
        match browser.knock("/ws").protocol("teahouse.v1").send().await {
            Ok(_) => 101,
            Err(status) => status,
        },
    ]
}

const YES: [u16; 5] = [200, 200, 200, 303, 101];
const NO: [u16; 5] = [421, 421, 421, 421, 421];

#[tokio::test]
async fn a_name_that_nobody_has_set_is_answered_nothing_and_addresses_are() {
    let app = TestApp::start().await;
    let port = app.address().port();
    for own in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        "tea.localhost".to_owned(),
        "[::1]".to_owned(),
    ] {
        assert_eq!(answers(app.browser(), &own).await, YES, "{own}");
    }
    for foreign in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1.evil.example".to_owned()]
    {
        assert_eq!(answers(app.browser(), &foreign).await, NO, "{foreign}");
    }
}

#[tokio::test]
async fn a_page_of_a_name_that_was_made_to_lead_here_is_no_page_of_ours() {
    let app = TestApp::start().await;
    let browser =
        app.person("Ann").await.saying("host", "evil.example").saying("origin", "http://evil.example");
    assert_eq!(browser.get("/boot/lobby").await.status(), 421);
    assert_eq!(browser.log_out().await.status(), 421);
    assert_eq!(app.browser().log_in("Ann").await.status(), 409, "she is still here");
}

#[tokio::test]
async fn the_names_that_the_flags_say_are_answered() {
    let app = TestApp::with(|config| {
        config.host = vec!["tea.example".parse().unwrap(), "xn--0trz84b.example".parse().unwrap()];
        config.base_url = Some("http://chat.example:8080".parse().unwrap());
    })
    .await;
    for own in ["tea.example", "TEA.example:3000", "xn--0trz84b.example", "chat.example:8080", "chat.example"]
    {
        assert_eq!(answers(app.browser(), own).await, YES, "{own}");
    }
    assert_eq!(answers(app.browser(), "evil.example").await, NO);
}

#[tokio::test]
async fn the_refusal_says_in_the_reader_s_language_which_flag_to_set() {
    let app = TestApp::start().await;
    for (language, words) in
        [("en", "starts it with --host tea.example"), ("zh-CN", "加上 --host tea.example")]
    {
        let response = app
            .browser()
            .saying("host", "tea.example")
            .saying("accept-language", language)
            .get("/chat")
            .await;
        assert_eq!(response.status(), 421);
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn who_asks_whether_it_lives_may_call_it_anything() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.browser().saying("host", "pod-17.cluster").get(path).await.status(), 200, "{path}");
    }
}

/// Starts the program on an address with these arguments, and waits until it listens.
fn serving(data: &Path, listen: &str, words: &[&str]) -> Server {
    let site = site();
    let mut command = teahouse(data, words);
    command.args(["--listen", listen, "--drain", "100ms"]);
    command.arg("--data").arg(data).arg("--site").arg(site.path());
    Server::spawn(command, site)
}

#[test]
fn where_other_machines_can_come_and_no_name_is_said_the_log_warns_once() {
    for (listen, words, warns) in [
        ("0.0.0.0:0", &[][..], true),
        ("0.0.0.0:0", &["--host", "tea.example"], false),
        ("0.0.0.0:0", &["--base-url", "https://tea.example"], false),
        ("127.0.0.1:0", &[], false),
    ] {
        let data = folder();
        let (_, log) = serving(data.path(), listen, words).end("-TERM");
        assert_eq!(
            log.matches("neither --base-url nor --host").count(),
            usize::from(warns),
            "{words:?}: {log}"
        );
    }
}

#[tokio::test]
async fn the_log_says_what_was_understood_of_a_proxy_and_once_that_it_is_not_trusted() {
    let data = folder();
    let server = serving(data.path(), "127.0.0.1:0", &["--host", "tea.example"]);
    let through = || {
        let browser = server.browser().saying("host", "tea.example").saying("origin", "https://tea.example");
        browser.saying("x-forwarded-proto", "https")
    };
    for _ in 0..2 {
        assert_eq!(through().log_in("Ann").await.status(), 403);
    }
    let (_, log) = server.end("-TERM");
    assert_eq!(log.matches("start with --trust-proxy 127.0.0.1/32").count(), 1, "{log}");
    let understood = "http to tea.example from 127.0.0.1; x-forwarded-proto not believed, because --trust-proxy does not name \
                      127.0.0.1";
    assert_eq!(log.matches(understood).count(), 2, "{log}");
}

#[tokio::test]
async fn what_this_machine_forwards_is_not_exempt_from_limits() {
    for trusted in [false, true] {
        let app = TestApp::with(|config| {
            config.rate_login = 1;
            if trusted {
                config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
            }
        })
        .await;
        let forwarded = || app.browser().saying("x-forwarded-for", "127.0.0.1");
        assert_eq!(forwarded().log_in("one").await.status(), 303);
        assert_eq!(forwarded().log_in("two").await.status(), 429, "{trusted}");
        assert_eq!(app.browser().log_in("three").await.status(), 303, "this machine itself is");
    }
}
