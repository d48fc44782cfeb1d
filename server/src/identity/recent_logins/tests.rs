//! Recent logins: what is retained, for whom, for how long, and how many.

use std::net::IpAddr;

use chat::{id::UserId, name::Nickname, time::Millis};

use super::{LoginKey, REMEMBERED_MS, RecentLogins};
use crate::{
    identity::{login::Login, login_form::FormId, logins::Ticket},
    store::{Claim, Collection, SharedStore, scratch::store},
};

const NOW: Millis = Millis(1_700_000_000_000);

fn login(id: &str, name: &str) -> Ticket {
    Ticket::draw(Login { id: UserId::parse(id).unwrap(), nickname: Nickname::parse(name).unwrap() }, NOW)
}

fn key(form: &FormId, address: &str, name: &str) -> LoginKey {
    let address: IpAddr = address.parse().unwrap();
    LoginKey::new(form, address, &Nickname::parse(name).unwrap().skeleton())
}

async fn claim(store: &SharedStore, ticket: &Ticket, until: Millis) {
    let login = &ticket.login;
    let claim = Claim { user: login.user(), skeleton: login.nickname.skeleton(), now: NOW, until };
    assert!(store.claim(claim).await.unwrap());
}

#[tokio::test]
async fn the_same_form_address_and_nickname_get_the_same_login_and_no_other_does() {
    let (store, _folder) = store();
    let recent = RecentLogins::new(store);
    let form = FormId::draw();
    let first = recent.find_or(&key(&form, "203.0.113.9", "Ann"), login("u1", "Ann"), NOW).await;
    assert_eq!(first.login.id.as_str(), "u1");
    for (form, address, name, id) in [
        (&form, "203.0.113.9", "Ann", "u1"),
        (&form, "::ffff:203.0.113.9", "ANN", "u1"),
        (&form, "203.0.113.10", "Ann", "new"),
        (&form, "203.0.113.9", "Anna", "new"),
        (&FormId::draw(), "203.0.113.9", "Ann", "new"),
    ] {
        let found = recent.find_or(&key(form, address, name), login("new", name), NOW).await;
        assert_eq!(found.login.id.as_str(), id, "{address} {name}");
    }
}

#[tokio::test]
async fn a_login_is_remembered_for_two_minutes_and_not_for_longer() {
    let (store, _folder) = store();
    let recent = RecentLogins::new(store);
    let key = key(&FormId::draw(), "203.0.113.9", "Ann");
    recent.find_or(&key, login("u1", "Ann"), NOW).await;
    let late = NOW + (REMEMBERED_MS - 1);
    assert_eq!(recent.find_or(&key, login("u2", "Ann"), late).await.login.id.as_str(), "u1");
    let too_late = NOW + REMEMBERED_MS;
    assert_eq!(recent.find_or(&key, login("u3", "Ann"), too_late).await.login.id.as_str(), "u3");
}

#[tokio::test]
async fn no_form_makes_anybody_a_user_who_has_logged_out() {
    let (store, _folder) = store();
    let (here, there) = (RecentLogins::new(store.clone()), RecentLogins::new(store.clone()));
    let key = key(&FormId::draw(), "203.0.113.9", "Ann");
    let ann = here.find_or(&key, login("u1", "Ann"), NOW).await;
    claim(&store, &ann, NOW + 600_000).await;
    here.confirm(key.clone(), &ann, NOW).await;
    here.end(&ann.login.id).await;
    assert_eq!(store.records(Collection::RecentLogin).await.unwrap(), []);
    assert_eq!(here.find_or(&key, login("u2", "Ann"), NOW).await.login.id.as_str(), "u2");
    assert_eq!(there.find_or(&key, login("u3", "Ann"), NOW).await.login.id.as_str(), "u3");
}

#[tokio::test]
async fn another_node_finds_a_login_while_its_user_has_the_nickname() {
    let (store, _folder) = store();
    let here = RecentLogins::new(store.clone());
    let key = key(&FormId::draw(), "203.0.113.9", "小明 🍵");
    let ming = here.find_or(&key, login("u1", "小明 🍵"), NOW).await;
    claim(&store, &ming, NOW + 600_000).await;
    here.confirm(key.clone(), &ming, NOW).await;
    let there = RecentLogins::new(store.clone());
    assert_eq!(there.find_or(&key, login("u2", "小明 🍵"), NOW + 1).await, ming);
    // A log-out releases the nickname, even on a node that does not know the login.
    let skeleton = ming.login.nickname.skeleton();
    store.release(Claim { user: ming.login.user(), skeleton, now: NOW, until: NOW }).await.unwrap();
    let elsewhere = RecentLogins::new(store.clone());
    assert_eq!(elsewhere.find_or(&key, login("u3", "小明 🍵"), NOW + 2).await.login.id.as_str(), "u3");
}

#[tokio::test]
async fn beyond_the_bound_the_oldest_are_forgotten_in_the_store_too() {
    let (store, _folder) = store();
    let recent = RecentLogins { capacity: 3, ..RecentLogins::new(store.clone()) };
    let keys: Vec<LoginKey> = (0..5).map(|_| key(&FormId::draw(), "203.0.113.9", "Ann")).collect();
    for (index, key) in keys.iter().enumerate() {
        let ann = recent.find_or(key, login(&format!("u{index}"), "Ann"), NOW).await;
        recent.confirm(key.clone(), &ann, NOW).await;
    }
    assert_eq!(store.records(Collection::RecentLogin).await.unwrap().len(), 3);
    let mut held = Vec::new();
    for key in keys.iter().rev() {
        held.push(recent.here(key, NOW).is_some());
    }
    assert_eq!(held, [true, true, true, false, false]);
}

#[tokio::test]
async fn one_that_did_not_come_about_is_not_remembered() {
    let (store, _folder) = store();
    let recent = RecentLogins::new(store);
    let key = key(&FormId::draw(), "203.0.113.9", "Ann");
    recent.find_or(&key, login("u1", "Ann"), NOW).await;
    recent.abandon(&key);
    assert_eq!(recent.find_or(&key, login("u2", "Ann"), NOW).await.login.id.as_str(), "u2");
}
