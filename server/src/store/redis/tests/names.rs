//! Nickname claims, shared by all nodes.

use super::bench::{node, until};
use crate::store::{
    conformance::{LONG_MS, claim, lost},
    redis::{cookies::cookie_keys, test_server::RedisServer},
};

const KEY: &str = "teahouse:nickname:ann";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nickname_is_held_while_any_node_says_so() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    assert!(a.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    assert!(!b.store.claim(claim("bob", "ann", LONG_MS)).await.unwrap());
    assert!(b.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    b.store.release(claim("ann", "ann", 1)).await.unwrap();
    // The claim made on node `a` still counts; the 20 ms claim shows that the 1 ms left to node `b`'s have
    // passed.
    assert!(b.store.claim(claim("cat", "cat", 20)).await.unwrap());
    lost(&b.store, "cat", "cat").await;
    assert!(b.store.holds(claim("ann", "ann", 0)).await.unwrap());
    assert!(!b.store.claim(claim("bob", "ann", LONG_MS)).await.unwrap());
    a.store.release(claim("ann", "ann", 1)).await.unwrap();
    lost(&b.store, "ann", "ann").await;
    assert!(b.store.claim(claim("bob", "ann", LONG_MS)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_on_one_node_lets_the_nickname_go_on_all() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    assert!(a.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    assert!(b.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    b.store.release(claim("ann", "ann", 0)).await.unwrap();
    assert!(!a.store.holds(claim("ann", "ann", 0)).await.unwrap());
    assert!(a.store.claim(claim("bob", "ann", LONG_MS)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_nickname_whose_time_is_over() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    assert!(a.store.claim(claim("ann", "ann", 200)).await.unwrap());
    assert!(b.store.claim(claim("ann", "ann", 20)).await.unwrap());
    assert!(server.ask::<u64>(&["PTTL", KEY]) > 20, "the longest counts");
    until(async || server.ask::<u64>(&["EXISTS", KEY]) == 0).await;
    // A node that is gone leaves its claim behind, which is removed once it has expired.
    assert!(a.store.claim(claim("ann", "ann", 20)).await.unwrap());
    assert!(b.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
    until(async || {
        assert!(b.store.claim(claim("ann", "ann", LONG_MS)).await.unwrap());
        server.ask::<u64>(&["HEXISTS", KEY, "node:a"]) == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_sign_with_the_key_of_the_first() {
    let server = RedisServer::start(&[]);
    let (a, b) = (node(&server, "a", 0).await, node(&server, "b", 0).await);
    let fresh = [["one".to_owned()], ["two".to_owned()]];
    let (one, two) = tokio::join!(cookie_keys(&a.link, &fresh[0]), cookie_keys(&b.link, &fresh[1]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one == ["one"] || one == ["two"], "{one:?}");
    assert_eq!(one, two);
    assert_eq!(cookie_keys(&a.link, &["three".to_owned()]).await.unwrap(), one);
    let () = server.ask(&["LPUSH", "teahouse:cookies", "newer"]);
    assert_eq!(cookie_keys(&b.link, &["four".to_owned()]).await.unwrap(), ["newer", &*one[0]]);
}
