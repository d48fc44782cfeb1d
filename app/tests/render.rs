//! The pages that the server sends, in both languages, before any script runs.
#![cfg(feature = "ssr")]

use app::{
    action::Actions,
    boot::Boot,
    chat::Chat,
    form::Form,
    login::{Login, LoginProblem},
    model::{self, Model},
    notice::Notice,
    row::Zone,
    shell::{Assets, chat_document, log_document, login_document, notice_document},
};
use chat::{
    client::{Client, Input, Now},
    id::{ClientId, Epoch, UserId},
    name::NicknameError,
    protocol::{
        Event, Joined, Members, Message, PresenceChange, RefusalCode, Refused, ServerLine, User, Welcome,
    },
    room_name::RoomName,
    time::{Millis, Ticks},
};
use i18n::Language;
use leptos::prelude::*;

/// 2026-11-20 14:03:20 UTC, a Friday.
const FRIDAY: u64 = 1_795_183_400_000;

#[test]
fn the_page_says_in_which_language_it_is() {
    for (language, lang, title) in
        [(Language::English, "en", "Lobby · Teahouse"), (Language::Chinese, "zh-CN", "大堂 · 茶馆")]
    {
        let page = chat_page(boot(language, vec![]));
        assert!(page.starts_with(&format!("<!DOCTYPE html><html lang=\"{lang}\">")), "{page}");
        assert!(page.contains(&format!("<title>{title}</title>")));
    }
}

#[test]
fn of_a_crowd_some_are_shown_and_how_many_more_there_are() {
    for (language, more) in
        [(Language::English, "4998 more, show some"), (Language::Chinese, "还有 4998 人，点此看看")]
    {
        let mut boot = boot(language, vec![]);
        let few = chat_page(boot.clone());
        assert!(
            few.contains("members__more") && !few.contains("show some") && !few.contains("点此看看"),
            "{few}"
        );
        boot.room.members = Members { count: 5_000, list: vec![user("Bo")], bots: vec![] };
        let page = chat_page(boot);
        assert!(page.contains(more), "{page}");
        assert_eq!(page.matches("members__member").count(), 2, "the reader is one of them");
    }
}

#[test]
fn what_a_message_says_never_becomes_markup() {
    let page =
        chat_page(boot(Language::English, vec![said(1, "Ann", "<script>alert('1')</script> & so on")]));
    assert!(page.contains("&lt;script&gt;alert('1')&lt;/script&gt; &amp; so on"), "{page}");
    assert!(!page.contains("<script>alert"));
}

#[test]
fn a_name_never_becomes_markup() {
    let page = chat_page(boot(Language::English, vec![said(1, "<b>Ann</b>", "hello")]));
    assert!(page.contains("&lt;b&gt;Ann&lt;/b&gt;"));
    assert!(!page.contains("<b>"));
}

#[test]
fn a_link_can_be_followed_and_tells_nobody_where_from() {
    let page = chat_page(boot(Language::English, vec![said(1, "Ann", "see www.example.com/tea, please")]));
    let start = page.find("<a href=\"https://www.example.com/tea\"").expect("the link");
    let link = &page[start..page[start..].find("</a>").expect("its end") + start];
    assert!(link.contains("rel=\"noopener noreferrer nofollow\""), "{link}");
    assert!(link.contains("target=\"_blank\""), "{link}");
    assert!(link.ends_with(">www.example.com/tea"), "{link}");
}

#[test]
fn line_breaks_are_kept() {
    let page = chat_page(boot(Language::English, vec![said(1, "Ann", "one\n  two")]));
    assert!(page.contains(">one\n  two<"), "{page}");
}

#[test]
fn one_persons_messages_in_a_row_stand_under_one_name() {
    let events = vec![said(1, "Ann", "one"), said(2, "Ann", "two"), said(3, "Bo", "three")];
    let page = chat_page(boot(Language::English, events));
    assert_eq!(page.matches("line__seal").count(), 2);
    // The name is still there for screen readers.
    assert_eq!(page.matches("class=\"line__by hidden\"><bdi class=\"line__author tint-").count(), 1);
}

#[test]
fn ones_own_messages_are_marked() {
    let page = chat_page(boot(Language::English, vec![said(1, "Me", "mine"), said(2, "Ann", "hers")]));
    assert_eq!(page.matches("message--mine").count(), 1);
}

#[test]
fn times_are_told_in_the_readers_zone_and_stated_in_utc() {
    let mut boot = boot(Language::Chinese, vec![said(1, "Ann", "late")]);
    boot.offsets = vec![(Millis(0), 10 * 60)];
    let page = chat_page(boot);
    assert!(page.contains("2026年11月21日 星期六"), "{page}");
    assert!(page.contains("datetime=\"2026-11-20T14:03:21Z\""));
    assert!(page.contains(">00:03</time>"));
    assert!(page.contains("title=\"2026年11月21日 00:03\""));
}

#[test]
fn the_log_by_itself_draws_what_the_room_draws_and_runs_nothing() {
    let long = "line\n".repeat(100);
    let events = vec![said(1, "Ann", "hello <b>"), said(2, "Bo", &long)];
    let page = document(|| log_document(boot(Language::English, events), assets()));
    assert!(page.contains("hello &lt;b&gt;") && page.contains("line__rest"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\"") && page.contains("target=\"_parent\""), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let empty = document(|| log_document(boot(Language::Chinese, vec![]), assets()));
    assert!(empty.contains("opening--empty"), "{empty}");
}

#[test]
fn the_log_is_named_and_can_be_scrolled_by_keyboard() {
    let page = chat_page(boot(Language::English, vec![]));
    assert!(page.contains("role=\"log\" tabindex=\"0\" aria-label=\"Messages in Lobby\""), "{page}");
}

#[test]
fn an_empty_room_invites_to_speak() {
    assert!(chat_page(boot(Language::English, vec![])).contains("The first word is yours."));
    assert!(chat_page(boot(Language::Chinese, vec![])).contains("就等您开口。"));
}

#[test]
fn a_page_that_starts_later_than_the_room_says_so() {
    let mut late = boot(Language::English, vec![said(7, "Ann", "hello")]);
    late.room.head = 7;
    late.room.oldest = 1;
    assert!(chat_page(late.clone()).contains(">Show earlier messages</button>"));
    late.room.oldest = 7;
    let page = chat_page(late);
    assert!(page.contains("Earlier messages are no longer kept."), "{page}");
    assert!(!page.contains("Show earlier messages"));
}

#[test]
fn a_page_about_a_message_says_how_many_follow() {
    let mut middle = boot(Language::English, vec![said(1, "Ann", "one"), said(2, "Ann", "two")]);
    middle.room.head = 45;
    let page = chat_page(middle);
    assert!(page.contains(">43 messages follow, show them</button>"), "{page}");
}

#[test]
fn each_message_links_to_its_own_place() {
    let page = chat_page(boot(Language::English, vec![said(1, "Ann", "hello")]));
    assert!(page.contains(r#"href="/chat/lobby/1#m1""#), "{page}");
    assert!(page.contains(r#"id="m1""#));
}

#[test]
fn the_script_cannot_be_ended_by_what_it_carries() {
    let page = chat_page(boot(Language::English, vec![said(1, "Ann", "</script><script>alert(1)")]));
    let data =
        page.split("id=\"boot\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("the data");
    let boot = Boot::parse(data).expect("what the page was made from");
    let Event::Message(message) = &boot.room.events[0] else { panic!("a message was put in") };
    assert_eq!(&*message.text, "</script><script>alert(1)");
}

#[test]
fn nothing_in_a_page_is_inline_that_a_strict_policy_forbids() {
    let pages = [
        chat_page(boot(Language::English, vec![said(1, "Ann", "hello")])),
        login_page(Language::English, Some(LoginProblem::Taken)),
        document(|| notice_document(Language::English, Notice::NotFound, assets())),
    ];
    for page in pages {
        assert!(!page.contains(" style="), "{page}");
        assert!(!page.contains("<style"), "{page}");
        for handler in [" onclick=", " onsubmit=", " onload=", " onerror=", "javascript:"] {
            assert!(!page.contains(handler), "{handler} in {page}");
        }
    }
}

#[test]
fn the_browsers_own_frame_has_the_colour_of_the_ground() {
    let page = chat_page(boot(Language::English, vec![]));
    let grounds: Vec<&str> = include_str!("../../style/_tokens.scss")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--ground: ")?.strip_suffix(';'))
        .collect();
    assert_eq!(grounds.len(), 2, "one by day and one by night");
    for ground in grounds {
        assert!(
            page.contains(&format!("<meta name=\"theme-color\" content=\"{ground}\"")),
            "{ground} in {page}"
        );
    }
}

#[test]
fn comings_and_goings_stand_between_tildes_and_are_not_announced() {
    for (language, entered, left) in [
        (Language::English, "~~~ Ann entered ~~~", "~~~ Ann left ~~~"),
        (Language::Chinese, "~~~Ann进入了聊天室~~~", "~~~Ann离开了聊天室~~~"),
    ] {
        let view = view(language, |client| {
            hear(client, &presence(vec![user("Ann")], vec![]));
            hear(client, &presence(vec![], vec![user("Ann")]));
        });
        for sentence in [entered, left] {
            let line = format!("aria-live=\"off\" class=\"notice\">{sentence}</li>");
            assert!(view.contains(&line), "{view}");
        }
    }
}

#[test]
fn of_many_who_come_at_once_three_are_named() {
    let crowd = ["Ann", "Bo", "Cy", "Di", "Ed"].map(user).to_vec();
    let view = view(Language::English, |client| hear(client, &presence(crowd, vec![])));
    assert!(view.contains("~~~ Ann, Bo, Cy and 2 others entered ~~~"), "{view}");
}

#[test]
fn a_refused_message_says_why_and_can_be_sent_again_or_discarded() {
    let view = view(Language::English, |client| {
        let id = ClientId::parse("p1").unwrap();
        client.apply(Input::Send { room: RoomName::lobby(), id, text: "hello".to_owned() }, now(2));
        let refused = Refused {
            id: Some("p1".to_owned()),
            room: None,
            code: RefusalCode::Forbidden,
            reason: "forbidden".to_owned(),
            retry_ms: None,
        };
        hear(client, &ServerLine::Refused(refused));
    });
    assert!(view.contains("Not sent. You may not do this in this room."), "{view}");
    assert!(view.contains(">Send again</button>"));
    assert!(view.contains(">Discard</button>"));
}

#[test]
fn a_lost_connection_says_since_when_and_when_the_next_try_is() {
    let view = view(Language::Chinese, |client| {
        client.apply(Input::Closed(1, 1006), now(3));
    });
    assert!(view.contains("连接在 14:03 断开了。"), "{view}");
    assert!(view.contains("立即重试"));
    assert!(view.contains("aria-hidden=\"true\" class=\"banner__progress\""), "{view}");
}

#[test]
fn that_the_store_is_away_is_said_where_a_lost_connection_is() {
    for (language, what, kept) in [
        (
            Language::English,
            "The server cannot store messages right now.",
            "What you send waits here and goes out by itself once it can.",
        ),
        (Language::Chinese, "服务器暂时无法保存消息。", "现在发送的消息会先留在这里，好了就自动发出。"),
    ] {
        let view = banner(language, |client| hear(client, &ServerLine::Store { available: false }));
        assert!(view.contains(what) && view.contains(kept), "{view}");
        let view = banner(language, |client| {
            hear(client, &ServerLine::Store { available: false });
            hear(client, &ServerLine::Store { available: true });
        });
        assert!(!view.contains("banner__what"), "{view}");
        let view = banner(language, |client| {
            hear(client, &ServerLine::Store { available: false });
            client.apply(Input::Closed(1, 1006), now(3));
        });
        assert!(view.contains("14:03") && !view.contains(what), "{view}");
    }
}

#[test]
fn a_message_that_is_refused_for_now_is_on_its_way() {
    let view = view(Language::English, |client| {
        hear(client, &ServerLine::Store { available: false });
        let id = ClientId::parse("p1").unwrap();
        client.apply(Input::Send { room: RoomName::lobby(), id, text: "hello".to_owned() }, now(2));
        let refused = Refused {
            id: Some("p1".to_owned()),
            room: Some("lobby".to_owned()),
            code: RefusalCode::StoreUnavailable,
            reason: "messages cannot be kept at present".to_owned(),
            retry_ms: Some(1_000),
        };
        hear(client, &ServerLine::Refused(refused));
    });
    assert!(view.contains("<span class=\"hidden\">On its way</span>"), "{view}");
    assert!(!view.contains("Not sent.") && !view.contains("Send again"), "{view}");
}

#[test]
fn a_zone_that_changes_nothing_leaves_the_lines_alone() {
    Owner::new().with(|| {
        let boot = boot(Language::English, vec![said(1, "Ann", "hello")]);
        let client = model::client(&boot).named(ClientId::parse("page").expect("an id"));
        let model = Model::new(&client, &boot);
        let life = model.life.get_untracked();
        model.tell_time_by(Zone::new(|_| 0), &client);
        assert_eq!(model.life.get_untracked(), life);
        model.tell_time_by(Zone::new(|_| 60), &client);
        assert_ne!(model.life.get_untracked(), life);
    });
}

#[test]
fn the_same_seq_in_another_room_is_another_line() {
    Owner::new().with(|| {
        let here = boot(Language::English, vec![said(1, "Ann", "here")]);
        let mut client = model::client(&here);
        let mut there = here.room.clone();
        there.room = RoomName::parse("tea").unwrap();
        for event in &mut there.events {
            if let Event::Message(message) = event {
                message.room = there.room.clone();
            }
        }
        let model = Model::new(&client, &here);
        let before = model.rows.get_untracked();
        client.preload(there);
        client.apply(Input::Visit(RoomName::parse("tea").unwrap()), now(1));
        model.show(&client);
        let after = model.rows.get_untracked();
        assert_eq!((before.len(), after.len()), (2, 2));
        assert_ne!(before[1].key, after[1].key);
    });
}

#[test]
fn the_login_is_a_plain_form_that_needs_no_script() {
    let page = login_page(Language::English, None);
    assert!(page.contains("<form method=\"post\" action=\"/login\""), "{page}");
    assert!(page.contains("name=\"nickname\""));
    assert!(page.contains("<input type=\"hidden\" name=\"next\" value=\"/chat/tea\">"), "{page}");
    assert!(page.contains("autocomplete=\"nickname\""));
    assert_eq!(page.matches("<script").count(), 1, "it names the time zone, and does nothing else: {page}");
    assert!(page.contains("document.cookie=\"tz=\"+("), "{page}");
}

#[test]
fn a_taken_nickname_asks_for_another() {
    let page = login_page(Language::English, Some(LoginProblem::Taken));
    assert!(page.contains("that nickname is taken, please choose another"), "{page}");
    assert!(page.contains("role=\"alert\""));
    assert!(page.contains("aria-invalid=\"true\""));
    assert!(page.contains("value=\"Ann\""));
    assert!(login_page(Language::Chinese, Some(LoginProblem::Taken)).contains("昵称已被使用，请更换昵称"));
}

#[test]
fn every_unfit_nickname_has_words_of_its_own() {
    for language in Language::ALL {
        let mut sentences = Vec::new();
        for error in NicknameError::ALL {
            let page = login_page(language, Some(LoginProblem::Unfit(error)));
            let start = page.find("role=\"alert\"").expect("the problem");
            let sentence = page[start..].split(['>', '<']).nth(1).expect("its words").to_owned();
            assert!(!sentence.is_empty());
            assert!(!sentences.contains(&sentence), "{sentence} is said of two");
            sentences.push(sentence);
        }
    }
}

#[test]
fn a_nickname_that_was_typed_stays_in_its_quotes() {
    let login = Login {
        language: Language::English,
        nickname: "\"><script>alert(1)</script>".to_owned(),
        problem: None,
        next: "/chat?room=\"x".to_owned(),
        unsent: "</textarea><script>alert(2)</script>".to_owned(),
        form: "\"><script".to_owned(),
    };
    let page = document(|| login_document(login, assets()));
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(!page.contains("=\"x\""), "{page}");
}

#[test]
fn a_notice_says_what_is_so_and_leads_back() {
    let page = document(|| notice_document(Language::English, Notice::TooMany { seconds: 5 }, assets()));
    assert!(page.contains("Please try again in 5 seconds."), "{page}");
    assert!(page.contains("href=\"/chat\""));
    let page = document(|| notice_document(Language::Chinese, Notice::NotFound, assets()));
    assert!(page.contains("<h1 class=\"card__title\">没有这个页面</h1>"), "{page}");
}

#[test]
fn every_page_can_be_switched_to_the_other_language() {
    let pages = [
        (chat_page(boot(Language::English, vec![])), "/chat"),
        (login_page(Language::English, None), "/login?next=/chat/tea"),
        (document(|| notice_document(Language::English, Notice::NotFound, assets())), "/chat"),
    ];
    for (page, next) in pages {
        assert!(page.contains("<form method=\"post\" action=\"/language\""), "{page}");
        assert!(page.contains("name=\"lang\" value=\"zh\""), "{page}");
        assert!(page.contains(&format!("name=\"next\" value=\"{next}\"")), "{page}");
        assert!(page.contains(">中文</button>"), "{page}");
    }
}

fn assets() -> Assets {
    Assets {
        js: "/pkg/teahouse.js".to_owned(),
        wasm: "/pkg/teahouse.wasm".to_owned(),
        css: "/pkg/teahouse.css".to_owned(),
        reload: None,
    }
}

/// Renders like the server.
fn document<V: IntoView>(page: impl FnOnce() -> V) -> String {
    Owner::new().with(|| page().into_view().to_html())
}

fn chat_page(boot: Boot) -> String {
    document(|| chat_document(boot, assets()))
}

fn login_page(language: Language, problem: Option<LoginProblem>) -> String {
    let login = Login {
        language,
        nickname: "Ann".to_owned(),
        problem,
        next: "/chat/tea".to_owned(),
        unsent: String::new(),
        form: "f0".to_owned(),
    };
    document(|| login_document(login, assets()))
}

/// Renders the chat of a connected client after something happens to it.
fn view(language: Language, happens: impl FnOnce(&mut Client)) -> String {
    let boot = boot(language, vec![]);
    let mut client = model::client(&boot).named(ClientId::parse("page").expect("an id"));
    client.apply(Input::Start, now(0));
    client.apply(Input::Opened(1), now(0));
    let welcome = Welcome { user: boot.user.clone(), heartbeat_ms: 25_000, text_limit: 4_000, at: None };
    hear(&mut client, &ServerLine::Welcome(welcome));
    hear(&mut client, &ServerLine::Joined(boot.room.clone()));
    happens(&mut client);
    document(|| {
        provide_context(Model::new(&client, &boot));
        provide_context(Actions::none());
        view! { <Chat/> }
    })
}

/// Returns the content of the banner. Its element always exists, so that screen readers announce what appears
/// in it.
fn banner(language: Language, happens: impl FnOnce(&mut Client)) -> String {
    let view = view(language, happens);
    let (_, banner) = view.split_once("<div role=\"status\" class=\"banner\">").expect("the banner");
    banner.split("room__timeline").next().expect("what comes before the timeline").to_owned()
}

fn hear(client: &mut Client, line: &ServerLine) {
    client.apply(Input::Received(1, &line.print()), now(1));
}

fn presence(enter: Vec<User>, leave: Vec<User>) -> ServerLine {
    ServerLine::Presence(PresenceChange { room: RoomName::lobby(), enter, leave, count: 2 })
}

fn now(second: u64) -> Now {
    Now { at: Millis(FRIDAY + second * 1_000), ticks: Ticks(FRIDAY + second * 1_000), random: 0.5 }
}

fn user(name: &str) -> User {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    User { id: UserId::parse(&letters).expect("names here have a letter"), name: name.into() }
}

fn said(seq: u64, by: &str, text: &str) -> Event {
    Event::Message(Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse(&format!("c{seq}")).expect("a letter and digits"),
        user: user(by),
        text: text.into(),
        at: Millis(FRIDAY + seq * 1_000),
    })
}

fn boot(language: Language, events: Vec<Event>) -> Boot {
    let seq = |event: Option<&Event>| event.and_then(Event::seq).unwrap_or_default();
    let room = Joined {
        room: RoomName::lobby(),
        epoch: Epoch::parse("e1").expect("a letter and a digit"),
        head: seq(events.last()),
        oldest: seq(events.first()),
        resumed: false,
        members: Members { count: 1, list: vec![user("Me")], bots: vec![] },
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
