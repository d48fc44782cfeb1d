//! 小二, the built-in bot that exists without any settings.

use chat::protocol::Event;

use super::{MANUAL, answer, ask, with_bots};
use crate::support::TestApp;

#[tokio::test]
async fn the_first_person_in_an_empty_room_is_answered_in_their_language() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    let english = ask(&mut ann, "m1", "@小二 help").await.text;
    assert!(english.starts_with("I am 小二, the waiter here.") && !english.contains("伙计"), "{english}");
    let chinese = ask(&mut ann, "m2", "＠小二，你好！").await.text;
    assert!(chinese.starts_with("我是小二，这里的伙计。") && !chinese.contains("waiter"), "{chinese}");
    let both = ask(&mut ann, "m3", "@小二").await.text;
    assert!(both.contains("伙计") && both.contains("waiter"), "{both}");
    let lost = ask(&mut ann, "m4", "@小二 唱首歌").await.text;
    assert!(lost.contains("@小二 帮助"), "{lost}");
}

#[tokio::test]
async fn the_word_for_help_is_understood_among_words_of_the_other_language_too() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk_in(&["lobby", "tea", "茶艺"]).await;
    for (index, question) in [
        "@小二 帮助 please",
        "@小二 请 help",
        "@小二 我不会用，help me",
        "please 帮助 me, @小二",
        "@小二 could you 帮助 us with this?",
        "@小二 help 几点",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = ask(&mut ann, &format!("m{index}"), question).await.text;
        assert!(answer.starts_with("我是小二，这里的伙计。"), "{question}: {answer}");
    }
    let english = ask(&mut ann, "m-english", "@小二 could you help me a little").await.text;
    assert!(english.starts_with("I am 小二, the waiter here."), "{english}");
}

#[tokio::test]
async fn it_tells_the_time_here_and_elsewhere() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    for (id, question, said) in [
        ("m1", "@小二 time", "the house clock"),
        ("m2", "@小二 几点了", "茶馆的钟"),
        ("m3", "@小二 time in Tokyo", "in Tokyo (UTC+9)"),
        ("m4", "@小二 东京几点", "（UTC+9）"),
        ("m6", "你好 @小二 现在几点钟了", "茶馆的钟"),
        ("m7", "@小二 What time is it now, please?", "the house clock"),
        ("m8", "@小二 几点开会", "@小二 帮助"),
        ("m5", "@小二 time in Atlantis", "I do not know the time in “atlantis”"),
    ] {
        let text = ask(&mut ann, id, question).await.text;
        assert!(text.contains(said), "{question}: {text}");
    }
}

#[tokio::test]
async fn it_counts_and_quotes_what_people_have_said_here() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    let none = ask(&mut ann, "m0", "@小二 quote").await.text;
    assert_eq!(&*none, "Nothing was said here yet that I could quote.");
    ann.say("m1", "Tea is patience.").await;
    let counted = ask(&mut ann, "m2", "@小二 counts").await.text;
    assert_eq!(
        &*counted,
        "4 messages were said in this room. Of the latest 4, 3 are yours. Ann said most: 3."
    );
    let quoted = ask(&mut ann, "m3", "@小二 来一句").await.text;
    assert!(quoted.starts_with("“Tea is patience.”\n—— Ann, "), "{quoted}");
}

#[tokio::test]
async fn in_a_room_of_its_own_it_does_not_quote_the_order_to_quote() {
    let file = "[[bot]]\nname = \"Bo\"\nrooms = [\"lobby\"]\nanswers = \"everything\"\n[bot.builtin]\n";
    let app = with_bots(file).await;
    let mut ann = app.person("Ann").await.talk().await;
    for (id, text) in [("m1", "quote"), ("m2", "Bo, quote"), ("m3", "quote")] {
        let none = ask(&mut ann, id, text).await.text;
        assert_eq!(&*none, "Nothing was said here yet that I could quote.", "{text}");
    }
}

#[tokio::test]
async fn it_is_polite_and_flips_coins() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    for (id, text, said) in [
        ("m1", "谢谢 @小二", "不客气。"),
        ("m2", "@小二 thanks!", "You are welcome."),
        ("m3", "@小二 再见", "慢走，再来。"),
        ("m4", "@小二 good night", "Come again soon."),
        ("m5", "@小二 抛硬币", "🪙"),
        ("m6", "@小二 扔个骰子", "🎲 d6: "),
    ] {
        let text_said = ask(&mut ann, id, text).await.text;
        assert!(text_said.starts_with(said), "{text}: {text_said}");
    }
}

#[tokio::test]
async fn a_reminder_is_said_when_it_is_due_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    let taken = ask(&mut ann, "m1", "@小二 提醒我 1小时后 喝茶").await.text;
    assert!(taken.starts_with("好的，") && taken.ends_with("提醒你：喝茶"), "{taken}");
    let listed = ask(&mut ann, "m2", "@小二 我的提醒").await.text;
    assert!(listed.starts_with("1. ") && listed.ends_with(" 喝茶"), "{listed}");
    assert_eq!(&*ask(&mut ann, "m3", "@小二 取消提醒 1").await.text, "取消了：喝茶");
    assert_eq!(&*ask(&mut ann, "m4", "@小二 我的提醒").await.text, "你在这间屋子里没有等着的提醒。");
    ask(&mut ann, "m5", "@小二 remind me in 1 second to drink").await;
    assert_eq!(&*answer(&mut ann).await.text, "@Ann ⏰ drink");
    let lost = ask(&mut ann, "m6", "@小二 remind me to drink").await.text;
    assert!(lost.starts_with("When?"), "{lost}");
}

#[tokio::test]
async fn a_reminder_outlives_the_server_and_is_said_once() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    ask(&mut ann, "m1", "@小二 remind me in 1 second to drink").await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    let cai = app.person("Cai").await;
    let mut lines = cai.open().await;
    lines.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let held = lines.joined().await.events;
    // It may be due before any client has reconnected.
    let seq = match held.last().and_then(Event::seq) {
        Some(2) => answer(&mut lines).await.seq,
        other => other.unwrap(),
    };
    assert_eq!(seq, 3, "a question, an answer, and one reminder");
    assert!(ask(&mut lines, "m2", "@小二 reminders").await.text.contains("Nothing waits"));
}

#[tokio::test]
async fn nobody_has_more_than_twenty_reminders() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    for n in 0..20 {
        ask(&mut ann, &format!("m{n}"), "@小二 提醒我 2天后 喝茶").await;
    }
    let told = ask(&mut ann, "more", "@小二 提醒我 2天后 喝茶").await.text;
    assert_eq!(&*told, "你已经有 20 个提醒了，先取消一个吧。");
}

#[tokio::test]
async fn it_knows_everything_that_the_manual_says_it_does() {
    let app = TestApp::start().await;
    let mut ann = app.person("Ann").await.talk().await;
    let orders = MANUAL.lines().filter(|line| line.starts_with("| `@")).flat_map(|line| {
        let orders = line.trim_start_matches("| ").split(" | ").next().unwrap();
        orders.split('`').skip(1).step_by(2)
    });
    let orders: Vec<&str> = orders.collect();
    assert_eq!(orders.len(), 24);
    for (n, order) in orders.into_iter().enumerate() {
        let said = ask(&mut ann, &format!("m{n}"), order).await.text;
        assert!(!said.contains("@小二 help”") && !said.contains("@小二 帮助”"), "{order}: {said}");
        assert!(!said.starts_with("When?") && !said.starts_with("什么时候？"), "{order}: {said}");
    }
}
