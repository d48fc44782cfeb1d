//! Logins: how long they last, what a logout does, logins on two servers of one host, and what stays in a
//! browser.

use reqwest::{Response, header};

use crate::{
    nodes::{moved, node},
    support::{Browser, Redis, TestApp},
};

/// Returns whether a browser is logged in, by a page, by the API, and by the socket.
async fn is_somebody(browser: &Browser) -> bool {
    let page = browser.get("/chat").await.status().as_u16();
    let boot = browser.get("/boot/lobby").await.status().as_u16();
    match (page, boot) {
        (200, 200) => {
            browser.talk().await;
            true
        }
        (303, 401) => {
            assert_eq!(browser.open().await.closed().await, (4002, "login_required".to_owned()));
            false
        }
        other => panic!("of two minds: {other:?}"),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn after_a_log_out_a_copy_of_the_cookie_is_dead_also_after_a_restart() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let cookie = ann.cookie();
    let copy = app.browser().with_cookie(&cookie);
    assert!(is_somebody(&copy).await);
    ann.log_out().await;
    assert!(!is_somebody(&copy).await);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    assert!(!is_somebody(&app.browser().with_cookie(&cookie)).await);
}

#[tokio::test]
async fn a_login_outlives_a_restart() {
    let app = TestApp::start().await;
    let cookie = app.person("Ann").await.cookie();
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    assert!(is_somebody(&app.browser().with_cookie(&cookie)).await);
}

#[tokio::test]
async fn a_log_out_on_one_node_is_one_on_all() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    let copy = moved(&ann, &there);
    assert!(is_somebody(&copy).await, "every node knows the cookie");
    let lines = copy.talk().await;
    ann.log_out().await;
    // The close shows that the other node knows of the logout.
    assert_eq!(lines.closed().await, (4004, "logged_out".to_owned()));
    assert!(!is_somebody(&copy).await);
}

#[tokio::test]
async fn logging_in_anew_ends_the_login_before_it() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await;
    let copy = app.browser().with_cookie(&browser.cookie());
    assert_eq!(browser.log_in("Ann").await.status(), 303);
    assert!(is_somebody(&browser).await);
    assert!(!is_somebody(&copy).await);
}

#[tokio::test]
async fn who_logs_out_elsewhere_stays_and_every_copy_of_their_cookie_is_dead() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let copy = app.browser().with_cookie(&ann.cookie());
    let lines = copy.talk().await;
    let response = ann.post("/logout/elsewhere", &[("next", "/chat/tea")]).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, Some("/chat/tea")));
    // The page may belong to the very browser that stays logged in, so it has to reconnect and find out.
    assert_eq!(lines.closed().await, (1012, "restart".to_owned()));
    assert!(!is_somebody(&copy).await);
    assert!(is_somebody(&ann).await);
    assert_eq!(app.browser().log_in("Ann").await.status(), 409, "the nickname stays theirs");
}

#[tokio::test]
async fn logging_out_elsewhere_reaches_every_node() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    let copy = moved(&ann, &there);
    let lines = copy.talk().await;
    assert_eq!(ann.post("/logout/elsewhere", &[]).await.status(), 303);
    assert_eq!(lines.closed().await, (1012, "restart".to_owned()));
    assert!(!is_somebody(&copy).await);
    assert!(is_somebody(&moved(&ann, &there)).await);
}

#[tokio::test]
async fn logging_out_elsewhere_is_for_this_site_s_pages_and_their_own_user() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let cookie = ann.cookie();
    let evil = app.browser().with_cookie(&cookie).saying("origin", "http://evil.example");
    assert_eq!(evil.post("/logout/elsewhere", &[]).await.status(), 403);
    let other = ann.post("/logout/elsewhere", &[("user", "somebody-else")]).await;
    assert_eq!(header(&other, "location"), Some("/login?why=other-user"));
    let nobody = app.browser().post("/logout/elsewhere", &[]).await;
    assert_eq!(header(&nobody, "location"), Some("/login?why=expired"));
    assert!(is_somebody(&app.browser().with_cookie(&cookie)).await, "nothing has ended");
}

#[tokio::test]
async fn two_houses_on_one_host_name_leave_each_other_s_people_in() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let (here, there) = (one.person("Ann").await.cookie(), other.person("Ann").await.cookie());
    // A browser sends both cookies to both servers, since cookies are not bound to a port.
    let both = format!("{here}; {there}");
    for app in [&one, &other] {
        assert!(is_somebody(&app.browser().saying("cookie", &both)).await);
    }
    let response = one.browser().saying("cookie", &both).log_out().await;
    let taken_back: Vec<&str> = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap().split('=').next().unwrap())
        .collect();
    assert!(taken_back.contains(&here.split('=').next().unwrap()), "{taken_back:?}");
    assert!(!taken_back.contains(&there.split('=').next().unwrap()), "{taken_back:?}");
    assert!(is_somebody(&other.browser().saying("cookie", &both)).await);
}

#[tokio::test]
async fn a_neighbour_s_cookie_in_any_letters_locks_nobody_out() {
    let app = TestApp::start().await;
    let own = app.person("Ann").await.cookie();
    for beside in ["displayName=小明", "theme=\"dark; light\"", "=;;=", "café=é"] {
        for cookies in [format!("{beside}; {own}"), format!("{own}; {beside}")] {
            assert!(is_somebody(&app.browser().saying("cookie", &cookies)).await, "{cookies}");
        }
    }
    let lang = app.browser().saying("cookie", "displayName=小明; lang=zh").get("/login").await;
    assert!(lang.text().await.unwrap().contains(r#"<html lang="zh-CN""#));
}

#[tokio::test]
async fn over_tls_the_cookie_counts_alone_that_is_bound_to_the_host() {
    let app = TestApp::with(|config| config.base_url = Some("https://tea.example".parse().unwrap())).await;
    let response = app.browser().log_in("Ann").await;
    let bound = header(&response, "set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(is_somebody(&app.browser().saying("cookie", &bound)).await);
    let loose = bound.strip_prefix("__Host-").unwrap();
    assert!(!is_somebody(&app.browser().saying("cookie", loose)).await);
}

#[tokio::test]
async fn nothing_personal_is_kept_by_a_browser() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let personal = [
        "/",
        "/login",
        "/chat",
        "/chat/tea",
        "/chat/tea/log",
        "/chat/tea/1",
        "/boot/tea",
        "/search?q=tea",
        "/nowhere",
    ];
    for path in personal {
        let kept = ann.get(path).await;
        let cache = header(&kept, "cache-control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{path}: {cache}");
    }
    for form in ["/login", "/language", "/logout/elsewhere", "/chat/tea", "/logout"] {
        let answer = ann.post(form, &[("nickname", "Ann"), ("text", "hi")]).await;
        let cache = header(&answer, "cache-control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{form}: {cache}");
    }
}

#[tokio::test]
async fn where_the_base_url_is_https_browsers_are_to_come_over_tls_alone() {
    let tls = TestApp::with(|config| config.base_url = Some("https://tea.example".parse().unwrap())).await;
    let plain = TestApp::start().await;
    for path in ["/login", "/mark.svg", "/nowhere", "/api/openapi.json"] {
        let strict = tls.browser().get(path).await;
        assert_eq!(header(&strict, "strict-transport-security"), Some("max-age=31536000"), "{path}");
        let loose = plain.browser().get(path).await;
        assert_eq!(header(&loose, "strict-transport-security"), None, "{path}");
        let permissions = header(&loose, "permissions-policy").unwrap();
        assert!(permissions.contains("camera=()") && permissions.contains("microphone=()"), "{permissions}");
    }
}
