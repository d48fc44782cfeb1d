//! How a page shows programs: their badge, the list of built-in bots, and streaming answers.
#![cfg(feature = "ssr")]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use app::{
    action::Actions,
    boot::Boot,
    chat::Chat,
    form::Form,
    model::{self, Model},
    row::Zone,
    search::{Found, Hit, Outcome, Search},
    shell::{Assets, search_document},
};
use chat::{
    client::{Client, Input, Now},
    id::{ClientId, Epoch, UserId},
    protocol::{Event, Joined, Members, Message, ServerLine, StreamingAnswer, User, Welcome},
    room_name::RoomName,
    time::{Millis, Ticks},
};
use i18n::Language;
use leptos::prelude::*;

const FRIDAY: u64 = 1_795_183_400_000;

#[test]
fn the_name_of_a_program_bears_a_mark_in_the_readers_language() {
    for (language, word) in [(Language::English, "bot"), (Language::Chinese, "机器人")] {
        for id in ["bot-waiter", "hook-1", "api-1"] {
            let program = User { id: UserId::parse(id).unwrap(), name: "Tea".into() };
            let view = room(language, vec![said(1, &program, "hello")], |_| {});
            let mark = format!(
                "class=\"line__author tint-{}\">Tea</bdi><span role=\"img\" aria-label=\"{word}\" class=\"program\">{word}</span>",
                program.id.tint()
            );
            assert!(flat(&view).contains(&mark), "{id}: {view}");
        }
    }
}

#[test]
fn no_name_of_a_persons_makes_the_mark() {
    for name in ["小二 机器人", "bot", "<span role=\"img\">bot</span>", "bot-waiter"] {
        let person = User { name: name.into(), ..user("9b1deb4d3b7d4bad9bdd") };
        let view =
            room(Language::Chinese, vec![said(1, &person, "hello"), said(2, &person, "again")], |_| {});
        // The room's built-in bot has the only badge.
        assert_eq!(view.matches("<span role=\"img\"").count(), 1, "{name}: {view}");
    }
}

#[test]
fn the_mark_is_heard_with_every_message_and_seen_with_the_name() {
    let events = vec![said(1, &waiter(), "one"), said(2, &waiter(), "two")];
    let view = room(Language::English, events, |_| {});
    let lines = view.split_once("timeline__lines").unwrap().1.split_once("</ol>").unwrap().0;
    assert_eq!(lines.matches("aria-label=\"bot\" class=\"program\"").count(), 2, "{lines}");
    assert_eq!(lines.matches("class=\"line__by\"").count(), 1, "{lines}");
    assert_eq!(lines.matches("class=\"line__by hidden\"").count(), 1, "{lines}");
}

#[test]
fn what_a_hook_says_by_another_name_stands_under_that_name() {
    let hook = |name: &str| User { id: UserId::parse("hook-1").unwrap(), name: name.into() };
    let events = vec![
        said(1, &hook("Alertmanager"), "one"),
        said(2, &hook("Alertmanager"), "two"),
        said(3, &hook("Grafana"), "three"),
    ];
    let view = room(Language::English, events, |_| {});
    let lines = view.split_once("timeline__lines").unwrap().1.split_once("</ol>").unwrap().0;
    let shown: Vec<&str> = lines.split("class=\"line__by\"").skip(1).collect();
    assert_eq!(shown.len(), 2, "{lines}");
    assert!(shown[0].contains(">Alertmanager</bdi>") && shown[1].contains(">Grafana</bdi>"), "{lines}");
}

#[test]
fn the_search_marks_programs_too() {
    let hit = |user: User| Hit {
        room: RoomName::lobby(),
        seq: 1,
        user,
        at: Millis(FRIDAY),
        pieces: vec![],
        cut: (false, false),
    };
    let found = Found { hits: vec![hit(user("Ann")), hit(waiter())], ..Found::default() };
    let search = Search {
        language: Language::English,
        typed: "tea".to_owned(),
        here: None,
        only_here: false,
        panel: false,
        zone: Zone::new(|_| 0),
        newest: "/search".to_owned(),
        outcome: Outcome::Found(found),
    };
    let assets = Assets { js: String::new(), wasm: String::new(), css: String::new(), reload: None };
    let page = document(|| search_document(search, assets));
    assert_eq!(page.matches("class=\"program\"").count(), 1, "{page}");
    assert!(flat(&page).contains("小二</bdi><span role=\"img\""), "{page}");
}

#[test]
fn bots_stand_below_the_people_and_are_not_counted() {
    let view = room(Language::English, vec![], |_| {});
    let (people, bots) =
        view.split_once("<ul aria-label=\"Bots\" class=\"members__bots\">").expect("the bots");
    assert!(people.contains("<span class=\"members__count\">1</span>"), "{view}");
    assert_eq!(people.matches("class=\"members__member\"").count(), 1);
    assert!(!people.split_once("id=\"members\"").unwrap().1.contains("小二"));
    assert_eq!(bots.matches("class=\"members__bot\"").count(), 1);
    assert!(flat(bots).contains("小二</bdi><span role=\"img\""), "{bots}");
    let view = document(|| chat(&boot(Language::English, vec![], vec![]), |_| {}));
    assert!(!view.contains("members__bot\""), "{view}");
}

#[test]
fn an_empty_room_says_whom_one_can_ask_if_somebody_answers() {
    for (language, hint) in [
        (Language::English, "Ask @小二 anything: try “@小二 help”."),
        (Language::Chinese, "有事就问 @小二，比如“@小二 帮助”。"),
    ] {
        let view = room(language, vec![], |_| {});
        assert!(view.contains(&format!("class=\"opening__hint quiet\">{hint}</button>")), "{view}");
        let view = document(|| chat(&boot(language, vec![], vec![]), |_| {}));
        assert!(view.contains("opening--empty") && !view.contains("opening__hint"), "{view}");
        let view = room(language, vec![said(1, &user("Ann"), "hello")], |_| {});
        assert!(!view.contains("opening__hint"), "{view}");
    }
}

#[test]
fn a_program_that_has_said_nothing_yet_thinks() {
    for (language, sentence) in
        [(Language::English, "小二 is thinking…"), (Language::Chinese, "小二正在想……")]
    {
        let view =
            room(language, vec![said(1, &user("Ann"), "hello")], |client| grow(client, "a1", "Me", ""));
        let line = growing_line(&view);
        assert!(line.contains(&format!("<span class=\"hidden\">{sentence}</span>")), "{line}");
        assert!(
            line.contains("growing__dots\" aria-hidden=\"true\"")
                || line.contains("aria-hidden=\"true\" class=\"growing__dots\""),
            "{line}"
        );
    }
}

#[test]
fn an_answer_grows_as_a_line_of_its_author_that_is_not_announced() {
    let view = room(Language::English, vec![said(1, &user("Ann"), "hello")], |client| {
        grow(client, "a1", "Ann", "Tea");
        grow(client, "a1", "Ann", "\n<b>Tea</b> & http://example.org/t\n");
    });
    let line = growing_line(&view);
    assert!(line.contains("line line--leads growing") && line.contains("aria-live=\"off\""), "{line}");
    assert!(line.contains(">小二</bdi>") && line.contains("class=\"program\""), "{line}");
    assert!(line.contains("&lt;b&gt;Tea&lt;/b&gt; &amp; http://example.org/t<"), "{line}");
    assert!(!line.contains("<a "), "a link that still grows leads elsewhere: {line}");
    assert!(line.contains("小二 is writing…") && !line.contains("thinking"), "{line}");
}

#[test]
fn answers_stand_below_what_was_said_and_what_waits() {
    let view = room(Language::English, vec![said(1, &user("Ann"), "hello")], |client| {
        grow(client, "a1", "Ann", "Tea");
        grow(client, "a2", "Me", "Water");
        let id = ClientId::parse("p1").unwrap();
        client.apply(Input::Send { room: RoomName::lobby(), id, text: "and I?".to_owned() }, now());
    });
    let places: Vec<_> = ["hello", "and I?", ">Tea<", ">Water<"]
        .map(|text| view.find(text).unwrap_or_else(|| panic!("{text}")))
        .into();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(view.matches("line line--leads growing").count(), 1, "the second goes on under the name");
    assert_eq!(view.matches("class=\"line growing").count(), 1);
}

#[test]
fn only_who_asked_is_offered_to_stop_an_answer() {
    for (language, word) in [(Language::English, "Stop"), (Language::Chinese, "停止")] {
        for (asker, times) in [("Me", 1), ("Ann", 0)] {
            let view = room(language, vec![], |client| grow(client, "a1", asker, "Tea"));
            assert_eq!(view.matches("growing__stop").count(), times, "{asker}: {view}");
            assert_eq!(view.matches(&format!(">{word}</button>")).count(), times, "{asker}: {view}");
        }
    }
}

#[test]
fn the_message_takes_the_place_of_the_answer_that_grew() {
    let (before, after) = ("Tea is", "Tea is a drink.");
    let growing = room(Language::English, vec![said(1, &user("Ann"), "hello")], |client| {
        grow(client, "a1", "Me", before);
    });
    let said = room(Language::English, vec![said(1, &user("Ann"), "hello")], |client| {
        grow(client, "a1", "Me", before);
        let message = Message { id: ClientId::parse("a1").unwrap(), ..message(2, &waiter(), after) };
        client.apply(Input::Received(1, &ServerLine::Message(message).print()), now());
    });
    assert!(growing.contains(before) && !growing.contains("id=\"m2\""));
    assert!(!said.contains("class=\"line line--leads growing") && !said.contains("growing__"), "{said}");
    assert_eq!(said.matches(after).count(), 1);
    assert!(said.contains("class=\"line line--leads message\"") && said.contains("id=\"m2\""), "{said}");
}

#[test]
fn as_an_answer_grows_no_line_is_drawn_anew() {
    Owner::new().with(|| {
        let boot = boot(Language::English, vec![said(1, &user("Ann"), "hello")], vec![waiter()]);
        let mut client = connected(&boot);
        grow(&mut client, "a1", "Me", "");
        grow(&mut client, "a2", "Me", "other");
        let model = Model::new(&client, &boot);
        let before = model.rows.get_untracked();
        grow(&mut client, "a1", "Me", "Tea");
        model.show(&client);
        assert_eq!(model.rows.get_untracked(), before);
        // Nor when another change rebuilds the rows.
        assert_eq!(Model::new(&client, &boot).rows.get_untracked(), before);
        let texts = model
            .growing
            .with_untracked(|all| all.iter().map(|one| one.text.to_string()).collect::<Vec<_>>());
        assert_eq!(texts, ["Tea", "other"]);
    });
}

#[test]
fn two_bots_that_answer_one_question_have_a_line_each() {
    let other = User { id: UserId::parse("bot-2").unwrap(), name: "阿明".into() };
    let view = room(Language::English, vec![], |client| {
        grow(client, "answer-1", "Me", "from the waiter");
        let growing = StreamingAnswer { user: other, ..growing("answer-1", "Me", "from the other") };
        client.apply(Input::Received(1, &ServerLine::StreamingAnswer(growing).print()), now());
    });
    assert_eq!(view.matches("line line--leads growing").count(), 2, "{view}");
    assert!(view.contains("from the waiter") && view.contains("from the other"), "{view}");
}

#[test]
fn a_message_that_calls_the_reader_by_name_shows_it() {
    for (by, text, calls) in [
        ("Ann", "@Me, your tea", true),
        ("Ann", "and you ＠me？", true),
        ("Ann", "@Mean", false),
        ("Ann", "Me", false),
        ("Me", "@Me", false),
    ] {
        let view = room(Language::English, vec![said(1, &user(by), text)], |_| {});
        assert_eq!(view.contains("message--calls"), calls, "{by}: {text}");
    }
}

#[test]
fn the_names_that_can_be_mentioned_are_a_list_that_belongs_to_the_composer() {
    let view = room(Language::Chinese, vec![], |_| {});
    for part in [
        "id=\"mentions\" role=\"listbox\" aria-label=\"可以提到的人\"",
        "aria-autocomplete=\"list\" aria-controls=\"mentions\"",
    ] {
        assert!(view.contains(part), "{part}: {view}");
    }
    assert!(!view.contains("aria-activedescendant"), "nothing is offered before anything is written: {view}");
}

/// Renders the page of a room with a bot, after something happens to its client.
fn room(language: Language, events: Vec<Event>, happens: impl FnOnce(&mut Client)) -> String {
    let boot = boot(language, events, vec![waiter()]);
    document(|| chat(&boot, happens))
}

fn chat<H: FnOnce(&mut Client)>(boot: &Boot, happens: H) -> impl IntoView + use<H> {
    let mut client = connected(boot);
    happens(&mut client);
    provide_context(Model::new(&client, boot));
    provide_context(Actions::none());
    view! { <Chat/> }
}

fn connected(boot: &Boot) -> Client {
    let mut client = model::client(boot).named(ClientId::parse("page").unwrap());
    client.apply(Input::Start, now());
    client.apply(Input::Opened(1), now());
    let welcome = Welcome { user: boot.user.clone(), heartbeat_ms: 25_000, text_limit: 4_000, at: None };
    for line in [ServerLine::Welcome(welcome), ServerLine::Joined(boot.room.clone())] {
        client.apply(Input::Received(1, &line.print()), now());
    }
    client
}

fn grow(client: &mut Client, id: &str, asker: &str, text: &str) {
    let line = ServerLine::StreamingAnswer(growing(id, asker, text));
    client.apply(Input::Received(1, &line.print()), now());
}

fn growing(id: &str, asker: &str, text: &str) -> StreamingAnswer {
    StreamingAnswer {
        room: RoomName::lobby(),
        id: ClientId::parse(id).unwrap(),
        user: waiter(),
        asker: user(asker).id,
        text: text.into(),
    }
}

fn growing_line(view: &str) -> &str {
    let start = view.find("id=\"growing-bot-waiter-a1\"").expect("the line");
    let start = view[..start].rfind("<li").expect("its beginning");
    &view[start..start + view[start..].find("</li>").expect("its end")]
}

/// Removes the markers that Leptos puts between text nodes.
fn flat(html: &str) -> String {
    html.replace("<!>", "")
}

fn document<V: IntoView>(page: impl FnOnce() -> V) -> String {
    Owner::new().with(|| page().into_view().to_html())
}

fn now() -> Now {
    Now { at: Millis(FRIDAY), ticks: Ticks(FRIDAY), random: 0.5 }
}

fn waiter() -> User {
    User { id: UserId::parse("bot-waiter").unwrap(), name: "小二".into() }
}

fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}

fn said(seq: u64, by: &User, text: &str) -> Event {
    Event::Message(message(seq, by, text))
}

fn message(seq: u64, by: &User, text: &str) -> Message {
    Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse(&format!("c{seq}")).unwrap(),
        user: by.clone(),
        text: text.into(),
        at: Millis(FRIDAY + seq * 1_000),
    }
}

fn boot(language: Language, events: Vec<Event>, bots: Vec<User>) -> Boot {
    let seq = |event: Option<&Event>| event.and_then(Event::seq).unwrap_or_default();
    let room = Joined {
        room: RoomName::lobby(),
        epoch: Epoch::parse("e1").unwrap(),
        head: seq(events.last()),
        oldest: seq(events.first()),
        resumed: false,
        members: Members { count: 1, list: vec![user("Me")], bots },
        events,
    };
    Boot {
        user: user("Me"),
        language,
        room,
        focus: None,
        form: Form::default(),
        now: Millis(0),
        offsets: Vec::new(),
    }
}
