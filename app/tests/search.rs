//! The search page in every state, in both languages.
#![cfg(feature = "ssr")]

use app::{
    row::Zone,
    search::{Found, Hit, Outcome, Piece, Remark, Search},
    shell::{Assets, search_document},
};
use chat::{id::UserId, protocol::User, room_name::RoomName, time::Millis};
use i18n::Language;
use leptos::prelude::*;

#[test]
fn each_state_is_a_sentence() {
    let found = |remarks| Outcome::Found(Found { remarks, ..Found::default() });
    for (outcome, english, chinese) in [
        (Outcome::Unasked, "What you can write", "可以这样写"),
        (Outcome::NothingToFind, "There is nothing in it to search for.", "里面没有可以搜索的内容。"),
        (found(vec![]), "Nothing was found.", "没有找到。"),
        (found(vec![Remark::Cut]), "took too long", "没有看完就停下了"),
        (found(vec![Remark::Looked(20_000)]), "the newest 20000 messages", "最新的 20000 条"),
        (found(vec![Remark::Behind]), "cannot be found yet", "暂时搜索不到"),
        (found(vec![Remark::Shortened]), "only its beginning was", "只搜索了前面的一部分"),
        (Outcome::Unavailable, "Talking is not affected.", "聊天不受影响"),
        (Outcome::Busy, "Many people are searching just now.", "现在搜索的人很多。"),
        (Outcome::LoggedOut, "please log in first", "登录以后才能搜索"),
    ] {
        for (language, sentence) in [(Language::English, english), (Language::Chinese, chinese)] {
            let page = page(Search { language, outcome: outcome.clone(), ..search() });
            assert!(page.contains(sentence), "{sentence}: {page}");
            assert!(page.contains("<form role=\"search\""), "one can go on: {page}");
        }
    }
}

#[test]
fn what_was_cut_off_is_not_said_to_be_nothing() {
    for remark in [Remark::Cut, Remark::Looked(20_000)] {
        let older = Some("/search?q=tea&older=7".to_owned());
        let outcome = Outcome::Found(Found { remarks: vec![remark], older, ..Found::default() });
        let page = page(Search { outcome, ..search() });
        assert!(!page.contains("Nothing was found.") && page.contains("Search on from here"), "{page}");
    }
}

#[test]
fn what_was_looked_through_on_a_further_page_is_not_the_newest() {
    let found = Found { remarks: vec![Remark::Looked(7)], is_older: true, ..Found::default() };
    let page = page(Search { outcome: Outcome::Found(found), ..search() });
    assert!(page.contains("Only 7 older messages") && !page.contains("the newest 7"), "{page}");
}

#[test]
fn a_hit_says_who_where_when_and_what_and_leads_there() {
    let page = page(Search { outcome: Outcome::Found(found()), zone: Zone::new(|_| 10 * 60), ..search() });
    for part in [
        "<a href=\"/chat/lobby/42#m42\" target=\"_top\" class=\"hit\">",
        "&lt;Ann&gt;</bdi>",
        "<bdi>Lobby</bdi>",
        "datetime=\"2026-11-20T14:03:20Z\"",
        "21 November 2026, 00:03",
        "…",
        "green <mark>&lt;tea&gt;</mark>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_panel_has_no_head_and_no_foot_and_says_so_when_it_asks_again() {
    let alone = page(search());
    let panel = page(Search { panel: true, ..search() });
    for part in ["href=\"/chat\"", "action=\"/language\""] {
        assert!(alone.contains(part) && !panel.contains(part), "{part}");
    }
    let again = "<input type=\"hidden\" name=\"panel\" value=\"1\">";
    assert!(panel.contains(again) && !alone.contains(again));
    assert!(panel.contains("<h1 class=\"hidden\">Search</h1>"), "{panel}");
}

#[test]
fn the_room_beside_which_one_searches_is_offered() {
    let here = Some(RoomName::parse("tea").expect("a name"));
    let offered = page(Search { here: here.clone(), ..search() });
    assert!(offered.contains("Only in tea") && !offered.contains(" checked"), "{offered}");
    assert!(offered.contains("href=\"/chat/tea\""), "the way back leads there: {offered}");
    assert!(page(Search { here, only_here: true, ..search() }).contains(" checked"));
    assert!(!page(search()).contains("checkbox"));
}

#[test]
fn what_was_typed_stays_in_its_field() {
    let page = page(Search { typed: "\"><script>alert(1)</script>".to_owned(), ..search() });
    assert!(!page.contains("<script>"), "{page}");
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;"), "{page}");
}

fn search() -> Search {
    Search {
        language: Language::English,
        typed: "tea".to_owned(),
        here: None,
        only_here: false,
        panel: false,
        zone: Zone::new(|_| 0),
        newest: "/search?q=tea".to_owned(),
        outcome: Outcome::Unasked,
    }
}

fn found() -> Found {
    let piece = |text: &str, found| Piece { text: text.to_owned(), found };
    let hit = Hit {
        room: RoomName::lobby(),
        seq: 42,
        user: User { id: UserId::parse("a").expect("a letter"), name: "<Ann>".into() },
        at: Millis(1_795_183_400_000),
        pieces: vec![piece("green ", false), piece("<tea>", true)],
        cut: (false, true),
    };
    Found { hits: vec![hit], ..Found::default() }
}

fn page(search: Search) -> String {
    let assets = Assets {
        js: "/pkg/teahouse.js".to_owned(),
        wasm: "/pkg/teahouse.wasm".to_owned(),
        css: "/pkg/teahouse.css".to_owned(),
        reload: None,
    };
    Owner::new().with(|| search_document(search, assets).into_view().to_html())
}
