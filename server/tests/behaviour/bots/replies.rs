//! Answers that arrive after the response to the request.

use serde_json::Value;

use super::{answer, with_bots};
use crate::support::{Service, TestApp, client, eventually};

/// Returns a settings file with a bot that asks this service; writes its secret beside it.
fn program(service: &Service, folder: &std::path::Path) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, "a-secret-that-is-long-enough").unwrap();
    format!(
        "builtin = false\n[[bot]]\nname = \"Bo\"\n[bot.webhook]\nurl = \"http://{}/ask\"\nsecret_file = \"{}\"\n",
        service.address(),
        secret.display()
    )
}

async fn post(url: &str, body: &str, json: bool) -> (u16, Value) {
    let kind = if json { "application/json" } else { "text/plain" };
    let sent = client()
        .no_proxy()
        .build()
        .unwrap()
        .post(url)
        .header("content-type", kind)
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    let status = sent.status().as_u16();
    (status, serde_json::from_str(&sent.text().await.unwrap()).unwrap())
}

/// Asks, and has the service promise an answer; returns the URL for posting it.
async fn promised(app: &TestApp, service: &Service, id: &str) -> String {
    let mut ann = app.person("Ann").await.talk().await;
    ann.say(id, "@Bo what is tea?").await;
    let call = service.call().await;
    let asked: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(asked["text"], "what is tea?");
    call.answer("202 Accepted", "text/plain", "").await;
    asked["reply_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_late_answer_is_said_once_where_it_was_asked_for() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let app = with_bots(&program(&service, folder.path())).await;
    let mut cai = app.person("Cai").await.talk().await;
    let url = promised(&app, &service, "m1").await;
    assert!(url.starts_with(&app.origin()), "{url}");
    let (status, problem) = post(&url, "", false).await;
    assert_eq!((status, &problem["error"]["code"]), (422, &Value::from("text_empty")));
    let (status, problem) = post(&url, "{\"txt\":1}", true).await;
    assert_eq!((status, &problem["error"]["code"]), (422, &Value::from("malformed")));
    let (status, problem) = post(&format!("{url}x"), "No.", false).await;
    assert_eq!((status, &problem["error"]["code"]), (404, &Value::from("unknown_token")));
    let (status, said) = post(&url, "{\"text\":\"Leaves.\"}", true).await;
    assert_eq!((status, &said["room"]), (201, &Value::from("lobby")));
    let heard = answer(&mut cai).await;
    assert_eq!((&*heard.text, heard.id.as_str()), ("Leaves.", said["id"].as_str().unwrap()));
    let (status, problem) = post(&url, "Leaves again.", false).await;
    assert_eq!((status, &problem["error"]["code"]), (409, &Value::from("answered")));
}

#[tokio::test]
async fn what_was_answered_at_once_is_not_answered_again_later() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let app = with_bots(&program(&service, folder.path())).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo what is tea?").await;
    let call = service.call().await;
    let asked: Value = serde_json::from_str(&call.body).unwrap();
    call.answer("200 OK", "text/plain", "Leaves.").await;
    assert_eq!(&*answer(&mut ann).await.text, "Leaves.");
    // The answer is published a moment before it is recorded as given.
    let url = asked["reply_url"].as_str().unwrap();
    let records = rusqlite::Connection::open(app.data().join("teahouse.db")).unwrap();
    eventually("it is noted", async || noted(&records, "done")).await;
    let (status, problem) = post(url, "Leaves again.", false).await;
    assert_eq!((status, &problem["error"]["code"]), (409, &Value::from("answered")));
}

/// Returns whether an answer is recorded in this state.
fn noted(records: &rusqlite::Connection, state: &str) -> bool {
    let count = "SELECT count(*) FROM record WHERE value LIKE '%' || ?1 || '%'";
    records.query_row(count, [state], |row| row.get::<_, u32>(0)).unwrap() == 1
}

#[tokio::test]
async fn a_late_answer_finds_its_place_after_a_restart() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let file = program(&service, folder.path());
    let app = with_bots(&file).await;
    let url = promised(&app, &service, "m1").await;
    let records = rusqlite::Connection::open(app.data().join("teahouse.db")).unwrap();
    eventually("the promise is kept", async || noted(&records, "promised")).await;
    drop(records);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |config| config.bots = server::config::BotsFile::parse(&file).unwrap()).await;
    let mut cai = app.person("Cai").await.talk().await;
    let path = url.rsplit_once("/replies/").unwrap().1;
    let (status, _) = post(&format!("{}/replies/{path}", app.origin()), "Leaves.", false).await;
    assert_eq!(status, 201);
    assert_eq!(&*answer(&mut cai).await.text, "Leaves.");
}
