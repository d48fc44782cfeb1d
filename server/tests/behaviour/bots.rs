//! Bots: which messages they answer, and that every question gets exactly one answer.

mod answering;
mod builtin;
mod nodes;
mod replies;

use chat::protocol::{Message, ServerLine};
use server::config::BotsFile;

use crate::support::{Hook, Lines, TestApp, client};

pub(crate) const MANUAL: &str = include_str!("../../../docs/bots.md");

/// Starts a server with the bots of this settings file.
pub(crate) async fn with_bots(file: &str) -> TestApp {
    let bots = BotsFile::parse(file).unwrap();
    TestApp::with(|config| config.bots = bots).await
}

/// Returns the next message of a program.
pub(crate) async fn answer(lines: &mut Lines) -> Message {
    lines
        .until(|line| match line {
            ServerLine::Message(message) if message.user.id.is_program() => Some(message),
            _ => None,
        })
        .await
}

/// Returns the text of the next streaming answer, once it has any, or of a refusal.
async fn grown(lines: &mut Lines) -> std::sync::Arc<str> {
    lines
        .until(|line| match line {
            ServerLine::StreamingAnswer(growing) if !growing.text.is_empty() => Some(growing.text),
            _ => None,
        })
        .await
}

/// Asks something in the lobby; returns the answer.
pub(crate) async fn ask(lines: &mut Lines, id: &str, text: &str) -> Message {
    lines.say(id, text).await;
    answer(lines).await
}

#[tokio::test]
async fn a_bot_is_among_those_who_are_there_and_is_not_counted() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.open().await;
    ann.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let members = ann.joined().await.members;
    assert_eq!((members.count, members.list.len()), (1, 1));
    let [builtin] = members.bots.as_slice() else { panic!("{members:?}") };
    assert_eq!(&*builtin.name, "小二");
    assert!(builtin.id.is_program() && !members.list[0].id.is_program());
}

#[tokio::test]
async fn nobody_else_goes_by_a_bots_name() {
    let app = TestApp::start().await;
    for name in ["小二", " 小二 "] {
        assert_eq!(app.browser().log_in(name).await.status(), 409, "{name}");
    }
    let house = with_bots("builtin = false").await;
    assert_eq!(house.browser().log_in("小二").await.status(), 409, "it may be switched on again");
}

#[tokio::test]
async fn a_bot_answers_in_its_rooms_and_what_is_meant_for_it() {
    let app = with_bots(
        "[[bot]]\nname = \"Bo\"\nrooms = [\"questions\"]\nanswers = \"everything\"\n[bot.builtin]\n\
         [[bot]]\nname = \"Cai\"\n[bot.builtin]\n",
    )
    .await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.join("questions").await;
    let bots = ann.joined().await.members.bots;
    assert_eq!(bots.iter().map(|bot| &*bot.name).collect::<Vec<_>>(), ["Bo", "Cai"]);
    ann.say("m1", "@Bo roll d6").await;
    ann.say("m2", "roll d6").await;
    ann.say_in("questions", "m3", "roll 1d4").await;
    let answered = answer(&mut ann).await;
    assert_eq!(
        (answered.room.as_str(), &*answered.user.name),
        ("questions", "Bo"),
        "the lobby is none of its rooms"
    );
    ann.say_in("questions", "m4", "@Cai roll d8").await;
    let answered = answer(&mut ann).await;
    assert_eq!(&*answered.user.name, "Cai", "what is meant for another is not for it");
    ann.say("m5", "@cai roll d8").await;
    assert_eq!(answer(&mut ann).await.room.as_str(), "lobby");
}

#[tokio::test]
async fn a_longer_name_of_somebody_who_is_there_is_meant_rather_than_the_bots() {
    let app = TestApp::start().await;
    let _hei = app.person("小二黑").await.talk().await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@小二黑 掷骰子").await;
    let answered = ask(&mut ann, "m2", "@小二 几点了").await;
    assert!(answered.text.contains("现在是"), "{}", answered.text);
}

#[tokio::test]
async fn a_question_that_is_sent_again_is_answered_once() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    let first = ask(&mut ann, "m1", "@小二 掷骰子").await;
    ann.say("m1", "@小二 掷骰子").await;
    let next = ask(&mut ann, "m2", "@小二 help").await;
    assert_eq!((first.seq, next.seq), (2, 4), "one question, one answer, another question, another answer");
}

#[tokio::test]
async fn two_bots_that_are_asked_at_once_give_an_answer_each() {
    let file = "[[bot]]\nname = \"Bo\"\n[bot.builtin]\n[[bot]]\nname = \"Cai\"\n[bot.builtin]\n";
    let app = with_bots(file).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "@Bo @Cai roll d6").await;
    let answers = [answer(&mut ann).await, answer(&mut ann).await];
    assert_ne!(answers[0].user, answers[1].user);
    assert_ne!(answers[0].id, answers[1].id, "who asked may stop the one and not the other");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let app = with_bots("[[bot]]\nname = \"Bo\"\nbudget = 2\n[bot.builtin]\n").await;
    let (mut ann, mut cai) = (app.person("Ann").await.talk().await, app.person("Cai").await.talk().await);
    for id in ["m1", "m2"] {
        assert!(ask(&mut ann, id, "@Bo roll d6").await.text.starts_with("🎲"));
    }
    ann.say("m3", "@Bo roll d6").await;
    let told = grown(&mut ann).await;
    assert_eq!(&*told, "You have asked me a lot. Please ask again in 30 minutes.");
    for _ in 0..2 {
        answer(&mut cai).await;
    }
    let next = ask(&mut cai, "m1", "@Bo roll d6").await;
    assert!(next.text.starts_with("🎲"), "each has a budget of their own");
    assert_eq!(next.seq, 7, "nothing is kept of a refusal");
}

#[tokio::test]
async fn no_program_is_answered_so_that_no_two_of_them_talk_to_each_other() {
    let app = with_bots(
        "[[bot]]\nname = \"Bo\"\nrooms = [\"lobby\"]\nanswers = \"everything\"\n[bot.builtin]\n\
         [[bot]]\nname = \"Cai\"\nrooms = [\"lobby\"]\nanswers = \"everything\"\n[bot.builtin]\n",
    )
    .await;
    let mut ann = app.person("Ann").await.talk().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    for text in ["@Bo help", "@Cai help", "help"] {
        let pushed = client().no_proxy().build().unwrap().post(app.origin() + &hook.path).body(text);
        assert_eq!(pushed.send().await.unwrap().status(), 201);
    }
    ann.say("m1", "@Bo roll d6").await;
    let mut said = Vec::new();
    while said.len() < 5 {
        let message = ann.message().await;
        said.push((message.seq, message.user.name.to_string()));
    }
    let names: Vec<&str> = said.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["deploys", "deploys", "deploys", "Ann", "Bo"]);
    ann.say("m2", "@Cai roll d6").await;
    assert_eq!(answer(&mut ann).await.seq, 7, "nothing was said in between");
}

#[tokio::test]
async fn nobody_stops_what_is_not_there_and_it_is_no_mistake() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.send_text(r#"{"stop":{"room":"lobby","id":"none"}}"#).await;
    ann.send_text(r#"{"stop":{"room":"lobby","id":"no id"}}"#).await;
    assert_eq!(ann.refused().await.code.as_str(), "id_unfit");
    ann.send_text(r#"{"stop":{"room":"elsewhere","id":"none"}}"#).await;
    assert_eq!(ann.refused().await.code.as_str(), "not_joined");
}

#[test]
fn every_file_in_the_manual_is_one() {
    let files: Vec<&str> =
        MANUAL.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(files.len() >= 5, "{}", files.len());
    for file in files {
        BotsFile::parse(file).unwrap_or_else(|mistake| panic!("{file}\n{mistake}"));
    }
}

#[test]
fn what_the_manual_calls_a_default_is_one() {
    let (_, file) = MANUAL.split_once("\n## The file\n").unwrap();
    let (file, _) = file.split_once("\n## ").unwrap();
    let rows = file.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<(&str, &str)> = rows.map(|row| row.split_once("` | ").unwrap()).collect();
    let set = |name: &str| {
        let row = rows.iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("{name} is not there"));
        let value = row.1.split('`').nth(1).unwrap();
        format!("{name} = {value}\n")
    };
    let bot = "[[bot]]\nname = \"Bo\"\n";
    let said: String =
        ["rooms", "answers", "context", "budget", "budget_in_all", "patience", "at_once"].map(set).concat();
    let whole = format!("{}{bot}{said}[bot.tuling]\nkey_env = \"KEY\"\n", set("builtin"));
    let bare = format!("\n{bot}[bot.tuling]\nkey_env = \"KEY\"\n");
    let parsed = |file: &str| format!("{:?}", BotsFile::parse(file).unwrap());
    assert_eq!(parsed(&whole), parsed(&bare));
}
