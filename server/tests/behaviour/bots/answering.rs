//! Streaming answers: they grow, can be stopped, and end as one message, whatever happens to the service or
//! the server.

use chat::{
    id::ClientId,
    protocol::{ClientLine, Event, RefusalCode, ServerLine, StreamingAnswer},
};

use super::{answer, grown, with_bots};
use crate::support::{Lines, Service, TestApp, folder, program::Server};

/// Returns a settings file with a bot that asks this service.
pub(crate) fn model(service: &Service, more: &str) -> String {
    let address = service.address();
    format!(
        "builtin = false\n[[bot]]\nname = \"Bo\"\n{more}\n[bot.openai]\nurl = \"http://{address}/v1\"\nmodel = \"m\"\n"
    )
}

/// Returns the next update of a streaming answer that has some text.
pub(crate) async fn growing(lines: &mut Lines) -> StreamingAnswer {
    lines
        .until(|line| match line {
            ServerLine::StreamingAnswer(growing) if !growing.text.is_empty() => Some(growing),
            _ => None,
        })
        .await
}

pub(crate) async fn stop(lines: &mut Lines, id: &ClientId) {
    lines.send(&ClientLine::Stop { room: "lobby".to_owned(), id: id.to_string() }).await;
}

#[tokio::test]
async fn an_answer_grows_before_everybody_and_is_one_message_in_the_end() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "context = 2")).await;
    let (mut ann, mut cai) = (app.person("Ann").await.talk().await, app.person("Cai").await.talk().await);
    for (id, text) in [("m1", "one"), ("m2", "two"), ("m3", "three"), ("m4", "@Bo what is tea?")] {
        ann.say(id, text).await;
    }
    let mut call = service.call().await;
    for said in ["two", "three", "what is tea?"] {
        assert!(call.body.contains(said), "{said}: {}", call.body);
    }
    assert!(!call.body.contains("one"), "it sees two messages: {}", call.body);
    let thinks = ann
        .until(|line| match line {
            ServerLine::Typing { user, .. } => Some(user),
            _ => None,
        })
        .await;
    assert!(thinks.id.is_program(), "while it thinks it types");
    call.begin().await;
    call.piece("Tea ").await;
    let first = growing(&mut cai).await;
    assert_eq!(&*first.text, "Tea ");
    call.piece("is\nleaves.").await;
    let second = growing(&mut cai).await;
    assert_eq!((&*second.text, &second.id), ("Tea is\nleaves.", &first.id));
    call.end().await;
    let said = answer(&mut cai).await;
    assert_eq!((&*said.text, &said.id, &said.user), ("Tea is\nleaves.", &first.id, &first.user));
    let mut late = app.person("Dai").await.open().await;
    late.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let events = late.joined().await.events;
    let answers = events.iter().filter(|event| matches!(event, Event::Message(one) if one.id == first.id));
    assert_eq!((answers.count(), events.len()), (1, 5));
}

#[tokio::test]
async fn who_asked_and_nobody_else_stops_an_answer_and_keeps_what_there_is() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "")).await;
    let (mut ann, mut cai) = (app.person("Ann").await.talk().await, app.person("Cai").await.talk().await);
    ann.say("m1", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    let id = growing(&mut cai).await.id;
    stop(&mut cai, &id).await;
    let refused = cai.refused().await;
    assert_eq!((refused.code, refused.id), (RefusalCode::Forbidden, Some(id.to_string())));
    stop(&mut ann, &id).await;
    let said = answer(&mut ann).await;
    assert_eq!((&*said.text, said.id), ("Tea is\n\n(stopped)", id.clone()));
    call.hung_up().await;
    stop(&mut ann, &id).await;
    ann.say("m2", "still here").await;
    assert_eq!(&*ann.message().await.text, "still here", "what has ended stays as it is");
}

#[tokio::test]
async fn a_service_that_fails_is_one_short_line_and_holds_nobody_up() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "")).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo 茶是什么").await;
    let call = service.call().await;
    ann.say("m2", "while it thinks").await;
    assert_eq!(ann.until(said("m2")).await, "while it thinks");
    call.answer("401 Unauthorized", "application/json", "{\"error\":\"no\"}").await;
    let line = answer(&mut ann).await.text;
    assert_eq!(&*line, "回答问题的服务没有接受这个问题。");
    ann.say("m3", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    growing(&mut ann).await;
    drop(call);
    assert_eq!(&*answer(&mut ann).await.text, "Tea is\n\nThe answer broke off there.");
}

fn said(id: &str) -> impl FnMut(ServerLine) -> Option<String> {
    move |line| match line {
        ServerLine::Message(message) if message.id.as_str() == id => Some(message.text.to_string()),
        _ => None,
    }
}

#[tokio::test]
async fn an_answer_takes_no_longer_than_it_may() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "patience = \"500ms\"")).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo what is tea?").await;
    let call = service.call().await;
    assert_eq!(&*answer(&mut ann).await.text, "It took too long, so I gave up waiting.");
    call.hung_up().await;
}

#[tokio::test]
async fn no_more_answers_are_given_at_once_than_may_be() {
    let service = Service::start().await;
    let file = model(&service, "at_once = 1") + "[[bot]]\nname = \"Cai\"\n[bot.builtin]\n";
    let app = with_bots(&file).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo one?").await;
    ann.say("m2", "@Bo two?").await;
    let first = service.call().await;
    for n in 0..5 {
        // Later questions that need no external service have been answered by now.
        super::ask(&mut ann, &format!("c{n}"), "@Cai roll d6").await;
    }
    assert!(!service.is_asked(), "the second one waits for its turn");
    let one = |text: &str| format!(r#"{{"choices":[{{"message":{{"content":"{text}"}}}}]}}"#);
    first.answer("200 OK", "application/json", &one("First.")).await;
    assert_eq!(&*answer(&mut ann).await.text, "First.");
    service.call().await.answer("200 OK", "application/json", &one("Second.")).await;
    assert_eq!(&*answer(&mut ann).await.text, "Second.");
}

#[tokio::test]
async fn who_asks_much_at_once_waits_for_a_few_answers_and_is_told_so_of_the_others() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "at_once = 1")).await;
    let mut ann = app.person("Ann").await.talk().await;
    for n in 0..7 {
        ann.say(&format!("m{n}"), &format!("@Bo {n}?")).await;
    }
    for _ in 0..2 {
        assert_eq!(&*grown(&mut ann).await, "I have my hands full just now. Please ask again in a while.");
    }
    for _ in 0..5 {
        let body = r#"{"choices":[{"message":{"content":"Yes."}}]}"#;
        service.call().await.answer("200 OK", "application/json", body).await;
        assert_eq!(&*answer(&mut ann).await.text, "Yes.");
    }
}

#[tokio::test]
async fn an_answer_that_a_stop_interrupts_says_so_and_keeps_what_there_was() {
    let service = Service::start().await;
    let app = with_bots(&model(&service, "")).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo what is tea?").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("Tea is").await;
    growing(&mut ann).await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    let mut cai = app.person("Cai").await.open().await;
    cai.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let events = cai.joined().await.events;
    let [_, Event::Message(last)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(&*last.text, "Tea is\n\n(The answer was interrupted. Please ask again.)");
}

#[tokio::test]
async fn an_answer_in_whose_middle_the_server_was_killed_is_told_of_as_interrupted_once() {
    let service = Service::start().await;
    let data = folder();
    std::fs::write(data.path().join("teahouse.toml"), model(&service, "")).unwrap();
    let server = Server::start(data.path(), &["--config", "teahouse.toml"]);
    let mut ann = server.person("Ann").await.talk().await;
    ann.say("m1", "@Bo 茶是什么").await;
    let mut call = service.call().await;
    call.begin().await;
    call.piece("茶是").await;
    let id = growing(&mut ann).await.id;
    server.end("-KILL");
    for guest in ["Cai", "Dai"] {
        let server = Server::start(data.path(), &["--config", "teahouse.toml"]);
        let mut cai = server.person(guest).await.open().await;
        cai.send_text(r#"{"hello":{"rooms":[]}}"#).await;
        let mut said: Vec<_> = cai.joined().await.events;
        if said.len() < 2 {
            said.push(Event::Message(answer(&mut cai).await));
        }
        let [_, Event::Message(last)] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!((&*last.text, &last.id), ("（回答被打断了，请再问一次。）", &id));
        server.end("-KILL");
    }
}
