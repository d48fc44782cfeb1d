//! The composer's form, posted without JavaScript, and the log frame that is shown beside it.

use app::{boot::Boot, form::Form};
use chat::protocol::Event;
use reqwest::{Response, StatusCode};

use crate::support::{Browser, TestApp};

/// Returns the data from which a page was rendered, including its form.
async fn boot(response: Response) -> Boot {
    let page = response.text().await.unwrap();
    let data = page.split("id=\"boot\">").nth(1).and_then(|rest| rest.split("</script>").next());
    Boot::parse(data.expect("the page's data")).unwrap()
}

pub(crate) async fn form(browser: &Browser, path: &str) -> Form {
    boot(browser.get(path).await).await.form
}

pub(crate) async fn post(browser: &Browser, path: &str, form: &Form, text: &str) -> Response {
    browser.post(path, &[("text", text), ("nonce", &form.nonce), ("for", &form.key)]).await
}

/// Returns the message texts on a room's page.
async fn texts(browser: &Browser, path: &str) -> Vec<String> {
    let events = boot(browser.get(path).await).await.room.events;
    let texts = events.into_iter().map(|event| match event {
        Event::Message(message) => message.text.to_string(),
        other @ Event::Unknown(_) => panic!("{other:?}"),
    });
    texts.collect()
}

#[tokio::test]
async fn what_is_posted_is_sent_once_however_often_the_same_form_is_posted() {
    let app = TestApp::start().await;
    let (ann, mut bo) = (app.person("Ann").await, app.person("Bo").await.talk().await);
    let before = form(&ann, "/chat").await;
    for _ in 0..3 {
        let answer = post(&ann, "/chat", &before, "tea\r\nfor two ").await;
        assert_eq!(
            (answer.status(), &answer.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/chat".parse().unwrap())
        );
    }
    let message = bo.message().await;
    assert_eq!((&*message.text, &*message.user.name), ("tea\nfor two", "Ann"));
    let next = form(&ann, "/chat").await;
    assert_eq!(next.sent, Some(message.id), "the next page knows what was sent");
    assert_eq!(form(&ann, "/chat").await.sent, None, "and only that one");
    assert_ne!(next.nonce, before.nonce);
    // The same text from the next page is another message; so is another text from the same page.
    post(&ann, "/chat", &next, "tea\nfor two").await;
    post(&ann, "/chat", &before, "and one more").await;
    assert_eq!(texts(&ann, "/chat").await, ["tea\nfor two", "tea\nfor two", "and one more"]);
    let tea = form(&ann, "/chat/tea").await;
    let answer = post(&ann, "/chat/tea", &tea, "in the tea room").await;
    assert_eq!(answer.headers()["location"], "/chat/tea");
    assert_eq!(texts(&ann, "/chat/tea").await, ["in the tea room"]);
}

#[tokio::test]
async fn a_form_is_of_no_use_to_anybody_but_the_one_it_was_made_for() {
    let app = TestApp::start().await;
    let (ann, cy) = (app.person("Ann").await, app.person("Cy").await);
    let hers = form(&ann, "/chat").await;
    let forged = Form { key: String::new(), ..hers.clone() };
    for (browser, form) in [(&cy, &hers), (&ann, &forged)] {
        let answer = post(browser, "/chat", form, "in whose name?").await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        let given_back = boot(answer).await.form;
        assert_eq!(given_back.text, "in whose name?", "the words are not lost");
        assert_ne!(given_back.nonce, form.nonce);
        assert!(!given_back.problem.is_empty());
    }
    assert!(texts(&ann, "/chat").await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_sent_comes_back_with_the_reason() {
    let app = TestApp::with(|config| config.text_limit = 10).await;
    let ann = app.person("Ann").await;
    let first = form(&ann, "/chat").await;
    for (text, why) in
        [("</textarea><b>too long", "longer"), ("\u{200b}", "nothing visible"), ("", "nothing visible")]
    {
        let answer = post(&ann, "/chat", &first, text).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(why), "{why} in {page}");
        assert!(!page.contains("<b>"), "{page}");
        assert!(page.contains(&text.replace('<', "&lt;")), "{text} in {page}");
    }
    let damaged = Form { nonce: "a b".to_owned(), ..first.clone() };
    assert_eq!(post(&ann, "/chat", &damaged, "tea").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let stranger = app.browser();
    let answer = post(&stranger, "/chat/tea", &first, "mine & <b>").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let page = answer.text().await.unwrap();
    assert!(page.contains("mine &amp; &lt;b>") && page.contains("/chat/tea"), "{page}");
    let huge = "x".repeat(600 * 1_024);
    assert_eq!(post(&ann, "/chat", &first, &huge).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(texts(&ann, "/chat").await.is_empty());
}

#[tokio::test]
async fn a_user_posts_no_faster_than_allowed_over_however_many_connections() {
    let app = TestApp::with(|config| config.rate_send = 3).await;
    let ann = app.person("Ann").await;
    let first = form(&ann, "/chat").await;
    // Another connection uses up the burst.
    let mut lines = ann.talk().await;
    lines.send_text(&vec![r#"{"members":{"room":"lobby"}}"#; 498].join("\n")).await;
    for _ in 0..498 {
        lines.members().await;
    }
    let texts: Vec<String> = (0..10).map(|n| format!("message {n}")).collect();
    let posts = texts.iter().map(|text| post(&ann, "/chat", &first, text));
    let answers = futures::future::join_all(posts).await;
    let refused: Vec<&Response> =
        answers.iter().filter(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).collect();
    assert!(refused.len() >= 5, "{} of 10 were refused", refused.len());
    assert!(refused.iter().all(|answer| answer.headers().contains_key("retry-after")));
    let bo = app.person("Bo").await;
    let answer = post(&bo, "/chat", &form(&bo, "/chat").await, "others are not slowed").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_log_by_itself_is_sent_again_only_when_it_has_changed() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    post(&ann, "/chat/tea", &form(&ann, "/chat/tea").await, "first <words>").await;
    let answer = ann.get("/chat/tea/log").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let policy = |answer: &Response| answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let framed = |answer: &Response| {
        policy(answer).contains("frame-ancestors 'self'")
            && answer.headers()["x-frame-options"] == "SAMEORIGIN"
    };
    assert!(framed(&answer), "{}", policy(&answer));
    let page = answer.text().await.unwrap();
    assert!(page.contains("first &lt;words&gt;") && page.contains("http-equiv=\"refresh\""), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let same = ann.get_with("/chat/tea/log", &[("if-none-match", &tag)]).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert!(framed(&same), "its headers take the place of those that the browser holds");
    post(&ann, "/chat/tea", &form(&ann, "/chat/tea").await, "second").await;
    let changed = ann.get_with("/chat/tea/log", &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status(), StatusCode::OK);
    // Another reader's page differs, since it marks their own messages.
    let bo = app.person("Bo").await;
    let tag = changed.headers()["etag"].to_str().unwrap();
    assert_eq!(bo.get_with("/chat/tea/log", &[("if-none-match", tag)]).await.status(), StatusCode::OK);
    assert_eq!(app.browser().get("/chat/tea/log").await.status(), StatusCode::SEE_OTHER, "to the login");
    assert_eq!(ann.get("/chat/Tea/log").await.headers()["location"], "/chat/tea/log");
}

#[tokio::test]
async fn a_page_asks_to_be_left_as_it_is_on_its_way() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in ["/chat", "/chat/tea", "/chat/tea/log", "/nowhere"] {
        let answer = ann.get(path).await;
        let cache = answer.headers()["cache-control"].to_str().unwrap();
        assert!(cache.contains("no-transform"), "{path}: {cache}");
    }
}
