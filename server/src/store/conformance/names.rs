//! The store contract for nicknames.

use std::time::Duration;

use chat::{name::Nickname, protocol::User};
use tokio::time::{sleep, timeout};

use super::{Bench, PATIENCE, user};
use crate::{
    clock,
    store::{Claim, SharedStore},
};

/// Creates a claim from now on; the nickname is the user's own name unless given.
pub(crate) fn claim(by: &str, nickname: &str, span_ms: u64) -> Claim {
    let skeleton = Nickname::parse(nickname).unwrap().skeleton();
    let now = clock::now();
    Claim { user: User { name: nickname.into(), ..user(by) }, skeleton, now, until: now + span_ms }
}

/// Long enough for every test.
pub(crate) const LONG_MS: u64 = 600_000;

/// Waits until a user no longer holds a nickname.
pub(crate) async fn lost(store: &SharedStore, by: &str, nickname: &str) {
    let lost = async {
        while store.holds(claim(by, nickname, 0)).await.unwrap() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, lost).await.expect("it runs out");
}

pub(crate) async fn a_nickname_has_one_user_at_a_time(bench: Bench) {
    let store = bench.store;
    assert!(!store.holds(claim("ann", "Ann", 0)).await.unwrap());
    assert!(store.claim(claim("ann", "Ann", LONG_MS)).await.unwrap());
    assert!(store.claim(claim("ann", "Ann", LONG_MS)).await.unwrap(), "again");
    assert!(store.holds(claim("ann", "Ann", 0)).await.unwrap());
    // The first letter is Cyrillic.
    assert!(!store.claim(claim("bob", "Аnn", LONG_MS)).await.unwrap());
    assert!(!store.holds(claim("bob", "Аnn", 0)).await.unwrap());
    assert!(store.claim(claim("bob", "Bob", LONG_MS)).await.unwrap());
    assert!(store.holds(claim("ann", "Ann", 0)).await.unwrap());
}

pub(crate) async fn a_nickname_is_free_when_its_time_is_over(bench: Bench) {
    let store = bench.store;
    assert!(store.claim(claim("ann", "Ann", 300)).await.unwrap());
    assert!(!store.claim(claim("bob", "Ann", LONG_MS)).await.unwrap());
    lost(&store, "ann", "Ann").await;
    assert!(store.claim(claim("bob", "Ann", LONG_MS)).await.unwrap());
    assert!(!store.claim(claim("ann", "Ann", LONG_MS)).await.unwrap());
    // A shorter claim does not shorten a longer one.
    assert!(store.claim(claim("bob", "Ann", 1)).await.unwrap());
    assert!(store.claim(claim("cat", "Cat", 100)).await.unwrap());
    lost(&store, "cat", "Cat").await;
    assert!(store.holds(claim("bob", "Ann", 0)).await.unwrap());
}

pub(crate) async fn a_nickname_can_be_let_go(bench: Bench) {
    let store = bench.store;
    store.release(claim("ann", "Ann", 0)).await.unwrap();
    assert!(store.claim(claim("ann", "Ann", LONG_MS)).await.unwrap());
    store.release(claim("bob", "Ann", 0)).await.unwrap();
    assert!(store.holds(claim("ann", "Ann", 0)).await.unwrap(), "it was not Bob's to let go");
    store.release(claim("ann", "Ann", 2 * LONG_MS)).await.unwrap();
    assert!(!store.claim(claim("bob", "Ann", LONG_MS)).await.unwrap(), "not yet");
    store.release(claim("ann", "Ann", 50)).await.unwrap();
    // Releasing it at a later time does not bring it back.
    store.release(claim("ann", "Ann", LONG_MS)).await.unwrap();
    lost(&store, "ann", "Ann").await;
    assert!(store.claim(claim("bob", "Ann", LONG_MS)).await.unwrap());
    store.release(claim("bob", "Ann", 0)).await.unwrap();
    assert!(store.claim(claim("ann", "Ann", LONG_MS)).await.unwrap(), "at once");
}
