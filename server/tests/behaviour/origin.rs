//! Origins whose pages may connect and change things: the site's own and those that the configuration allows.

use crate::support::{Browser, TestApp};

/// Returns the answers to a page of `origin`: the socket's status (101 if granted), and those of the forms.
async fn answers(browser: Browser, nickname: &str) -> [u16; 4] {
    let socket = match browser.knock("/ws").protocol("teahouse.v1").send().await {
        Ok(_) => 101,
        Err(status) => status,
    };
    let plain = match browser.knock("/chat").send().await {
        Ok(_) => 101,
        Err(status) => status,
    };
    assert_eq!(plain, socket, "the plain door is no other door");
    [
        socket,
        browser.log_in(nickname).await.status().as_u16(),
        browser.post("/language", &[("lang", "en")]).await.status().as_u16(),
        browser.log_out().await.status().as_u16(),
    ]
}

const YES: [u16; 4] = [101, 303, 303, 303];
const NO: [u16; 4] = [403, 403, 403, 403];

#[tokio::test]
async fn a_page_of_another_origin_can_neither_connect_nor_change_anything() {
    for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://localhost"] {
        let app = TestApp::start().await;
        let browser = app.person("Ann").await.saying("origin", origin);
        assert_eq!(answers(browser, "Bo").await, NO, "{origin}");
        assert_eq!(app.browser().log_in("Ann").await.status(), 409, "the nickname is still Ann's");
    }
}

#[tokio::test]
async fn another_port_is_another_origin() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let browser = app.person("Ann").await.saying("origin", &other.origin());
    assert_eq!(answers(browser, "Bo").await, NO);
}

#[tokio::test]
async fn a_page_of_this_site_may() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await.saying("origin", &app.origin());
    assert_eq!(answers(browser, "Bo").await, YES);
}

#[tokio::test]
async fn a_request_without_an_origin_may() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await;
    assert_eq!(answers(browser, "Bo").await, YES);
}

#[tokio::test]
async fn a_page_that_is_allowed_by_name_may_and_its_neighbours_may_not() {
    let app =
        TestApp::with(|config| config.allow_origin = vec!["https://tea.example:8443".parse().unwrap()]).await;
    let browser = app.person("Ann").await.saying("origin", "https://tea.example:8443");
    assert_eq!(answers(browser, "Bo").await, YES);
    let neighbours = ["https://tea.example", "http://tea.example:8443", "https://a.tea.example:8443"];
    for (name, neighbour) in ["Cai", "Dee", "Eve"].into_iter().zip(neighbours) {
        let browser = app.person(name).await.saying("origin", neighbour);
        assert_eq!(answers(browser, "Bo").await, NO, "{neighbour}");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_base_url_is_the_own_origin_and_what_the_proxy_calls_us_is_not() {
    let app = TestApp::with(|config| config.base_url = Some("http://tea.example".parse().unwrap())).await;
    let browser = app.person("Ann").await.saying("origin", "http://tea.example");
    assert_eq!(answers(browser, "Bo").await, YES);
    let browser = app.person("Ann").await.saying("origin", &app.origin());
    assert_eq!(answers(browser, "Bo").await, NO);
}

#[tokio::test]
async fn a_stranger_cannot_pass_for_a_proxy_to_change_the_own_origin() {
    let app = TestApp::start().await;
    let browser = app
        .person("Ann")
        .await
        .saying("origin", "http://evil.example")
        .saying("x-forwarded-host", "evil.example");
    assert_eq!(answers(browser, "Bo").await, NO);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_own_origin_is_what_the_browser_sees() {
    for (scheme, socket, host) in [
        ("https", "wss", "tea.example"),
        ("https", "https", "tea.example:443"),
        ("https,http", "wss", "tea.example"),
        ("HTTPS", "https, http", "tea.example"),
    ] {
        let app = TestApp::with(|config| {
            config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
            config.host = vec!["tea.example".parse().unwrap()];
        })
        .await;
        let through = |browser: Browser, scheme| {
            browser
                .saying("host", host)
                .saying("origin", "https://tea.example")
                .saying("x-forwarded-for", "203.0.113.9:4711")
                .saying("x-forwarded-proto", scheme)
        };
        let response = through(app.browser(), scheme).log_in("Ann").await;
        assert_eq!(response.status(), 303, "{scheme} {host}");
        let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let knock = through(app.browser(), socket).saying("cookie", &cookie).knock("/ws");
        assert!(knock.protocol("teahouse.v1").send().await.is_ok(), "{socket} {host}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_makes_no_page_ours() {
    let app = TestApp::with(|config| config.host = vec!["tea.example".parse().unwrap()]).await;
    let browser = app
        .browser()
        .saying("host", "tea.example")
        .saying("origin", "https://tea.example")
        .saying("x-forwarded-proto", "https");
    assert_eq!(browser.log_in("Ann").await.status(), 403);
}
