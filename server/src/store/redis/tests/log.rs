//! One log, shared by all nodes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chat::{protocol::Seq, room_name::RoomName};

use super::bench::{hermit, node, until};

use crate::store::{
    Appended, Extent, NewMessage, Piece, Store as _, StoreError,
    conformance::{all, draft, draft_in, drafts, new, seqs, told, whole},
    redis::{key::WINDOW_MS, test_server::RedisServer},
};

const STATE: &str = "teahouse:{lobby}:state";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_speak_at_once_are_told_of_one_order() {
    let server = RedisServer::start(&[]);
    let mut nodes = [node(&server, "a", 0).await, node(&server, "b", 0).await];
    for node in &nodes {
        node.store.follow(RoomName::lobby()).await.unwrap();
    }
    let mut speaking = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let store = node.store.clone();
        speaking.push(tokio::spawn(async move {
            for m in 0..100 {
                new(store.append(vec![draft(&format!("{n}-{m}"), "tea")]).await);
            }
        }));
    }
    let mut heard = Vec::new();
    for node in &mut nodes {
        let mut messages = Vec::new();
        while messages.len() < 200 {
            messages.push(told(&mut node.news).await.1);
        }
        heard.push(messages);
    }
    for speaking in speaking {
        speaking.await.unwrap();
    }
    assert!(seqs(&heard[0]).into_iter().eq(1..=200));
    assert_eq!(heard[0], heard[1]);
    assert_eq!(all(&nodes[1].store, "lobby").await.messages, heard[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_was_used_on_one_node_is_known_on_the_other() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 2).await, node(&server, "b", 2).await);
    let said = new(a.store.append(drafts(1..=5)).await);
    for (draft, message) in drafts(1..=5).into_iter().zip(said) {
        let other = NewMessage { text: "other".into(), ..draft.clone() };
        let kept = whole(b.store.append(vec![draft, other]).await);
        assert_eq!(kept, [Appended::Known(message), Appended::Reused]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_known_for_a_week_at_the_least_and_forgotten_after_two() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    let said = new(a.store.append(drafts([1])).await).remove(0);
    let window = said.at.0 / WINDOW_MS;
    let ids = format!("teahouse:{{lobby}}:ids:{window}");
    assert_eq!(server.ask::<u64>(&["PEXPIRETIME", &ids]), (window + 2) * WINDOW_MS);
    let move_on = async |moment: u64| {
        // A room's times never decrease, whatever the clock: this moves the room's time forward.
        let () = server.ask(&["HSET", STATE, "at", &moment.to_string()]);
        whole(b.store.append(drafts([1])).await).remove(0)
    };
    assert_eq!(move_on((window + 1) * WINDOW_MS).await, Appended::Known(said.clone()));
    assert_eq!(move_on((window + 2) * WINDOW_MS - 1).await, Appended::Known(said));
    let later = (window + 2) * WINDOW_MS;
    let Appended::New(again) = move_on(later).await else { panic!("it is still known") };
    assert_eq!((again.seq, again.at.0), (2, later));
    // The other node had no reason to switch to another window.
    assert_eq!(whole(a.store.append(drafts([1])).await), [Appended::Known(again)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moments_never_go_back_in_a_room() {
    let server = RedisServer::start(&[]);
    let node = node(&server, "a", 0).await;
    let first = new(node.store.append(drafts([1])).await).remove(0);
    let ahead = first.at.0 + 60_000;
    let () = server.ask(&["HSET", STATE, "at", &ahead.to_string()]);
    assert_eq!(new(node.store.append(drafts([2])).await)[0].at.0, ahead);
    assert!(new(node.store.append(vec![draft_in("b", "Ann", "1", "tea")]).await)[0].at.0 < ahead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_retained_before_goes_bit_by_bit() {
    let server = RedisServer::start(&[]);
    let (many, few) = (node(&server, "a", 0).await, node(&server, "b", 10).await);
    new(many.store.append(drafts(1..=1_000)).await);
    for (n, oldest) in [(1_001, 302), (1_002, 603), (1_003, 904), (1_004, 995), (1_005, 996)] {
        new(few.store.append(drafts([n])).await);
        let slice = all(&few.store, "lobby").await;
        assert_eq!(slice.extent, Extent { head: n, oldest });
        assert!(seqs(&slice.messages).into_iter().eq(oldest..=n), "{n}");
        let kept = n + 1 - oldest;
        assert_eq!(server.ask::<u64>(&["XLEN", "teahouse:{lobby}:log"]), kept);
        assert_eq!(server.ask::<u64>(&["HLEN", "teahouse:{lobby}:body"]), kept);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_piece_that_is_trimmed_while_it_is_read_has_no_hole() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 2_500).await);
    new(a.store.append(drafts(1..=5_000)).await);
    let enough = Arc::new(AtomicBool::new(false));
    let stop = enough.clone();
    let trimming = tokio::spawn(async move {
        let mut n = 5_001;
        while !stop.load(Ordering::Relaxed) {
            new(b.store.append(drafts([n])).await);
            n += 1;
        }
    });
    let mut moved = 0;
    let mut last = 0;
    while moved < 20 {
        let slice = all(&a.store, "lobby").await;
        let Extent { oldest, head } = slice.extent;
        let first = slice.messages[0].seq;
        assert_eq!(first, oldest);
        assert!(seqs(&slice.messages).into_iter().eq(first..=slice.messages.last().unwrap().seq));
        assert!(slice.messages.last().unwrap().seq <= head);
        moved += usize::from(oldest != last);
        last = oldest;
    }
    enough.store(true, Ordering::Relaxed);
    trimming.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_missing_is_not_left_out_in_silence() {
    let server = RedisServer::start(&[]);
    let node = node(&server, "a", 0).await;
    new(node.store.append(drafts(1..=5)).await);
    let () = server.ask(&["HDEL", "teahouse:{lobby}:body", "3"]);
    let piece = Piece::Between { after: 0, upto: Seq::MAX };
    let failed = node.store.read(RoomName::lobby(), piece).await.unwrap_err();
    assert!(failed.to_string().contains("the log lacks 3"), "{failed}");
    let piece = Piece::Latest { upto: Seq::MAX, limit: 2 };
    assert_eq!(seqs(&node.store.read(RoomName::lobby(), piece).await.unwrap().messages), [4, 5]);
    let () = server.ask(&["XDEL", "teahouse:{lobby}:log", "4-0"]);
    let failed = node.store.read(RoomName::lobby(), piece).await.unwrap_err();
    assert!(failed.to_string().contains("the log lacks 4"), "{failed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_listed_once_somebody_has_spoken_in_it() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    assert!(a.redis.rooms().await.unwrap().is_empty());
    a.store.follow(RoomName::lobby()).await.unwrap();
    assert!(a.redis.rooms().await.unwrap().is_empty());
    new(a.store.append(vec![draft_in("茶馆", "Ann", "1", "tea"), draft_in("b", "Ann", "1", "tea")]).await);
    let mut rooms = b.redis.rooms().await.unwrap();
    rooms.sort();
    assert_eq!(rooms.iter().map(RoomName::as_str).collect::<Vec<_>>(), ["b", "茶馆"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_not_followed_costs_no_news() {
    let server = RedisServer::start(&[]);
    let mut node = node(&server, "a", 0).await;
    let count = || server.ask::<(String, u64)>(&["PUBSUB", "NUMSUB", "teahouse:{lobby}:news"]).1;
    node.store.follow(RoomName::lobby()).await.unwrap();
    assert_eq!(count(), 1);
    node.store.unfollow(&RoomName::lobby());
    until(async || count() == 0).await;
    node.store.follow(RoomName::parse("b").unwrap()).await.unwrap();
    new(node.store.append(vec![draft("1", "tea")]).await);
    new(node.store.append(vec![draft_in("b", "Ann", "1", "tea")]).await);
    assert_eq!(told(&mut node.news).await.1.room.as_str(), "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_missed_a_new_life_of_the_logs_does_nothing_in_the_old_one() {
    let server = RedisServer::start(&[]);
    let (link, late) = hermit(&server).await;
    let old = link.live().unwrap().epoch;
    new(late.append(drafts([1])).await);
    let () = server.ask(&["HSET", "teahouse:meta", "replid", "another"]);
    let node = node(&server, "a", 0).await;
    let piece = Piece::Latest { upto: Seq::MAX, limit: 10 };
    let slice = node.store.read(RoomName::lobby(), piece).await.unwrap();
    assert_ne!(slice.epoch, old, "although nobody has spoken in it");
    assert_eq!(slice.extent, Extent { head: 1, oldest: 1 });
    assert_eq!(seqs(&new(node.store.append(drafts([2])).await)), [2]);
    let kept = late.append(drafts([3])).await;
    assert!(kept.appended.is_empty() && matches!(kept.failed, Some(StoreError::Unavailable(_))), "{kept:?}");
    assert!(link.live().is_err(), "the connection is to be greeted again");
    assert_eq!(all(&node.store, "lobby").await.extent.head, 2);
    for asked in [true, false] {
        let (link, late) = hermit(&server).await;
        let () = server.ask(&["HINCRBY", STATE, "generation", "1"]);
        let refused = if asked {
            late.reader.head(RoomName::lobby()).await.is_err()
        } else {
            late.read(RoomName::lobby(), piece).await.is_err()
        };
        assert!(refused && link.live().is_err(), "nor does it read");
    }
}
