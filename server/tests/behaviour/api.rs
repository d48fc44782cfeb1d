//! The API: what each token permits, what requests return, and how others are refused.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};

use crate::nodes::node;
use crate::support::{
    Hook, Redis, TestApp,
    api::{Program, code, json},
    folder,
    program::Server,
    tokens,
};

const PLAIN: (&str, &str) = ("content-type", "text/plain");

fn program(app: &TestApp) -> Program {
    Program::new(app.data(), app.address())
}

#[tokio::test]
async fn a_program_speaks_under_its_name_once_and_people_hear_it() {
    let app = TestApp::start().await;
    let program = program(&app);
    let mut lines = app.person("Ann").await.talk().await;
    let path = "/api/rooms/lobby/messages";
    let first = program.ask(Method::POST, path, &[PLAIN, ("idempotency-key", "b 7")], "deploy\r\ndone").await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let said = json(first).await;
    assert_eq!(said["user"]["id"], format!("api-{}", program.id));
    assert_eq!(
        (&said["room"], &said["seq"], &said["text"]),
        (&"lobby".into(), &1.into(), &"deploy\ndone".into())
    );
    let heard = lines.message().await;
    assert_eq!((&*heard.text, &*heard.user.name, heard.seq), ("deploy\ndone", "reporter", 1));
    assert!(heard.user.id.is_program());

    let again = program.ask(Method::POST, path, &[PLAIN, ("idempotency-key", "b 7")], "deploy\ndone").await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(json(again).await, said, "a retry gets the same answer");
    let other = program.ask(Method::POST, path, &[PLAIN, ("idempotency-key", "b 7")], "deploy failed").await;
    assert_eq!((other.status(), &*code(other).await), (StatusCode::UNPROCESSABLE_ENTITY, "id_reused"));
    assert_eq!(json(program.say("lobby", "m2", "tea").await).await["id"], "m2");
    assert_eq!(lines.message().await.seq, 2, "what was said twice was heard once");
}

#[tokio::test]
async fn a_log_is_read_by_pages_from_either_end() {
    let app = TestApp::with(|config| config.retain = 20).await;
    let program = program(&app);
    for n in 1..=30 {
        assert_eq!(program.say("lobby", &format!("m{n}"), &format!("tea {n}")).await.status(), 201);
    }
    for (query, seqs) in [
        ("", 11..=30),
        ("?limit=3", 28..=30),
        ("?before=20&limit=3", 17..=19),
        ("?before=12", 11..=11),
        ("?after=27", 28..=30),
        ("?after=15&limit=3", 16..=18),
        ("?after=15&before=18", 16..=17),
        // The messages directly after were deleted: the page begins with the oldest stored one.
        ("?after=2&limit=3", 11..=13),
    ] {
        let page = program.json(&format!("/api/rooms/lobby/messages{query}")).await;
        let read: Vec<u64> =
            page["messages"].as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap()).collect();
        assert_eq!(read, seqs.collect::<Vec<_>>(), "{query}");
        assert_eq!((page["head"].as_u64(), page["oldest"].as_u64()), (Some(30), Some(11)));
    }
    for nothing in ["?before=0", "?before=11", "?after=30", "?after=9007199254740991", "?after=20&before=20"]
    {
        let page = program.json(&format!("/api/rooms/lobby/messages{nothing}")).await;
        assert_eq!(page["messages"].as_array().unwrap().len(), 0, "{nothing}");
    }
    let unspoken = program.json("/api/rooms/kitchen/messages").await;
    assert_eq!((&unspoken["head"], &unspoken["oldest"]), (&0.into(), &0.into()));
    for unfit in
        ["?limit=0", "?limit=201", "?limit=-1", "?limit=", "?before=%2B1", "?after=one", "?limit=1&limit=2"]
    {
        let answer = program.get(&format!("/api/rooms/lobby/messages{unfit}")).await;
        assert_eq!(answer.status(), 400, "{unfit}");
        assert_eq!(code(answer).await, "query_unfit");
    }
}

#[tokio::test]
async fn a_page_that_has_not_changed_costs_no_body() {
    let app = TestApp::start().await;
    let program = program(&app);
    program.say("lobby", "m1", "tea").await;
    let path = "/api/rooms/lobby/messages";
    let first = program.get(path).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "it is a strong one: {tag}");
    assert_eq!(first.headers()["cache-control"], "private, no-cache");
    let same = program.ask(Method::GET, path, &[("if-none-match", &tag)], "").await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.headers()["etag"], *tag);
    assert_eq!(same.text().await.unwrap(), "");
    let older = program.ask(Method::GET, &format!("{path}?before=1"), &[("if-none-match", &tag)], "").await;
    assert_eq!(older.status(), 200, "another page has another tag");
    program.say("lobby", "m2", "more").await;
    let changed = program.ask(Method::GET, path, &[("if-none-match", &tag)], "").await;
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.headers()["etag"], *tag);
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_and_in_its_rooms() {
    let app = TestApp::start().await;
    let make = |words: &[&str]| Program::with(app.data(), app.address(), words);
    let reader = make(&["--scope", "read", "--room", "kitchen", "--room", "茶艺"]);
    let writer = make(&["--scope", "write", "--room", "kitchen"]);
    assert_eq!(writer.say("kitchen", "m1", "tea").await.status(), 201);
    for path in ["messages", "presence", "events?for=0"] {
        let there = format!("/api/rooms/kitchen/{path}");
        assert_eq!(reader.get(&there).await.status(), 200, "{path}");
        assert_eq!(
            reader.get(&format!("/api/rooms/%E8%8C%B6%E8%89%BA/{path}")).await.status(),
            200,
            "{path}"
        );
        let elsewhere = reader.get(&format!("/api/rooms/lobby/{path}")).await;
        assert_eq!((elsewhere.status().as_u16(), &*code(elsewhere).await), (403, "forbidden"), "{path}");
        let refused = writer.get(&there).await;
        assert_eq!(refused.status(), 403, "{path}");
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.contains(r#"error="insufficient_scope", scope="read""#), "{challenge}");
        let body = json(refused).await;
        assert_eq!(body["error"]["reason"], "this token lacks the scope `read`", "{path}");
    }
    let mute = reader.say("kitchen", "m2", "tea").await;
    assert_eq!(mute.status(), 403);
    assert_eq!(json(mute).await["error"]["reason"], "this token lacks the scope `write`");
    assert_eq!(writer.say("lobby", "m3", "tea").await.status(), 403);
    assert_eq!(writer.get("/api/rooms").await.status(), 403);
    let rooms = reader.json("/api/rooms").await;
    let names: Vec<&str> =
        rooms["rooms"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["kitchen", "茶艺"], "the lobby is none of its business");
}

#[tokio::test]
async fn a_token_that_is_none_opens_nothing() {
    let app = TestApp::start().await;
    let good = program(&app);
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let ann = app.person("Ann").await;
    for path in
        ["/api/rooms", "/api/rooms/lobby/messages", "/api/rooms/lobby/presence", "/api/rooms/lobby/events"]
    {
        let cookie = ann.get(path).await;
        assert_eq!(cookie.status(), 401, "a cookie counts for nothing: {path}");
        assert_eq!(cookie.headers()["www-authenticate"], r#"Bearer realm="teahouse""#);
        assert_eq!(code(cookie).await, "no_token");
        for token in ["th_x", &hook.token, &good.token[..47]] {
            let answer = good.showing(token).get(path).await;
            assert_eq!(answer.status(), 401, "{path}");
            assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
        }
        let in_address = ann.get(&format!("{path}?access_token={}", good.token)).await;
        assert_eq!(in_address.status(), 401, "a token in an address is none");
    }
    let foreign = good.ask(Method::GET, "/api/rooms", &[("origin", "https://evil.example")], "").await;
    assert!(!foreign.headers().contains_key("access-control-allow-origin"), "no page may read it");
    assert!(tokens(app.data(), &["token", "revoke", &good.id]).status.success());
    assert_eq!(good.get("/api/rooms").await.status(), 401, "from the next request on");
}

#[tokio::test]
async fn a_token_has_a_rate_and_says_when_to_come_again() {
    let app = TestApp::start().await;
    let slow = Program::with(app.data(), app.address(), &["--scope", "read", "--rate", "3"]);
    for _ in 0..3 {
        assert_eq!(slow.get("/api/rooms").await.status(), 200);
    }
    let refused = slow.get("/api/rooms").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(code(refused).await, "too_often");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_name() {
    let app = TestApp::with(|config| config.text_limit = 10).await;
    let program = program(&app);
    let path = "/api/rooms/lobby/messages";
    let json_kind = ("content-type", "application/json");
    let large = "x".repeat(300 * 1_024);
    for (kind, body, status, code_of) in [
        (PLAIN, "", 422, "text_empty"),
        (PLAIN, " \n\u{200b}", 422, "text_empty"),
        (PLAIN, "twelve chars", 422, "text_too_long"),
        (PLAIN, &large, 413, "body_too_large"),
        (json_kind, "{", 400, "malformed"),
        (json_kind, r#"{"text": 1}"#, 400, "malformed"),
        (json_kind, r#"{"text": "a", "id": "a b"}"#, 400, "malformed"),
        (json_kind, r#"{"text": "a", "room": "b"}"#, 400, "malformed"),
        (("content-type", "application/x-www-form-urlencoded"), "a", 415, "content_type_unfit"),
        (("accept", "*/*"), "a", 415, "content_type_unfit"),
    ] {
        let answer = program.ask(Method::POST, path, &[kind], body).await;
        assert_eq!((answer.status().as_u16(), &*code(answer).await), (status, code_of), "{body:.40}");
    }
    for (path, status, code_of) in [
        ("/api/rooms/a%20b/messages", 404, "room_unfit"),
        ("/api/rooms/%FF/messages", 404, "room_unfit"),
        ("/api/rooms/%zz/messages", 404, "room_unfit"),
        ("/api/rooms/lobby/people", 404, "not_found"),
        ("/api/nothing", 404, "not_found"),
    ] {
        let answer = program.get(path).await;
        assert_eq!((answer.status().as_u16(), &*code(answer).await), (status, code_of), "{path}");
    }
    for (method, path, allowed) in [
        (Method::PUT, path, ["GET", "HEAD", "POST"].as_slice()),
        (Method::POST, "/api/rooms", &["GET", "HEAD"]),
        (Method::OPTIONS, "/api/rooms/lobby/events", &["GET", "HEAD"]),
    ] {
        let answer = program.ask(method, path, &[], "").await;
        assert_eq!(answer.status(), 405, "{path}");
        let allow: BTreeSet<String> =
            answer.headers()["allow"].to_str().unwrap().split(',').map(|one| one.trim().to_owned()).collect();
        assert!(allow.iter().eq(allowed), "{allow:?}");
        assert_eq!(code(answer).await, "method_not_allowed");
    }
    assert_eq!(program.json(path).await["head"], 0, "nothing of it was said");
}

#[tokio::test]
async fn rooms_are_listed_by_name_a_page_at_a_time() {
    let app = TestApp::start().await;
    let program = program(&app);
    for room in ["b", "a", "茶艺", "c"] {
        program.say(room, "m1", "tea").await;
    }
    let mut names: Vec<String> = Vec::new();
    let mut after = String::new();
    loop {
        let page = program.json(&format!("/api/rooms?limit=2&after={after}")).await;
        let rooms = page["rooms"].as_array().unwrap();
        assert!((1..=2).contains(&rooms.len()), "{page}");
        names.extend(rooms.iter().map(|room| room["name"].as_str().unwrap().to_owned()));
        for room in rooms {
            let head = u64::from(room["name"] != "lobby");
            assert_eq!((room["head"].as_u64(), room["oldest"].as_u64()), (Some(head), Some(head)), "{room}");
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c", "lobby", "茶艺"]);
}

#[tokio::test]
async fn who_is_there_are_people_and_bots_and_no_program_that_follows() {
    let app = TestApp::start().await;
    let program = program(&app);
    let mut lines = app.person("Ann").await.talk().await;
    let mut stream = program.follow("lobby", "?also=presence", None).await;
    stream.expect("start").await;
    let present = program.json("/api/rooms/lobby/presence").await;
    assert_eq!(present["count"], 1);
    assert_eq!(present["people"][0]["name"], "Ann");
    assert_eq!(present["people"].as_array().unwrap().len(), 1);
    assert_eq!(present["bots"][0]["name"], "小二");
    let bo = app.person("Bo").await;
    let _bo = bo.talk().await;
    // Ann's join may be announced together with Bo's, or before.
    while !stream.expect("presence").await.data["enter"].to_string().contains("\"Bo\"") {}
    let told = lines.told_until("+Bo").await;
    assert!(told.iter().all(|one| one == "+Ann" || one == "+Bo"), "nobody hears the program come: {told:?}");
}

#[tokio::test]
async fn what_a_program_says_and_its_token_never_reach_the_log() {
    let data = folder();
    let server = Server::start(data.path(), &["--log", "trace"]);
    let program = Program::new(data.path(), server.address());
    assert_eq!(program.say("lobby", "m1", "a secret of ours").await.status(), 201);
    let mut stream = program.follow("lobby", "?backlog=1&for=0", None).await;
    assert_eq!(stream.rest().await.len(), 2);
    assert_eq!(program.showing(&program.token.replace("th_", "th_0")).get("/api/rooms").await.status(), 401);
    let (_, log) = server.end("-TERM");
    let secret = program.token.rsplit('_').next().unwrap();
    assert!(log.contains(&program.id), "that a program follows is in it: {log}");
    assert!(!log.contains(secret) && !log.contains("a secret of ours"), "{log}");
}

#[tokio::test]
async fn the_page_and_the_description_are_there_for_everybody() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let description = json(browser.get("/api/openapi.json").await).await;
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(
        description["components"]["schemas"]["CreateMessage"]["properties"]["text"]["maxLength"],
        4_000
    );
    for (language, title) in [("en", "For programs"), ("zh", "给程序用的接口")] {
        let page = browser.get(&format!("/api?lang={language}")).await;
        assert_eq!(page.status(), 200);
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self' 'nonce-"), "{policy}");
        let html = page.text().await.unwrap();
        assert!(html.contains(title), "{language}");
        assert!(!html.contains("<script src") && !html.contains("import start"), "it needs no program");
        assert!(!html.contains("style="), "and the policy lets no style in");
        for path in description["paths"].as_object().unwrap().keys() {
            assert!(html.contains(path), "{path}");
        }
        assert!(html.contains("/api/rooms/kitchen/events?backlog=10"), "there are examples");
    }
}

#[tokio::test]
async fn a_token_and_a_message_are_known_on_every_node() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let program = Program::on_redis(&redis, here.address());
    let said = json(program.say("lobby", "m1", "tea").await).await;
    let elsewhere = program.at(there.address());
    assert_eq!(json(elsewhere.say("lobby", "m1", "tea").await).await, said);
    let page = elsewhere.json("/api/rooms/lobby/messages").await;
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    assert_eq!(page["epoch"], said["epoch"]);
}
