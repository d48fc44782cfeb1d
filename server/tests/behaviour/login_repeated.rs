//! Logins that are submitted twice, browsers that store no cookie, and logins that were lost: what the user
//! is shown, and which user they are.

use reqwest::{Response, header};

use crate::{
    nodes::{moved, node},
    support::{Browser, Redis, TestApp},
};

/// A login form in a browser that never receives the response to its login: it keeps sending the cookies that
/// came with the form, and no others.
struct ShownForm {
    browser: Browser,
    id: String,
    cookie: String,
}

impl ShownForm {
    async fn at(app: &TestApp) -> ShownForm {
        let response = app.browser().get("/login").await;
        let cookie = cookie(&response, "login-form").expect("a cookie comes with the form");
        let id = value(&cookie).to_owned();
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!(r#"<input type="hidden" name="form" value="{id}""#)), "{page}");
        ShownForm { browser: app.browser().saying("cookie", &cookie), id, cookie }
    }

    /// Returns the same form in the same browser, as it is sent to another node.
    fn on(&self, app: &TestApp) -> ShownForm {
        let browser = app.browser().saying("cookie", &self.cookie);
        ShownForm { browser, id: self.id.clone(), cookie: self.cookie.clone() }
    }

    async fn submit(&self, nickname: &str) -> Response {
        submit(&self.browser, nickname, &self.id).await
    }
}

async fn submit(browser: &Browser, nickname: &str, form: &str) -> Response {
    browser.post("/login", &[("nickname", nickname), ("next", "/chat/tea"), ("form", form)]).await
}

/// Returns the name and value of the cookie of this kind that a response sets; its name ends with the
/// server's id.
fn cookie(response: &Response, sort: &str) -> Option<String> {
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.into_iter().find(|pair| pair.starts_with(&format!("{sort}-"))).map(str::to_owned)
}

fn value(pair: &str) -> &str {
    pair.split_once('=').expect("a cookie has a value").1
}

/// Returns the response to a login: status, target and login cookie.
fn answer(response: &Response) -> (u16, String, String) {
    let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
    let login = cookie(response, "teahouse");
    (response.status().as_u16(), to.unwrap_or_default(), login.unwrap_or_default())
}

#[tokio::test]
async fn a_login_whose_answer_was_lost_is_answered_the_same_when_its_form_comes_again() {
    let app = TestApp::start().await;
    let form = ShownForm::at(&app).await;
    let first = answer(&form.submit("Ann").await);
    assert_eq!((first.0, first.1.as_str()), (303, "/chat/tea"));
    for _ in 0..3 {
        assert_eq!(answer(&form.submit("Ann").await), first);
    }
    assert_eq!(form.submit("Bo").await.status(), 303, "another nickname is another login");
    assert_eq!(app.browser().log_in("Ann").await.status(), 409, "to everybody else it is taken");
}

#[tokio::test]
async fn two_clicks_on_one_form_are_one_login() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let form = ShownForm::at(&app).await;
        let name = format!("Ann {round}");
        let (one, two) = tokio::join!(form.submit(&name), form.submit(&name));
        assert_eq!(answer(&one), answer(&two));
        assert_eq!(one.status(), 303);
    }
}

#[tokio::test]
async fn a_restart_of_the_server_loses_no_answer() {
    let app = TestApp::start().await;
    let form = ShownForm::at(&app).await;
    let first = answer(&form.submit("Ann").await);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    assert_eq!(answer(&form.on(&app).submit("Ann").await), first);
}

#[tokio::test]
async fn a_form_is_of_no_use_to_anybody_else() {
    let app = TestApp::with(|config| config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let form = ShownForm::at(&app).await;
    assert_eq!(form.submit("Ann").await.status(), 303);
    let cookie = form.cookie.clone();
    let elsewhere = app.browser().saying("cookie", &cookie).saying("x-forwarded-for", "203.0.113.9");
    assert_eq!(submit(&elsewhere, "Ann", &form.id).await.status(), 409, "from another address");
    let other = ShownForm::at(&app).await;
    assert_eq!(submit(&other.browser, "Ann", &form.id).await.status(), 409, "in another browser");
    assert_eq!(other.submit("Ann").await.status(), 409, "by another form");
    let cy = app.person("Cy").await;
    let cy = app.browser().saying("cookie", &format!("{cookie}; {}", cy.cookie()));
    assert_eq!(submit(&cy, "Ann", &form.id).await.status(), 409, "where somebody else is logged in");
}

#[tokio::test]
async fn after_a_log_out_no_form_makes_anybody_that_user_again() {
    let app = TestApp::start().await;
    let form = ShownForm::at(&app).await;
    form.submit("Ann").await;
    let (_, _, login) = answer(&form.submit("Ann").await);
    let ann = app.browser().with_cookie(&login);
    let before = user(&ann).await;
    let response = ann.log_out().await;
    assert_eq!(
        cookie(&response, "login-form").as_deref().map(value),
        Some(""),
        "the browser forgets the form"
    );
    let (status, _, login) = answer(&form.submit("Ann").await);
    assert_eq!(status, 303);
    assert_ne!(user(&app.browser().with_cookie(&login)).await, before);
}

#[tokio::test]
async fn who_logs_in_as_somebody_else_is_not_made_the_former_user_by_a_form() {
    let app = TestApp::start().await;
    let form = ShownForm::at(&app).await;
    let (_, _, login) = answer(&form.submit("Ann").await);
    let ann = app.browser().with_cookie(&login);
    let before = user(&ann).await;
    assert_eq!(ann.log_in("Cy").await.status(), 303);
    let (status, _, login) = answer(&form.submit("Ann").await);
    assert_eq!(status, 303);
    assert_ne!(user(&app.browser().with_cookie(&login)).await, before);
}

async fn user(browser: &Browser) -> String {
    let boot: serde_json::Value =
        serde_json::from_str(&browser.get("/boot/lobby").await.text().await.unwrap()).unwrap();
    boot["user"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn another_node_gives_the_same_answer_until_the_user_logs_out_anywhere() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let form = ShownForm::at(&here).await;
    let first = answer(&form.submit("Ann").await);
    assert_eq!(first.0, 303);
    assert_eq!(answer(&form.on(&there).submit("Ann").await), first);
    let third = node(&redis).await;
    moved(&here.browser().with_cookie(&first.2), &there).log_out().await;
    let (status, _, login) = answer(&form.on(&third).submit("Ann").await);
    assert_eq!(status, 303);
    assert_ne!(login, first.2);
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookie_is_told_so_and_takes_no_nickname() {
    let app = TestApp::start().await;
    for (language, words) in
        [("en", "This browser keeps no cookies for this site"), ("zh-CN,zh", "没有为本站保存 Cookie")]
    {
        let page = app.browser().get("/login").await.text().await.unwrap();
        let id = page.split(r#"name="form" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let forgetful = app.browser().saying("accept-language", language);
        for _ in 0..2 {
            let response = submit(&app.browser().saying("accept-language", language), "Ann", &id).await;
            assert_eq!(response.status(), 400);
            assert_eq!(cookie(&response, "teahouse"), None);
            let page = response.text().await.unwrap();
            assert!(page.contains(words) && page.contains(r#"value="Ann""#), "{page}");
        }
        // Once the browser stores cookies, the form that it was shown works.
        assert_eq!(submit(&forgetful, "Ann", &id).await.status(), 400);
        let response = submit(&forgetful, "Ann", &id).await;
        assert_eq!(answer(&response).0, 303);
        forgetful.log_out().await;
    }
}

#[tokio::test]
async fn a_script_that_sends_no_form_needs_no_cookie_before_its_login() {
    let app = TestApp::start().await;
    let response = app.browser().log_in("Ann").await;
    let (status, to, login) = answer(&response);
    assert_eq!((status, to.as_str()), (303, "/chat"));
    let first = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
    assert!(first.starts_with(&login), "the login is the first cookie: {first}");
}

#[tokio::test]
async fn who_was_logged_in_and_is_not_any_more_is_told_so_and_nobody_else_is() {
    let app = TestApp::start().await;
    let words = [("en", "You are not logged in any more"), ("zh-CN,zh", "您已不在登录状态")];
    let told = async |cookie: &str, path: &str| -> Vec<bool> {
        let mut told = Vec::new();
        for (language, sentence) in words {
            let browser = app.browser().saying("accept-language", language).saying("cookie", cookie);
            let page = browser.get(path).await.text().await.unwrap();
            assert!(page.contains(r#"id="nickname""#), "{page}");
            told.push(page.contains(sentence));
        }
        told
    };
    let response = app.browser().log_in("Ann").await;
    let returning = cookie(&response, "returning").expect("what outlives a login");
    let (yes, no) = (vec![true, true], vec![false, false]);
    assert_eq!(told("lang=", "/login?next=%2Fchat").await, no, "somebody new");
    assert_eq!(told(&returning, "/login?next=%2Fchat").await, yes, "the login is gone");
    assert_eq!(told("teahouse=of-another-key.x", "/login?next=%2Fchat").await, yes, "the keys are others");
    assert_eq!(told("__Host-teahouse=x", "/login").await, yes);
    assert_eq!(told("lang=", "/login?next=%2Fchat&why=expired").await, yes, "a page's socket was refused");
    assert_eq!(told(&returning, "/login?why=logged-out").await, no, "who logged out elsewhere is told that");

    let ann = app.browser().with_cookie(&answer(&response).2);
    let to_chat = ann.get("/login?next=%2Fchat%2Ftea&why=expired").await;
    assert_eq!(answer(&to_chat).1, "/chat/tea", "who is logged in after all is led on");
    let out = ann.log_out().await;
    assert_eq!(cookie(&out, "returning").as_deref().map(value), Some(""), "who logs out is somebody new");
}

#[tokio::test]
async fn who_wants_to_be_somebody_else_is_shown_the_form_though_somebody_is_logged_in() {
    let app = TestApp::start().await;
    let cy = app.person("Cy").await;
    let response = cy.get("/login?why=other-user").await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    assert!(page.contains("This browser is logged in under the nickname below"), "{page}");
    assert!(page.contains(r#"value="Cy""#), "{page}");
    assert_eq!(cy.log_in("Ann").await.status(), 303);
    app.person("Cy").await;
    let nobody = app.browser().get("/login?why=other-user").await.text().await.unwrap();
    assert!(!nobody.contains("role=\"alert\""), "{nobody}");
}
