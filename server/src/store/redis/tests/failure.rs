//! Messages during and after a Redis failure.

use std::time::{Duration, Instant};

use chat::room_name::RoomName;
use tokio::time::{sleep, timeout};

use super::bench::{Node, PATIENCE, node, until};
use crate::store::{
    Appended, AppendedBatch, Extent, NewMessage, StoreError,
    conformance::{LONG_MS, all, claim, draft, draft_in, drafts, new, seqs, told, whole},
    redis::{cookies::cookie_keys, live::DEADLINE, test_server::RedisServer},
};

fn is_refused(kept: &AppendedBatch) -> bool {
    kept.appended.is_empty() && matches!(kept.failed, Some(StoreError::Unavailable(_)))
}

/// Repeats drafts, as clients do, until they are stored.
async fn repeat(node: &Node, drafts: &[NewMessage]) -> Vec<Appended> {
    let kept = async {
        loop {
            let kept = node.store.append(drafts.to_vec()).await;
            if kept.failed.is_none() {
                return kept.appended;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, kept).await.expect("the store is there again")
}

/// Returns everything in Redis, key by key, as DUMP returns it.
fn everything(server: &RedisServer) -> Vec<(String, Vec<u8>)> {
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]);
    keys.sort();
    keys.into_iter().map(|key| (key.clone(), server.ask(&["DUMP", &key]))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_restarted_begins_another_life_of_what_it_kept() {
    let mut server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut node = node(&server, "a", 0).await;
    let before = node.store.follow(RoomName::lobby()).await.unwrap();
    let said = new(node.store.append(drafts(1..=3)).await);
    new(node.store.append(vec![draft_in("quiet", "Ann", "1", "tea")]).await);
    assert_eq!(told(&mut node.news).await.0, before.epoch);
    server.start_again();
    assert_eq!(repeat(&node, &drafts(1..=1)).await, [Appended::Known(said[0].clone())]);
    let fresh = new(node.store.append(drafts(4..=4)).await);
    assert_eq!(seqs(&fresh), [4]);
    let slice = all(&node.store, "lobby").await;
    assert_ne!(slice.epoch, before.epoch);
    assert_eq!(slice.extent, Extent { head: 4, oldest: 1 });
    assert_eq!(slice.messages[..3], said);
    let quiet = all(&node.store, "quiet").await;
    assert_eq!((&quiet.epoch, quiet.extent.head), (&slice.epoch, 1), "the other rooms' too");
    let heard = async {
        node.store.follow(RoomName::lobby()).await.unwrap();
        let mut next = 5;
        loop {
            new(node.store.append(drafts([next])).await);
            let (epoch, message) = told(&mut node.news).await;
            if epoch != before.epoch {
                return (epoch, message.seq);
            }
            next += 1;
        }
    };
    let (epoch, seq) = timeout(PATIENCE, heard).await.unwrap();
    assert!(epoch == slice.epoch && seq > 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_memory_refuses_and_leaves_nothing_half_done() {
    let server = RedisServer::start(&["--maxmemory-policy", "noeviction"]);
    let node = node(&server, "a", 2).await;
    new(node.store.append(drafts(1..=3)).await);
    assert!(node.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    let keys = cookie_keys(&node.link, &["one".to_owned()]).await.unwrap();
    let before = everything(&server);
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let kept = node.store.append(vec![draft("4", "tea"), draft_in("b", "Ann", "1", "tea")]).await;
    assert!(is_refused(&kept), "{kept:?}");
    assert!(!node.store.claim(claim("bob", "bob", LONG_MS)).await.is_ok_and(|claimed| claimed));
    assert_eq!(everything(&server), before);
    assert_eq!(seqs(&all(&node.store, "lobby").await.messages), [2, 3], "it can be read");
    assert!(node.store.holds(claim("ann", "ann", 0)).await.unwrap());
    assert_eq!(cookie_keys(&node.link, &["two".to_owned()]).await.unwrap(), keys);
    node.store.release(claim("ann", "ann", 0)).await.unwrap();
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(seqs(&new(node.store.append(vec![draft("4", "tea")]).await)), [4], "at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_something_else_refuses_its_room_and_leaves_nothing_half_done() {
    for key in ["state", "log", "body"] {
        let server = RedisServer::start(&[]);
        let node = node(&server, "a", 0).await;
        let () = server.ask(&["SADD", "teahouse:rooms", "lobby", "b"]);
        let () = server.ask(&["SET", &format!("teahouse:{{lobby}}:{key}"), "something else"]);
        let before = everything(&server);
        let kept = node.store.append(vec![draft("1", "tea")]).await;
        assert!(is_refused(&kept), "{key}: {kept:?}");
        assert_eq!(everything(&server), before, "{key}");
        let other = draft_in("b", "Ann", "1", "tea");
        let (spoilt, whole) =
            tokio::join!(node.store.append(vec![draft("1", "tea")]), node.store.append(vec![other]));
        assert!(is_refused(&spoilt), "{key}: {spoilt:?}");
        assert_eq!(seqs(&new(whole)), [1], "{key}: the other room's is kept");
        let kept = node.store.append(vec![
            draft_in("b", "Ann", "2", "tea"),
            draft("2", "tea"),
            draft_in("b", "Ann", "3", "tea"),
        ]);
        let kept = kept.await;
        assert_eq!(kept.appended.len(), 1, "{key}: up to the first that cannot be kept");
        assert!(kept.failed.is_some(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_redis_has_forgotten_are_brought_again_in_silence() {
    let server = RedisServer::start(&[]);
    let node = node(&server, "a", 0).await;
    for n in 1..=3 {
        let () = server.ask(&["SCRIPT", "FLUSH"]);
        let both = vec![draft(&format!("{n}"), "tea"), draft_in("b", "Ann", &format!("{n}"), "tea")];
        assert_eq!(seqs(&new(node.store.append(both).await)), [n, n]);
        let () = server.ask(&["SCRIPT", "FLUSH"]);
        assert_eq!(all(&node.store, "lobby").await.extent.head, n);
        let () = server.ask(&["SCRIPT", "FLUSH"]);
        assert!(node.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stalls_refuses_in_time_and_what_it_took_is_known_after() {
    let server = RedisServer::start(&[]);
    let node = node(&server, "a", 0).await;
    new(node.store.append(drafts([1])).await);
    server.signal("STOP");
    let asked = Instant::now();
    let kept = node.store.append(drafts([2, 3])).await;
    assert!(is_refused(&kept), "{kept:?}");
    assert!(
        node.store.read(RoomName::lobby(), crate::store::Piece::Latest { upto: 9, limit: 9 }).await.is_err()
    );
    assert!(asked.elapsed() < 2 * DEADLINE + DEADLINE / 2, "{:?}", asked.elapsed());
    let asked = Instant::now();
    assert!(is_refused(&node.store.append(drafts([2, 3])).await));
    assert!(asked.elapsed() < DEADLINE + DEADLINE / 2, "{:?}", asked.elapsed());
    server.signal("CONT");
    let kept = repeat(&node, &drafts([2, 3])).await;
    let slice = all(&node.store, "lobby").await;
    assert_eq!(slice.extent, Extent { head: 3, oldest: 1 }, "each once");
    for (appended, message) in kept.iter().zip(&slice.messages[1..]) {
        assert!(matches!(appended, Appended::New(kept) | Appended::Known(kept) if kept == message));
    }
    assert_eq!(whole(node.store.append(drafts([1])).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_wait_share_a_script_and_none_is_lost_when_the_server_is_killed() {
    let mut server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let node = std::sync::Arc::new(node(&server, "a", 0).await);
    let speaking: Vec<_> = (0..40)
        .map(|speaker| {
            let node = node.clone();
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for n in 0..25 {
                    kept.extend(repeat(&node, &[draft(&format!("{speaker}-{n}"), "tea")]).await);
                }
                kept
            })
        })
        .collect();
    until(async || server.ask::<Option<u64>>(&["HGET", "teahouse:{lobby}:state", "head"]) >= Some(200)).await;
    server.start_again();
    let mut acknowledged = Vec::new();
    for speaking in speaking {
        for appended in speaking.await.unwrap() {
            let (Appended::New(message) | Appended::Known(message)) = appended else { panic!("reused") };
            acknowledged.push(message);
        }
    }
    acknowledged.sort_by_key(|message| message.seq);
    assert_eq!(all(&node.store, "lobby").await.messages, acknowledged);
    assert!(seqs(&acknowledged).into_iter().eq(1..=1_000));
    let calls: String = server.ask(&["INFO", "commandstats"]);
    let calls = calls.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    let calls: u64 = calls.split(',').next().unwrap().parse().unwrap();
    assert!(calls < 800, "{calls} calls for what was said after the restart");
}
