//! Tests of what the built-in bot does with the orders it understands.

use std::sync::Arc;

use i18n::Language;

use super::{
    super::{
        answer_stream::AnswerStream,
        question::{Answerer as _, BotErrorKind, Question},
        reminders::Reminders,
        test_question::{Earlier, question},
        words::trouble,
    },
    BuiltinBot, Order, is_quotable, order,
};
use crate::store::{SharedStore, scratch::store};

fn builtin_bot(store: &SharedStore) -> BuiltinBot {
    BuiltinBot::new(store.clone(), Arc::new(Reminders::new(store.clone(), 0)))
}

#[test]
fn who_calls_it_by_its_name_means_the_same_as_who_does_not() {
    for (text, wanted) in [
        ("hello 小二!", Order::Help),
        ("小二你好", Order::Help),
        ("谢谢小二！", Order::Thanks),
        ("小二，几点了", Order::Time(None)),
        ("你好小二，几点了", Order::Time(None)),
        ("小二", Order::Help),
        ("who is 小二", Order::Unknown),
    ] {
        assert_eq!(order(text, "小二"), wanted, "{text}");
    }
}

#[test]
fn orders_and_the_question_itself_are_not_quoted() {
    let said = [
        Earlier::Asker("来一句"),
        Earlier::Other("roll 2d6"),
        Earlier::Other("茶要慢慢喝"),
        Earlier::Bot("茶要慢慢喝"),
        Earlier::Asker("@小红 茶要慢慢喝"),
        Earlier::Asker("茶要慢慢喝"),
    ];
    let mut asked = question("小二来一句", &said);
    asked.at = asked.context[5].at;
    let quotable = |asked: &Question| -> Vec<bool> {
        asked.context.iter().map(|message| is_quotable(message, asked)).collect()
    };
    assert_eq!(quotable(&asked), [false, false, true, false, false, false]);
    asked.at.0 += 1;
    assert_eq!(quotable(&asked), [false, false, true, false, false, true], "another question");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_no_trouble_of_a_service() {
    let (store, _folder) = store();
    store.close().await;
    for text in ["统计", "来一句", "提醒我 1小时后 喝茶", "我的提醒"] {
        let failure =
            builtin_bot(&store).answer(&question(text, &[]), &AnswerStream::new(0)).await.unwrap_err();
        assert_eq!(failure.trouble, BotErrorKind::Forgetful, "{text}");
    }
    assert!(!trouble(BotErrorKind::Forgetful, Language::English).contains("service"));
}

#[tokio::test]
async fn an_answer_that_is_given_again_takes_no_second_reminder() {
    let (store, _folder) = store();
    let mut asked = question("提醒我 1小时后 喝茶", &[]);
    asked.at = crate::clock::now();
    let first = builtin_bot(&store);
    for builtin_bot in [&first, &first, &builtin_bot(&store)] {
        builtin_bot.answer(&asked, &AnswerStream::new(0)).await.unwrap();
    }
    let kept = first.reminders.of(&asked.asker, &asked.room).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_ne!(kept[0].id, asked.id, "what it answers and what it says later are two messages");
}

#[tokio::test]
async fn what_a_time_leaves_open_is_asked_for() {
    let (store, _folder) = store();
    let mut asked = question("remind me today at 0:00 to go", &[]);
    asked.at = crate::clock::now();
    let answer = builtin_bot(&store).answer(&asked, &AnswerStream::new(0)).await.unwrap();
    assert!(matches!(&answer, super::Answer::Text(text) if text.starts_with("When?")), "a time that is over");
}
