//! Bots on several nodes: one node answers, all see the answer, and a lost node leaves no question open.

use std::time::Duration;

use chat::protocol::ServerLine;
use server::config::{BotsFile, Span};

use super::{
    answer,
    answering::{growing, model, stop},
};
use crate::{
    nodes::node_with,
    support::{Redis, Service, TestApp, folder, program::Server},
};

async fn node(redis: &Redis, file: &str) -> TestApp {
    node_with(redis, |config| config.bots = BotsFile::parse(file).unwrap()).await
}

#[tokio::test]
async fn one_node_answers_and_people_on_all_of_them_see_it_grow() {
    let (redis, service) = (Redis::start(), Service::start().await);
    let file = model(&service, "");
    let nodes = [node(&redis, &file).await, node(&redis, &file).await];
    let ann = nodes[0].person("Ann").await;
    let mut here = ann.talk().await;
    let mut there = nodes[1].browser().with_cookie(&ann.cookie()).talk().await;
    here.say("m1", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    let seen = growing(&mut here).await;
    assert_eq!(growing(&mut there).await, seen);
    call.end().await;
    for lines in [&mut here, &mut there] {
        let said = answer(lines).await;
        assert_eq!((&*said.text, &said.id, said.seq), ("Tea is", &seen.id, 2));
    }
    here.say("m2", "@Bo and coffee?").await;
    let call = service.call().await;
    assert!(call.body.contains("and coffee?"), "the first question is not asked again: {}", call.body);
    call.answer("200 OK", "application/json", r#"{"choices":[{"message":{"content":"No."}}]}"#).await;
    for lines in [&mut here, &mut there] {
        let said = answer(lines).await;
        assert_eq!((&*said.text, said.seq), ("No.", 4));
    }
}

#[tokio::test]
async fn who_asked_stops_an_answer_by_way_of_another_node() {
    let (redis, service) = (Redis::start(), Service::start().await);
    let file = model(&service, "");
    let answers = node(&redis, &file).await;
    let ann = answers.person("Ann").await;
    let mut here = ann.talk().await;
    here.say("m1", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    let id = growing(&mut here).await.id;
    let other = node(&redis, &file).await;
    let mut cai = other.person("Cai").await.talk().await;
    let mut there = other.browser().with_cookie(&ann.cookie()).talk().await;
    call.piece(" leaves").await;
    assert_eq!(&*growing(&mut there).await.text, "Tea is leaves");
    stop(&mut cai, &id).await;
    // The message takes the same path as Cai's stop request, and therefore arrives after it.
    cai.say("m1", "not mine").await;
    here.until(|line| {
        matches!(line, ServerLine::Message(said) if said.id.as_str() == "m1" && said.seq == 2).then_some(())
    })
    .await;
    call.piece(".").await;
    assert_eq!(&*growing(&mut there).await.text, "Tea is leaves.", "it was none of Cai's business");
    stop(&mut there, &id).await;
    for lines in [&mut here, &mut there] {
        let said = answer(lines).await;
        assert_eq!((&*said.text, &said.id), ("Tea is leaves.\n\n(stopped)", &id));
    }
    call.hung_up().await;
}

#[tokio::test]
async fn a_question_that_was_said_while_nothing_was_heard_is_answered_all_the_same() {
    let (redis, service) = (Redis::start(), Service::start().await);
    let answers = node(&redis, &model(&service, "")).await;
    let speaks = node(&redis, "builtin = false").await;
    let mut ann = answers.person("Ann").await.talk().await;
    let mut cai = speaks.person("Cai").await.talk().await;
    // Drops all subscriptions; events published before they are restored reach nobody.
    redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    cai.say("m1", "@Bo what is tea?").await;
    let call = service.call().await;
    call.answer("200 OK", "application/json", r#"{"choices":[{"message":{"content":"Leaves."}}]}"#).await;
    for lines in [&mut ann, &mut cai] {
        assert_eq!(&*answer(lines).await.text, "Leaves.");
    }
}

#[tokio::test]
async fn a_question_on_a_node_that_falls_is_told_of_by_another() {
    let (redis, service, folder) = (Redis::start(), Service::start().await, folder());
    let file = model(&service, "");
    std::fs::write(folder.path().join("teahouse.toml"), &file).unwrap();
    let url = redis.url();
    let falls =
        Server::start(folder.path(), &["--store", &url, "--config", "teahouse.toml", "--node-lease", "1s"]);
    let mut ann = falls.person("Ann").await.talk().await;
    ann.say("m1", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    let id = growing(&mut ann).await.id;
    let stays = node_with(&redis, |config| {
        config.bots = BotsFile::parse(&file).unwrap();
        config.node_lease = Span(Duration::from_secs(1));
    })
    .await;
    let mut cai = stays.person("Cai").await.talk().await;
    falls.end("-KILL");
    let said = answer(&mut cai).await;
    assert_eq!((&*said.text, said.id), ("(The answer was interrupted. Please ask again.)", id));
}

#[tokio::test]
async fn a_reminder_is_said_once_however_many_nodes_there_are() {
    let redis = Redis::start();
    let nodes = [node(&redis, "").await, node(&redis, "").await, node(&redis, "").await];
    let mut ann = nodes[0].person("Ann").await.talk().await;
    let mut cai = nodes[2].person("Cai").await.talk().await;
    ann.say("m1", "@小二 remind me in 1 second to drink").await;
    assert!(answer(&mut ann).await.text.starts_with("I will remind you"));
    assert_eq!((&*answer(&mut ann).await.text, answer(&mut cai).await.seq), ("@Ann ⏰ drink", 2));
    ann.say("m2", "@小二 reminders").await;
    let told = answer(&mut ann).await;
    assert_eq!((&*told.text, told.seq), ("Nothing waits for you in this room.", 5));
}
