//! The store contract for records.

use futures::future::join_all;

use super::{Bench, all, draft, new, room};
use crate::store::{
    Collection::{self, Answer, Instance, Login, RecentLogin, Reminder, Token},
    Put, Record, SharedStore,
};

const DRAWERS: [Collection; 6] = [Token, Answer, Reminder, RecentLogin, Login, Instance];

fn record(collection: Collection, key: &str, value: &str) -> Record {
    Record { collection, key: key.to_owned(), value: value.to_owned() }
}

async fn value(store: &SharedStore, collection: Collection, key: &str) -> Option<String> {
    store.record(collection, key.to_owned()).await.unwrap()
}

async fn delete(store: &SharedStore, collection: Collection, key: &str) -> bool {
    store.delete(collection, key.to_owned()).await.unwrap()
}

pub(crate) async fn a_record_is_the_last_that_was_put(bench: Bench) {
    let store = bench.store;
    assert_eq!(store.records(Token).await.unwrap(), []);
    assert_eq!(value(&store, Token, "a").await, None);
    let other = "{\"text\": \"茶 \u{1f375}\\n%{}*\"}";
    for (key, text) in [("b", "one"), ("a", "two"), ("b", "three"), ("键:{}*", other), ("", "")] {
        assert!(store.put(record(Token, key, text), Put::Always).await.unwrap());
        assert_eq!(value(&store, Token, key).await.as_deref(), Some(text));
    }
    let expected = [("", ""), ("a", "two"), ("b", "three"), ("键:{}*", other)];
    let expected = expected.map(|(key, text)| record(Token, key, text));
    assert_eq!(store.records(Token).await.unwrap(), expected, "by key");
    for collection in [Answer, Reminder, RecentLogin, Login, Instance] {
        assert_eq!(store.records(collection).await.unwrap(), [], "each drawer is its own");
        assert_eq!(value(&store, collection, "a").await, None);
    }
}

pub(crate) async fn a_record_that_is_put_where_there_is_none_takes_no_place(bench: Bench) {
    let store = bench.store;
    for collection in DRAWERS {
        assert!(store.put(record(collection, "a", "first"), Put::IfAbsent).await.unwrap());
        assert!(!store.put(record(collection, "a", "second"), Put::IfAbsent).await.unwrap());
        assert_eq!(value(&store, collection, "a").await.as_deref(), Some("first"));
        assert!(
            !store.put(record(collection, "a", "first"), Put::IfAbsent).await.unwrap(),
            "nor one like it"
        );
        assert!(store.put(record(collection, "a", "third"), Put::Always).await.unwrap());
        assert_eq!(value(&store, collection, "a").await.as_deref(), Some("third"));
    }
}

pub(crate) async fn a_record_that_is_struck_is_gone(bench: Bench) {
    let store = bench.store;
    assert!(!delete(&store, Answer, "a").await);
    for key in ["a", "b"] {
        for collection in [Answer, Reminder] {
            assert!(store.put(record(collection, key, "1"), Put::Always).await.unwrap());
        }
    }
    assert!(delete(&store, Answer, "a").await);
    assert!(!delete(&store, Answer, "a").await, "it is gone already");
    assert_eq!(value(&store, Answer, "a").await, None);
    assert_eq!(store.records(Answer).await.unwrap(), [record(Answer, "b", "1")]);
    assert_eq!(value(&store, Reminder, "a").await.as_deref(), Some("1"), "not of this drawer");
    assert!(store.put(record(Answer, "a", "2"), Put::IfAbsent).await.unwrap(), "as if it had never been");
    assert_eq!(value(&store, Answer, "a").await.as_deref(), Some("2"));
}

pub(crate) async fn of_many_who_put_or_strike_a_record_at_once_one_is_told_so(bench: Bench) {
    let store = bench.store;
    for round in 0..20 {
        let key = round.to_string();
        let putting = (0..8).map(|who| {
            let (store, record) = (store.clone(), record(Reminder, &key, &who.to_string()));
            tokio::spawn(async move { store.put(record, Put::IfAbsent).await.unwrap() })
        });
        let put: Vec<bool> = join_all(putting).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(put.iter().filter(|put| **put).count(), 1, "{put:?}");
        let first = put.iter().position(|put| *put).unwrap().to_string();
        assert_eq!(value(&store, Reminder, &key).await, Some(first));
        let striking = (0..8).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.delete(Reminder, key).await.unwrap() })
        });
        let struck: Vec<bool> = join_all(striking).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(struck.iter().filter(|struck| **struck).count(), 1, "{struck:?}");
    }
}

pub(crate) async fn records_are_no_part_of_any_room(bench: Bench) {
    let store = bench.store;
    assert!(store.put(record(Reminder, "lobby", "tea"), Put::Always).await.unwrap());
    assert!(store.rooms().await.unwrap().is_empty());
    assert_eq!(store.follow(room("lobby")).await.unwrap().seq, 0);
    let said = new(store.append(vec![draft("1", "tea")]).await);
    assert_eq!(said[0].seq, 1);
    assert_eq!(all(&store, "lobby").await.messages, said);
    assert_eq!(value(&store, Reminder, "lobby").await.as_deref(), Some("tea"));
}
