//! Login and logout: nicknames, cookies and redirects.

use std::collections::HashSet;

use chat::{
    name::{Nickname, NicknameError},
    protocol::RefusalCode,
};
use i18n::Language;
use reqwest::{Response, header};

use crate::support::{TestApp, eventually};

fn location(response: &Response) -> &str {
    response.headers().get(header::LOCATION).expect("it leads somewhere").to_str().unwrap()
}

fn set_cookie(response: &Response) -> Option<&str> {
    response.headers().get(header::SET_COOKIE).map(|value| value.to_str().unwrap())
}

/// Returns the attributes of a `Set-Cookie`, sorted, without its name and value.
fn attributes(set_cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<&str> = set_cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[tokio::test]
async fn logging_in_leads_on_with_a_cookie_that_no_script_reads() {
    let app = TestApp::start().await;
    let response = app.browser().log_in("小明").await;
    assert_eq!(response.status(), 303);
    assert_eq!(location(&response), "/chat");
    let cookie = set_cookie(&response).unwrap();
    assert!(cookie.starts_with("teahouse-"), "{cookie}");
    assert_eq!(attributes(cookie), ["HttpOnly", "Max-Age=15552000", "Path=/", "SameSite=Lax"]);
}

#[tokio::test]
async fn where_people_come_over_tls_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::with(|config| config.base_url = Some("https://tea.example".parse().unwrap())).await;
    let response = app.browser().log_in("Ann").await;
    let cookie = set_cookie(&response).unwrap();
    assert!(cookie.starts_with("__Host-teahouse-"), "{cookie}");
    assert_eq!(attributes(cookie), ["HttpOnly", "Max-Age=15552000", "Path=/", "SameSite=Lax", "Secure"]);
}

#[tokio::test]
async fn a_taken_nickname_is_409_with_the_hint_in_the_reader_s_language() {
    let app = TestApp::start().await;
    app.person("Ann").await;
    for (language, hint) in
        [("zh-CN,zh", "昵称已被使用，请更换昵称"), ("en", "that nickname is taken, please choose another")]
    {
        let response = app.browser().saying("accept-language", language).log_in("Ann").await;
        assert_eq!(response.status(), 409);
        assert_eq!(set_cookie(&response), None);
        let page = response.text().await.unwrap();
        assert!(page.contains(hint), "{page}");
        assert!(page.contains(r#"value="Ann""#), "what was typed stays in the field");
    }
}

#[tokio::test]
async fn a_look_alike_of_a_nickname_is_taken_too() {
    let app = TestApp::start().await;
    app.person("Ann").await;
    for look_alike in ["ANN", "\u{410}nn", "Ａｎｎ", " Ann "] {
        assert_eq!(app.browser().log_in(look_alike).await.status(), 409, "{look_alike}");
    }
    assert_eq!(app.browser().log_in("Anna").await.status(), 303);
}

#[tokio::test]
async fn every_kind_of_unfit_nickname_is_422_with_words_of_its_own() {
    let samples = [
        (" \t ", NicknameError::Empty),
        ("茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶", NicknameError::TooLong),
        ("a\u{7}b", NicknameError::Control),
        ("a\u{202E}b", NicknameError::Bidi),
        ("a\u{200B}b", NicknameError::Invisible),
        ("a\u{E000}b", NicknameError::Unassigned),
        ("\u{301}a", NicknameError::StrayMark),
        (
            "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30A}",
            NicknameError::TooManyMarks,
        ),
        ("...", NicknameError::OnlyPunctuation),
    ];
    let covered: Vec<NicknameError> = samples.iter().map(|(_, error)| *error).collect();
    assert_eq!(covered, NicknameError::ALL);
    let app = TestApp::start().await;
    let mut sentences = HashSet::new();
    for (nickname, error) in samples {
        assert_eq!(Nickname::parse(nickname), Err(error), "{nickname:?}");
        for language in Language::ALL {
            let browser = app.browser().saying("accept-language", language.tag());
            let response = browser.log_in(nickname).await;
            assert_eq!(response.status(), 422, "{nickname:?}");
            assert_eq!(set_cookie(&response), None);
            let page = response.text().await.unwrap();
            let problem =
                page.split(r#"<p id="nickname-problem""#).nth(1).expect("the page says what is wrong");
            let sentence = problem.split(['>', '<']).nth(1).unwrap().to_owned();
            assert_eq!(sentence.is_ascii(), language == Language::English, "{sentence}");
            assert!(sentences.insert(sentence.clone()), "{sentence:?} is said of another mistake too");
        }
    }
}

#[tokio::test]
async fn what_is_no_form_is_422_and_no_accident() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().post("/login", &[("name", "Ann")]).await.status(), 422);
}

#[tokio::test]
async fn a_forged_cut_or_foreign_cookie_is_no_cookie() {
    let app = TestApp::start().await;
    let elsewhere = TestApp::start().await;
    let own = app.person("Ann").await.cookie();
    let foreign = elsewhere.person("Ann").await.cookie();
    let cut = &own[..own.len() - 4];
    let forged = own.replacen('=', "=A", 1);
    let (name, value) = own.split_once('=').unwrap();
    let (foreign_value, empty) = (foreign.split_once('=').unwrap().1, format!("{name}="));
    let (disguised, earlier) = (format!("{name}={foreign_value}"), format!("teahouse={value}"));
    for bad in [foreign.as_str(), cut, &forged, &empty, &disguised, &earlier, "teahouse=x", ""] {
        let browser = app.browser().with_cookie(bad);
        let response = browser.get("/chat").await;
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/login?next=%2Fchat"), "{bad}");
        assert_eq!(browser.open().await.closed().await, (4002, "login_required".to_owned()), "{bad}");
        assert_eq!(browser.get("/boot/lobby").await.status(), 401, "{bad}");
    }
}

#[tokio::test]
async fn who_is_not_logged_in_comes_back_to_where_they_wanted_to_go() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let response = browser.get("/chat/%E8%8C%B6?x=1").await;
    assert_eq!(response.status(), 303);
    let login = location(&response).to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    let page = browser.get(&login).await.text().await.unwrap();
    let field = r#"name="next" value=""#;
    let next =
        page.split(field).nth(1).and_then(|rest| rest.split('"').next()).expect("the form knows the way");
    let response = browser.post("/login", &[("nickname", "Ann"), ("next", next)]).await;
    assert_eq!(location(&response), "/chat/%E8%8C%B6?x=1");
    assert_eq!(browser.get(location(&response)).await.status(), 200);
}

#[tokio::test]
async fn the_way_back_cannot_lead_to_another_site() {
    let app = TestApp::start().await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:x",
    ] {
        let response = app.browser().post("/login", &[("nickname", elsewhere), ("next", elsewhere)]).await;
        let page = response.text().await.unwrap();
        assert!(
            !page.contains(r#"name="next" value="//"#) && !page.contains(r#"name="next" value="http"#),
            "{page}"
        );
        let browser = app.browser();
        let response = browser.post("/login", &[("nickname", "Ann"), ("next", elsewhere)]).await;
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/chat"), "{elsewhere}");
        browser.log_out().await;
    }
}

#[tokio::test]
async fn who_is_logged_in_is_led_past_the_login_page() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let response = ann.get("/login?next=%2Fchat%2Ftea").await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/chat/tea"));
    assert_eq!(app.browser().get("/login").await.status(), 200);
}

#[tokio::test]
async fn logging_out_takes_the_cookie_back_and_frees_the_nickname_at_once() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let lines = ann.talk().await;
    let response = ann.log_out().await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/login"));
    assert!(attributes(set_cookie(&response).unwrap()).contains(&"Max-Age=0"));
    assert_eq!(ann.cookie(), "");
    app.person("Ann").await;
    assert_eq!(lines.closed().await, (4004, "logged_out".to_owned()));
}

#[tokio::test]
async fn logging_in_under_another_nickname_frees_the_old_one_at_once() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await;
    assert_eq!(browser.log_in("Anna").await.status(), 303);
    app.person("Ann").await;
}

#[tokio::test]
async fn logging_in_again_under_the_same_nickname_stays_the_same_user() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await;
    let mut first = browser.talk().await;
    assert_eq!(browser.log_in("ANN").await.status(), 303);
    let mut second = browser.talk().await;
    first.say("m1", "one").await;
    second.say("m2", "two").await;
    let one = second.message().await.user.id;
    assert_eq!(one, second.message().await.user.id);
}

#[tokio::test]
async fn a_nickname_that_was_let_go_goes_back_to_its_owner_s_cookie_if_nobody_took_it() {
    let app = TestApp::with(|config| config.nickname_grace = "0".parse().unwrap()).await;
    let ann = app.person("Ann").await;
    ann.talk().await.close().await.unwrap();
    let mut lines = ann.talk().await;
    lines.say("m1", "still me").await;
    assert_eq!(&*lines.message().await.user.name, "Ann");
    assert_eq!(app.browser().log_in("Ann").await.status(), 409);
}

#[tokio::test]
async fn a_nickname_is_held_while_its_owner_is_merely_away() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    drop(ann.talk().await);
    assert_eq!(app.browser().log_in("Ann").await.status(), 409);
}

#[tokio::test]
async fn whose_nickname_somebody_else_took_meanwhile_is_told_so() {
    let app = TestApp::with(|config| config.nickname_grace = "0".parse().unwrap()).await;
    let ann = app.person("Ann").await;
    drop(ann.talk().await);
    let other = app.browser();
    eventually("the nickname is free", async || other.log_in("Ann").await.status() == 303).await;

    let mut lines = ann.open().await;
    let refused = lines.refused().await;
    assert_eq!((refused.code, refused.retry_ms), (RefusalCode::NicknameTaken, None));
    assert_eq!(lines.closed().await, (4003, "nickname_taken".to_owned()));

    let response = ann.get("/chat").await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/login?next=%2Fchat&why=lost-name"));
    let page = ann.get("/login?next=%2Fchat&why=lost-name").await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("somebody else has your nickname now"));
}

#[tokio::test]
async fn who_has_lost_their_nickname_stays_the_same_user_under_the_next_one() {
    let app = TestApp::with(|config| config.nickname_grace = "0".parse().unwrap()).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("m1", "hello").await;
    let before = lines.message().await.user;
    drop(lines);
    eventually("Ann's nickname is free", async || app.browser().log_in("Ann").await.status() == 303).await;
    assert_eq!(ann.log_in("Anna").await.status(), 303);
    let mut lines = ann.talk().await;
    lines.say("m1", "hello").await;
    let again = lines.message().await;
    assert_eq!((again.seq, &again.user.id), (1, &before.id), "what was sent before is known to be sent");
    lines.say("m2", "hello again").await;
    assert_eq!(&*lines.message().await.user.name, "Anna");
}

#[tokio::test]
async fn an_address_that_logs_in_too_often_is_asked_to_wait_and_others_are_not() {
    let app = TestApp::with(|config| {
        config.rate_login = 3;
        config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    for number in 1..=3 {
        let browser = app.browser().saying("x-forwarded-for", "203.0.113.9");
        assert_eq!(browser.log_in(&format!("p{number}")).await.status(), 303);
    }
    let response = app.browser().saying("x-forwarded-for", "203.0.113.9").log_in("p4").await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(app.browser().saying("x-forwarded-for", "203.0.113.10").log_in("p4").await.status(), 303);
}

#[tokio::test]
async fn this_machine_may_log_in_as_often_as_it_likes() {
    let app = TestApp::with(|config| config.rate_login = 1).await;
    for number in 1..=5 {
        app.person(&format!("p{number}")).await;
    }
}

#[tokio::test]
async fn the_language_is_the_browser_s_until_the_reader_chooses_another() {
    let app = TestApp::start().await;
    let browser = app.browser().saying("accept-language", "zh-TW,en;q=0.5");
    assert!(browser.get("/login").await.text().await.unwrap().contains(r#"<html lang="zh-CN""#));
    let response = browser.post("/language", &[("lang", "en"), ("next", "/login")]).await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/login"));
    assert!(browser.get("/login").await.text().await.unwrap().contains(r#"<html lang="en""#));
}
