//! Groups of appends, built by hand: from outside, a test cannot control which appends share a group.

use std::sync::Arc;

use redis::{Client, Script};
use tokio::sync::oneshot;

use super::{APPEND, Change, WriterTask};
use crate::store::{
    AppendedBatch, NewMessage,
    conformance::draft_in,
    redis::{key::Keys, link::Link, test_server::RedisServer},
};

async fn writer_task(server: &RedisServer) -> WriterTask {
    let link = Link::open(Client::open(server.url()).unwrap(), Keys::new("teahouse")).await.unwrap();
    WriterTask { link: Arc::new(link), retain: 0, window: 0, script: Script::new(APPEND), failing: false }
}

fn change(drafts: &[(&str, &str)]) -> (Change, oneshot::Receiver<AppendedBatch>) {
    let (reply, answer) = oneshot::channel();
    let drafts: Vec<NewMessage> = drafts.iter().map(|(room, id)| draft_in(room, "Ann", id, id)).collect();
    (Change { drafts, reply }, answer)
}

/// Returns the ids and seqs of the stored messages, and whether all were stored.
fn kept(mut answer: oneshot::Receiver<AppendedBatch>) -> (Vec<(String, u64)>, bool) {
    let AppendedBatch { appended, failed } = answer.try_recv().expect("it is answered");
    let new = appended.into_iter().map(|appended| match appended {
        super::Appended::New(message) => (message.id.to_string(), message.seq),
        other => panic!("{other:?} is not new"),
    });
    (new.collect(), failed.is_none())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_gets_its_own_answers_although_one_room_of_the_group_fails() {
    let server = RedisServer::start(&[]);
    let () = server.ask(&["SET", "teahouse:{spoilt}:log", "something else"]);
    let (first, first_answer) = change(&[("a", "1"), ("spoilt", "2"), ("a", "3"), ("b", "4")]);
    let (poison, poison_answer) = change(&[("spoilt", "5")]);
    let (last, last_answer) = change(&[("a", "6"), ("b", "7")]);
    writer_task(&server).await.persist(vec![first, poison, last]).await;
    let said = |said: &[(&str, u64)]| said.iter().map(|(id, seq)| ((*id).to_owned(), *seq)).collect();
    assert_eq!(kept(first_answer), (said(&[("1", 1)]), false), "up to the first that cannot be kept");
    assert_eq!(kept(poison_answer), (said(&[]), false));
    assert_eq!(kept(last_answer), (said(&[("6", 3), ("7", 2)]), true));
}
