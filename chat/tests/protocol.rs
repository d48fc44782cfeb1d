//! The wire format, byte for byte, and `docs/protocol.md`, whose examples this test executes.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{collections::BTreeSet, sync::Arc};

use chat::{
    close::CloseCode,
    id::{ClientId, Epoch, UserId},
    protocol::{
        ClientLine, Event, Head, History, Joined, Members, Message, Page, PresenceChange, RefusalCode,
        Refused, RoomPosition, ServerLine, StreamingAnswer, User, Welcome,
    },
    room_name::RoomName,
    time::Millis,
};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// Lists the variants of an enum. A missing variant breaks the build, because the match misses it too.
macro_rules! every_variant {
    ($list:ident, $name:ident, $kind:ident { $($variant:ident),* $(,)? }) => {
        const $list: &[&str] = &[$(stringify!($variant)),*];

        fn $name(value: &$kind) -> &'static str {
            match value {
                $($kind::$variant { .. } => stringify!($variant),)*
            }
        }
    };
}

every_variant!(
    CLIENT_LINES,
    client_line,
    ClientLine { Hello, Send, History, Join, Leave, Members, Typing, Stop, Pong }
);
every_variant!(
    SERVER_LINES,
    server_line,
    ServerLine {
        Welcome,
        Joined,
        Page,
        Message,
        Presence,
        Members,
        Typing,
        StreamingAnswer,
        Ping,
        Refused,
        Renamed,
        Store,
        Drain,
        Unknown
    }
);
every_variant!(EVENTS, event, Event { Message, Unknown });
every_variant!(
    REFUSALS,
    refusal,
    RefusalCode {
        Malformed,
        FrameTooLarge,
        IdUnfit,
        IdReused,
        RoomUnfit,
        NotJoined,
        TooManyRooms,
        TooManyConnections,
        TextEmpty,
        TextTooLong,
        Forbidden,
        OverBudget,
        ServerFull,
        NicknameTaken,
        StoreUnavailable,
        OutOfOrder,
        OtherUser,
        Unknown,
    }
);
every_variant!(
    CLOSES,
    close,
    CloseCode {
        Normal,
        TooBig,
        Restart,
        SlowConsumer,
        Silent,
        LoginRequired,
        NicknameTaken,
        LoggedOut,
        Protocol,
        TooMany,
        Replaced,
        OtherUser,
    }
);

/// Returns the lines of the document's examples in blocks with this mark.
fn examples(mark: &str) -> Vec<&'static str> {
    let opening = format!("```{mark}");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in DOCUMENT.lines() {
        match (inside, line) {
            (false, line) if line == opening => inside = true,
            (true, "```") => inside = false,
            (true, line) => lines.push(line),
            (false, _) => {}
        }
    }
    assert!(!inside, "a block of `{mark}` does not end");
    lines
}

/// Returns the cells of every row of the table in this section of the document.
fn table(section: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = DOCUMENT.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let rest = rest.split("\n## ").next().unwrap_or(rest);
    let rows = rest.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn parse_server(line: &str) -> ServerLine {
    ServerLine::parse(line).unwrap_or_else(|error| panic!("{line} is no line of the server's: {error}"))
}

fn parse_client(line: &str) -> ClientLine {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line} is no line of a client's: {error}"))
}

#[test]
fn every_fenced_block_of_json_is_executed() {
    let marks: BTreeSet<&str> = DOCUMENT.lines().filter_map(|line| line.strip_prefix("```json")).collect();
    assert_eq!(marks, BTreeSet::from([" client", " server", " server unknown"]));
}

#[test]
fn what_the_document_lets_a_client_say_parses_and_prints_the_same() {
    let mut seen = BTreeSet::new();
    for line in examples("json client") {
        let parsed = parse_client(line);
        assert_eq!(parsed.print(), line);
        seen.insert(client_line(&parsed));
    }
    assert_eq!(seen, CLIENT_LINES.iter().copied().collect());
}

#[test]
fn what_the_document_lets_the_server_say_parses_and_prints_the_same() {
    let mut seen = BTreeSet::new();
    let mut events = BTreeSet::new();
    for line in examples("json server") {
        let parsed = parse_server(line);
        assert!(!matches!(parsed, ServerLine::Unknown(_)), "{line} is not known");
        assert_eq!(parsed.print(), line);
        seen.insert(server_line(&parsed));
        if let ServerLine::Joined(Joined { events: held, .. }) | ServerLine::Page(Page { events: held, .. }) =
            &parsed
        {
            events.extend(held.iter().map(event));
        }
    }
    seen.insert("Unknown");
    events.insert("Unknown");
    assert_eq!(seen, SERVER_LINES.iter().copied().collect());
    assert_eq!(events, EVENTS.iter().copied().collect());
}

#[test]
fn what_the_document_calls_unknown_is_unknown_and_keeps_its_place() {
    let examples = examples("json server unknown");
    assert!(!examples.is_empty());
    for line in examples {
        let parsed = parse_server(line);
        assert!(matches!(parsed, ServerLine::Unknown(_)), "{line} is known");
        assert_eq!(parsed.print(), line);
        let page = format!(r#"{{"page":{{"room":"a","epoch":"e1","oldest":1,"events":[{line}]}}}}"#);
        let ServerLine::Page(page) = parse_server(&page) else { panic!("{page} is a page") };
        let seq = serde_json::from_str::<Value>(line).unwrap();
        let seq = seq.as_object().unwrap().values().next().unwrap().get("seq").and_then(Value::as_u64);
        assert_eq!(page.events.iter().map(Event::seq).collect::<Vec<_>>(), [seq], "{line}");
    }
}

#[test]
fn the_document_lists_every_refusal_and_no_other() {
    let rows = table("Refusals");
    let listed: Vec<RefusalCode> = rows
        .iter()
        .map(|row| {
            let code = row[0].trim_matches('`');
            let parsed = RefusalCode::from_word(code);
            assert_eq!(serde_json::to_value(parsed).unwrap(), Value::from(code), "{code} is not a code");
            assert!(matches!(row[2], "yes" | "no"), "{code} says whether to retry");
            parsed
        })
        .collect();
    let mut names: BTreeSet<&str> = listed.iter().map(refusal).collect();
    assert_eq!(names.len(), rows.len(), "a code is listed twice");
    // The variant for codes of later versions has no name of its own.
    names.insert("Unknown");
    assert_eq!(names, REFUSALS.iter().copied().collect());
}

#[test]
fn a_code_of_a_later_version_is_not_an_error() {
    let line = r#"{"refused":{"code":"house_on_fire","reason":"run"}}"#;
    let ServerLine::Refused(refused) = parse_server(line) else { panic!("{line} is a refusal") };
    assert_eq!(refused.code, RefusalCode::Unknown);
}

#[test]
fn the_document_lists_every_close_code_with_what_to_do_after_it() {
    assert_eq!(CloseCode::ALL.iter().map(close).collect::<Vec<_>>(), CLOSES);
    let documented: Vec<(String, String, String)> =
        table("Closing").iter().map(|row| (row[0].into(), row[1].into(), row[3].into())).collect();
    let known: Vec<(String, String, String)> = CloseCode::ALL
        .iter()
        .map(|code| {
            let reconnect = if code.reconnects() { "yes" } else { "no" };
            (code.number().to_string(), format!("`{}`", code.reason()), reconnect.to_owned())
        })
        .collect();
    assert_eq!(documented, known);
}

fn room() -> RoomName {
    RoomName::parse("茶室").unwrap()
}

fn epoch() -> Epoch {
    Epoch::parse("e1").unwrap()
}

fn ann() -> User {
    User { id: UserId::parse("u1").unwrap(), name: "Ann".into() }
}

fn message() -> Message {
    Message {
        room: room(),
        seq: 7,
        id: ClientId::parse("m-1").unwrap(),
        user: ann(),
        text: "\"茶\"\n\t\u{2028}</script>".into(),
        at: Millis(1_763_683_200_000),
    }
}

#[track_caller]
fn crosses_as(line: &ServerLine, bytes: &str) {
    assert_eq!(line.print(), bytes);
    assert_eq!(parse_server(bytes), *line);
}

#[track_caller]
fn client_crosses_as(line: &ClientLine, bytes: &str) {
    assert_eq!(line.print(), bytes);
    assert_eq!(parse_client(bytes), *line);
}

#[test]
fn the_lines_of_a_client_never_change() {
    let bare = RoomPosition { room: "a".into(), epoch: None, seq: None };
    let held = RoomPosition { room: "b".into(), epoch: Some("e".into()), seq: Some(0) };
    client_crosses_as(
        &ClientLine::Hello { rooms: vec![bare.clone(), held.clone()], client: None, user: None },
        r#"{"hello":{"rooms":[{"room":"a"},{"room":"b","epoch":"e","seq":0}]}}"#,
    );
    client_crosses_as(
        &ClientLine::Hello { rooms: vec![], client: Some("c".into()), user: Some("u1".into()) },
        r#"{"hello":{"rooms":[],"client":"c","user":"u1"}}"#,
    );
    client_crosses_as(
        &ClientLine::Send { id: "i".into(), room: "a".into(), text: "\"\n\u{0}茶".into() },
        r#"{"send":{"id":"i","room":"a","text":"\"\n\u0000茶"}}"#,
    );
    client_crosses_as(
        &ClientLine::History(History { room: "a".into(), before: Some(9), limit: 5, ..History::default() }),
        r#"{"history":{"room":"a","before":9,"limit":5}}"#,
    );
    client_crosses_as(&ClientLine::Join(bare), r#"{"join":{"room":"a"}}"#);
    client_crosses_as(&ClientLine::Join(held), r#"{"join":{"room":"b","epoch":"e","seq":0}}"#);
    client_crosses_as(&ClientLine::Leave { room: "a".into() }, r#"{"leave":{"room":"a"}}"#);
    client_crosses_as(&ClientLine::Members { room: "a".into(), after: None }, r#"{"members":{"room":"a"}}"#);
    client_crosses_as(
        &ClientLine::Members { room: "a".into(), after: Some("\"茶\"".into()) },
        r#"{"members":{"room":"a","after":"\"茶\""}}"#,
    );
    client_crosses_as(&ClientLine::Typing { room: "a".into() }, r#"{"typing":{"room":"a"}}"#);
    client_crosses_as(
        &ClientLine::Stop { room: "a".into(), id: "i".into() },
        r#"{"stop":{"room":"a","id":"i"}}"#,
    );
    client_crosses_as(&ClientLine::Pong {}, r#"{"pong":{}}"#);
}

const MESSAGE: &str = concat!(
    r#"{"message":{"room":"茶室","seq":7,"id":"m-1","user":{"id":"u1","name":"Ann"},"#,
    r#""text":"\"茶\"\n\t"#,
    "\u{2028}",
    r#"</script>","at":1763683200000}}"#
);

#[test]
fn the_lines_of_the_server_never_change() {
    crosses_as(
        &ServerLine::Welcome(Welcome {
            user: ann(),
            heartbeat_ms: 25_000,
            text_limit: 4_000,
            at: Some(Millis(1_763_683_200_000)),
        }),
        r#"{"welcome":{"user":{"id":"u1","name":"Ann"},"heartbeat_ms":25000,"text_limit":4000,"at":1763683200000}}"#,
    );
    crosses_as(
        &ServerLine::Welcome(Welcome { user: ann(), heartbeat_ms: 25_000, text_limit: 4_000, at: None }),
        r#"{"welcome":{"user":{"id":"u1","name":"Ann"},"heartbeat_ms":25000,"text_limit":4000}}"#,
    );
    crosses_as(&ServerLine::Message(message()), MESSAGE);
    crosses_as(
        &ServerLine::Joined(Joined {
            room: room(),
            epoch: epoch(),
            head: 7,
            oldest: 3,
            resumed: true,
            members: Members { count: 300, list: vec![ann()], bots: vec![] },
            events: vec![Event::Message(message())],
        }),
        &format!(
            r#"{{"joined":{{"room":"茶室","epoch":"e1","head":7,"oldest":3,"resumed":true,"members":{{"count":300,"list":[{{"id":"u1","name":"Ann"}}]}},"events":[{MESSAGE}]}}}}"#
        ),
    );
    crosses_as(
        &ServerLine::Page(Page { room: room(), epoch: epoch(), oldest: 0, events: vec![] }),
        r#"{"page":{"room":"茶室","epoch":"e1","oldest":0,"events":[]}}"#,
    );
    crosses_as(
        &ServerLine::Presence(PresenceChange { room: room(), enter: vec![ann()], leave: vec![], count: 1 }),
        r#"{"presence":{"room":"茶室","enter":[{"id":"u1","name":"Ann"}],"leave":[],"count":1}}"#,
    );
    let members = Members { count: 300, list: vec![ann()], bots: vec![] };
    crosses_as(
        &ServerLine::Members { room: room(), members },
        r#"{"members":{"room":"茶室","count":300,"list":[{"id":"u1","name":"Ann"}]}}"#,
    );
    crosses_as(
        &ServerLine::Typing { room: room(), user: ann() },
        r#"{"typing":{"room":"茶室","user":{"id":"u1","name":"Ann"}}}"#,
    );
    let waiter = User { id: UserId::parse("bot-1").unwrap(), name: "小二".into() };
    crosses_as(
        &ServerLine::StreamingAnswer(StreamingAnswer {
            room: room(),
            id: ClientId::parse("a-7").unwrap(),
            user: waiter.clone(),
            asker: ann().id,
            text: "One".into(),
        }),
        r#"{"growing":{"room":"茶室","id":"a-7","user":{"id":"bot-1","name":"小二"},"asker":"u1","text":"One"}}"#,
    );
    let hosted = Members { count: 0, list: vec![], bots: vec![waiter] };
    assert_eq!(
        serde_json::to_string(&hosted).unwrap(),
        r#"{"count":0,"list":[],"bots":[{"id":"bot-1","name":"小二"}]}"#
    );
    crosses_as(
        &ServerLine::Ping { heads: vec![Head { room: room(), epoch: epoch(), seq: 7 }] },
        r#"{"ping":{"heads":[{"room":"茶室","epoch":"e1","seq":7}]}}"#,
    );
    crosses_as(
        &ServerLine::Refused(Refused {
            id: Some("m-1".into()),
            room: Some("茶室".into()),
            code: RefusalCode::OutOfOrder,
            reason: "wait".into(),
            retry_ms: Some(1_000),
        }),
        r#"{"refused":{"id":"m-1","room":"茶室","code":"out_of_order","reason":"wait","retry_ms":1000}}"#,
    );
    crosses_as(
        &ServerLine::Renamed { room: "Ｔea".into(), name: RoomName::parse("tea").unwrap() },
        r#"{"renamed":{"room":"Ｔea","name":"tea"}}"#,
    );
    crosses_as(&ServerLine::Store { available: false }, r#"{"store":{"available":false}}"#);
    crosses_as(&ServerLine::Store { available: true }, r#"{"store":{"available":true}}"#);
    crosses_as(&ServerLine::Drain { retry_ms: 5 }, r#"{"drain":{"retry_ms":5}}"#);
}

#[test]
fn members_that_came_later_are_ignored() {
    let line = parse_server(r#"{"drain":{"retry_ms":5,"why":"new kettle"}}"#);
    assert_eq!(line, ServerLine::Drain { retry_ms: 5 });
    let line = parse_client(r#"{"join":{"room":"a","quietly":true}}"#);
    assert_eq!(line, ClientLine::Join(RoomPosition { room: "a".into(), epoch: None, seq: None }));
}

#[test]
fn a_known_event_and_an_unknown_one_stand_side_by_side_in_a_page() {
    let text = format!(
        r#"{{"page":{{"room":"茶室","epoch":"e1","oldest":6,"events":[{{"poll":{{"seq":6}}}},{MESSAGE}]}}}}"#
    );
    let ServerLine::Page(page) = parse_server(&text) else { panic!("{text} is a page") };
    assert_eq!(page.events.iter().map(Event::seq).collect::<Vec<_>>(), [Some(6), Some(7)]);
    assert!(matches!(&page.events[1], Event::Message(held) if *held == message()));
    let shared: Arc<str> = message().text;
    assert!(matches!(&page.events[1], Event::Message(held) if held.text == shared));
}

#[test]
fn what_is_no_line_is_an_error_and_no_panic() {
    for bad in
        ["", "null", "[]", "\"pong\"", "{}", "{\"hello\":{}}", "{\"send\":{\"id\":1}}", "{\"dance\":{}}"]
    {
        assert!(serde_json::from_str::<ClientLine>(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_line_of_the_servers_with_a_mistake_is_an_error_that_names_it() {
    for (bad, why) in [
        ("", "no JSON: value expected"),
        ("null", "no object"),
        ("[]", "no object"),
        (r#""ping""#, "no object"),
        ("{}", "an object without a kind, or with more than one"),
        (r#"{"dance":7}"#, "an object without a kind, or with more than one"),
        (
            r#"{"drain":{"retry_ms":1},"ping":{"heads":[]}}"#,
            "an object without a kind, or with more than one",
        ),
        (r#"{"drain":{"retry_ms":1}"#, "no JSON: comma or end of sequence expected"),
        (r#"{"drain":{"retry_ms":1}} x"#, "no JSON: end of file expected"),
        (r#"{"store":{}}"#, "`available` is missing"),
        (r#"{"store":{"available":"yes"}}"#, "`available` is not true or false"),
        (r#"{"drain":{}}"#, "`retry_ms` is missing"),
        (r#"{"drain":{"retry_ms":null}}"#, "`retry_ms` is missing"),
        (r#"{"drain":{"retry_ms":"1"}}"#, "`retry_ms` is not a whole number"),
        (r#"{"drain":{"retry_ms":1,"retry_ms":1}}"#, "`retry_ms` is there twice"),
        (r#"{"dance":{"room":"Lobby"}}"#, "`room` is not a room's name"),
        (r#"{"dance":{"seq":-1}}"#, "`seq` is not a whole number"),
        (r#"{"typing":{"room":"a","user":"u"}}"#, "`user` is not an object"),
        (r#"{"typing":{"room":"a","user":{"id":"ü","name":""}}}"#, "`id` is not a user's id"),
        (r#"{"ping":{"heads":{}}}"#, "`heads` is not a list of objects"),
        (r#"{"ping":{"heads":[1]}}"#, "`heads` is not a list of objects"),
        (r#"{"ping":{"heads":[{"room":"a","epoch":"","seq":1}]}}"#, "`epoch` is not an epoch"),
        (
            r#"{"page":{"room":"a","epoch":"e","oldest":1,"events":[{"poll":{},"seq":1}]}}"#,
            "an object without a kind, or with more than one",
        ),
        (r#"{"refused":{"code":1,"reason":""}}"#, "`code` is not a string"),
    ] {
        assert_eq!(ServerLine::parse(bad).unwrap_err().to_string(), why, "{bad}");
    }
}
