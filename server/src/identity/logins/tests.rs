//! Validity of logins: after an end, across two nodes, without a store, and with a store that has lost its
//! records.

use chat::{id::UserId, name::Nickname, time::Millis};

use super::{Entry, FRESH_MS, KEPT, LIFE_MS, Logins, REMEMBERED, Ticket, holding, of_user};
use crate::{
    identity::login::Login,
    store::{Collection, Put, Record, scratch::store},
};

const NOW: Millis = Millis(1_700_000_000_000);

fn ticket(user: &str, now: Millis) -> Ticket {
    let login = Login { id: UserId::parse(user).unwrap(), nickname: Nickname::parse("小明 🍵").unwrap() };
    Ticket::draw(login, now)
}

#[tokio::test]
async fn a_login_holds_until_it_is_over_or_ended_and_then_for_good() {
    let (store, _folder) = store();
    let logins = Logins::new(store.clone());
    let (one, other) = (ticket("u1", NOW), ticket("u1", NOW));
    for ticket in [&one, &other] {
        logins.begin(ticket).await.unwrap();
        assert!(logins.holds(ticket, NOW).await);
    }
    logins.end(&one, NOW).await;
    assert!(!logins.holds(&one, NOW).await);
    assert!(logins.holds(&other, NOW).await, "the user's other login goes on");
    logins.begin(&one).await.unwrap();
    assert!(!Logins::new(store.clone()).holds(&one, NOW).await, "what has ended does not begin again");
    assert!(logins.holds(&other, Millis(NOW.0 + LIFE_MS - 1)).await);
    assert!(!logins.holds(&other, NOW + LIFE_MS).await, "it runs out on the server too");
}

#[tokio::test]
async fn all_logins_of_a_user_end_at_once_and_a_later_one_holds() {
    let (store, _folder) = store();
    let logins = Logins::new(store);
    let (first, second, bo) = (ticket("u1", NOW), ticket("u1", NOW + 1), ticket("u2", NOW));
    for ticket in [&first, &second, &bo] {
        logins.begin(ticket).await.unwrap();
        assert!(logins.holds(ticket, NOW + 2).await);
    }
    logins.end_all(&first.login.id, NOW + 2).await.unwrap();
    let third = ticket("u1", NOW + 2);
    logins.begin(&third).await.unwrap();
    assert!(!logins.holds(&first, NOW + 3).await);
    assert!(!logins.holds(&second, NOW + 3).await);
    assert!(logins.holds(&third, NOW + 3).await);
    assert!(logins.holds(&bo, NOW + 3).await, "somebody else's");
}

#[tokio::test]
async fn another_node_learns_of_an_end_when_it_is_told_or_a_minute_later() {
    let (store, _folder) = store();
    let (here, there) = (Logins::new(store.clone()), Logins::new(store));
    let (told, untold) = (ticket("u1", NOW), ticket("u2", NOW));
    for ticket in [&told, &untold] {
        here.begin(ticket).await.unwrap();
        assert!(there.holds(ticket, NOW).await);
        here.end(ticket, NOW).await;
    }
    there.forget(&told.login.id);
    assert!(!there.holds(&told, NOW).await);
    assert!(there.holds(&untold, Millis(NOW.0 + FRESH_MS - 1)).await, "it is not asked for each time");
    assert!(!there.holds(&untold, NOW + FRESH_MS).await);
}

#[tokio::test]
async fn a_store_that_does_not_answer_ends_nobody_s_login_and_forgets_no_end() {
    let (store, folder) = store();
    let logins = Logins::new(store.clone());
    let (ann, bo) = (ticket("u1", NOW), ticket("u2", NOW));
    logins.begin(&ann).await.unwrap();
    logins.begin(&bo).await.unwrap();
    store.close().await;
    assert!(logins.holds(&ann, NOW).await);
    logins.end(&bo, NOW).await;
    assert!(!logins.holds(&bo, NOW).await);
    assert!(logins.memory().logins[&bo.id].is_unsaved, "it is stored when it can be");
    drop(folder);
}

#[tokio::test]
async fn an_end_that_could_not_be_stored_is_stored_later() {
    let (store, _folder) = store();
    let logins = Logins::new(store.clone());
    let ann = ticket("u1", NOW);
    logins.begin(&ann).await.unwrap();
    logins.memory().remember(&ann, false, NOW);
    logins.memory().set_unsaved(&ann.id, true);
    logins.save().await;
    assert!(!logins.memory().logins[&ann.id].is_unsaved);
    assert!(!Logins::new(store).holds(&ann, NOW).await);
}

#[tokio::test]
async fn a_store_that_has_forgotten_a_login_is_told_of_it_again() {
    let (store, _folder) = store();
    let ann = ticket("u1", NOW);
    assert!(Logins::new(store.clone()).holds(&ann, NOW).await);
    let kept = store.record(Collection::Login, ann.id.to_string()).await.unwrap();
    assert_eq!(kept.as_deref().and_then(Entry::read), Some(Entry::Holds { expires: ann.expires }));
}

#[tokio::test]
async fn what_is_over_is_deleted_and_of_the_rest_the_oldest_that_hold() {
    let (store, _folder) = store();
    let logins = Logins::new(store.clone());
    let (old, new) = (ticket("u1", NOW), ticket("u2", NOW + 10));
    logins.begin(&old).await.unwrap();
    logins.begin(&new).await.unwrap();
    logins.end_all(&old.login.id, NOW + 5).await.unwrap();
    let nonsense = Record { collection: Collection::Login, key: "x".to_owned(), value: "?".to_owned() };
    store.put(nonsense, Put::Always).await.unwrap();
    logins.sweep(NOW + LIFE_MS).await.unwrap();
    let keys: Vec<String> =
        store.records(Collection::Login).await.unwrap().into_iter().map(|record| record.key).collect();
    let mut expected = vec![of_user(&old.login.id), new.id.to_string()];
    expected.sort();
    assert_eq!(keys, expected);
}

#[test]
fn what_is_remembered_is_bounded_and_ends_that_are_not_stored_stay() {
    let mut memory = super::Memory::default();
    let unsaved = ticket("u1", NOW);
    memory.remember(&unsaved, false, NOW);
    memory.set_unsaved(&unsaved.id, true);
    for n in 0..2 * REMEMBERED {
        memory.remember(&ticket("u2", NOW), true, NOW);
        assert!(memory.logins.len() <= REMEMBERED, "{n}");
    }
    assert!(memory.logins.contains_key(&unsaved.id));
}

#[test]
fn a_record_names_whose_login_it_is() {
    let ann = ticket("u1", NOW);
    let record = holding(&ann);
    assert_eq!(record.value, format!("holds {} {} u1 小明 🍵", NOW.0, NOW.0 + LIFE_MS));
    assert_eq!(Entry::read(&record.value), Some(Entry::Holds { expires: ann.expires }));
    for nonsense in ["", "holds", "holds 1", "holds a b", "left 1 2"] {
        assert_eq!(Entry::read(nonsense), None, "{nonsense}");
    }
    const { assert!(KEPT > REMEMBERED) };
}
