//! A full or failing disk: sends are refused for now, nothing is stored partially or published, reading
//! continues, and everything resumes by itself once the disk recovers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use chat::protocol::{ClientLine, Event, History, Joined, RefusalCode, Refused, ServerLine};
use rusqlite::Connection;

use crate::support::{
    Browser, Lines, TestApp, folder,
    program::{Server, teahouse},
    site,
};

/// A server whose files can be kept from growing: writes beyond the limit fail, as they do on a full disk.
struct Confined {
    server: Server,
    log: PathBuf,
}

impl Confined {
    fn start(data: &Path) -> Confined {
        let site = site();
        let program = teahouse(
            data,
            &["--listen", "127.0.0.1:0", "--drain", "100ms", "--backlog", "1000", "--rate-send", "0"],
        );
        let mut command = Command::new("/bin/sh");
        // The system signals a program that exceeds the limit; if the program ignores the signal, the write
        // fails instead.
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program());
        command.args(program.get_args()).arg("--data").arg(data).arg("--site").arg(site.path());
        command.env_clear().current_dir(data).stdin(Stdio::null());
        Confined { server: Server::spawn(command, site), log: data.join("teahouse.db-wal") }
    }

    /// Limits files to the log's current size plus this many bytes.
    fn leave_room(&self, bytes: u64) {
        let log = std::fs::metadata(&self.log).expect("there is a log").len();
        self.limit(&(log + bytes).to_string());
    }

    /// Limits files to one byte.
    fn fill(&self) {
        self.limit("1");
    }

    /// Lifts the limit.
    fn clear(&self) {
        self.limit("unlimited");
    }

    fn limit(&self, bytes: &str) {
        let pid = self.server.id().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:")]).status();
        assert!(set.expect("there is a prlimit command (util-linux)").success());
    }
}

/// Sends a long message under each of these ids, in one frame.
async fn say_all(lines: &mut Lines, ids: &[String]) {
    let said = ids.iter().map(|id| {
        let text = format!("{id} {}", "and so on ".repeat(80));
        ClientLine::Send { id: id.clone(), room: "lobby".to_owned(), text }.print()
    });
    lines.send_text(&said.collect::<Vec<_>>().join("\n")).await;
}

/// Waits for the result of each message; returns how many from the front were stored. The others must be
/// refused for now.
async fn outcome(lines: &mut Lines, ids: &[String]) -> usize {
    let (mut kept, mut refused) = (Vec::new(), Vec::<Refused>::new());
    while kept.len() + refused.len() < ids.len() {
        match lines.next().await {
            ServerLine::Message(message) => kept.push(message.id.to_string()),
            ServerLine::Refused(refusal) => refused.push(refusal),
            _ => {}
        }
    }
    assert_eq!(kept, ids[..kept.len()], "what is kept is what came first");
    for (place, (refusal, id)) in refused.iter().zip(&ids[kept.len()..]).enumerate() {
        let code = if place == 0 { RefusalCode::StoreUnavailable } else { RefusalCode::OutOfOrder };
        assert_eq!((refusal.code, refusal.id.as_deref()), (code, Some(id.as_str())));
        assert!(refusal.retry_ms.is_some());
    }
    kept.len()
}

async fn newcomer(browser: &Browser) -> Joined {
    let mut lines = browser.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let mut joined = lines.joined().await;
    // As much as fits into one response, and the pages before it.
    while let Some(before) = joined.events.first().and_then(Event::seq)
        && before > joined.oldest
    {
        let history =
            History { room: "lobby".to_owned(), before: Some(before), around: None, at: None, limit: 200 };
        lines.send(&ClientLine::History(history)).await;
        joined.events.splice(0..0, lines.page().await.events);
    }
    joined
}

fn ids(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{prefix}{n}")).collect()
}

fn ids_of(joined: &Joined) -> Vec<String> {
    let id = |event: &Event| match event {
        Event::Message(message) => message.id.to_string(),
        Event::Unknown(_) => panic!("an event of this version"),
    };
    joined.events.iter().map(id).collect()
}

#[tokio::test]
async fn on_a_full_disk_all_are_refused_for_now_and_nobody_hears_anything_until_it_has_room() {
    let data = folder();
    let confined = Confined::start(data.path());
    let (ann, bo) = (confined.server.person("Ann").await, confined.server.person("Bo").await);
    let (mut lines, mut listener) = (ann.talk().await, bo.talk().await);
    let mut said = ids("before-", 1);
    say_all(&mut lines, &said).await;
    assert_eq!(outcome(&mut lines, &said).await, 1);
    for round in 0..3 {
        confined.fill();
        let wanted = ids(&format!("r{round}-"), 100);
        for _ in 0..2 {
            say_all(&mut lines, &wanted).await;
            assert_eq!(outcome(&mut lines, &wanted).await, 0, "none is kept");
        }
        // Reading works, also after a reconnect; only writes are postponed.
        assert_eq!(ids_of(&newcomer(&ann).await), said);
        let page = ann.get("/chat").await;
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("before-1"));
        assert_eq!(confined.server.browser().log_in("Cai").await.status(), 503);
        assert_eq!(confined.server.browser().get("/healthz").await.status(), 200);

        confined.clear();
        say_all(&mut lines, &wanted).await;
        assert_eq!(outcome(&mut lines, &wanted).await, 100, "it goes on by itself");
        said.extend(wanted);
        assert_eq!(confined.server.browser().log_in(&format!("Dee {round}")).await.status(), 303);
    }
    for (seq, id) in (1..).zip(&said) {
        let message = listener.message().await;
        assert_eq!(
            (message.seq, message.id.as_str()),
            (seq, id.as_str()),
            "the others hear each once, in order"
        );
    }
    let Confined { server, .. } = confined;
    let (_, log) = server.end("-KILL");
    assert_eq!(log.matches("failed to commit to the store").count(), 3, "said once each time: {log}");
    let server = Server::start(data.path(), &["--backlog", "1000"]);
    assert_eq!(ids_of(&newcomer(&server.person("reader").await).await), said);
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_a_frame_keeps_its_front_and_nothing_in_half() {
    let data = folder();
    let confined = Confined::start(data.path());
    let (ann, bo) = (confined.server.person("Ann").await, confined.server.person("Bo").await);
    let (mut lines, mut listener) = (ann.talk().await, bo.talk().await);
    let mut said = Vec::new();
    for (round, room) in [0, 100, 4_000, 5_000, 30_000, 100_000].into_iter().enumerate() {
        confined.leave_room(room);
        let wanted = ids(&format!("r{round}-"), 150);
        say_all(&mut lines, &wanted).await;
        let kept = outcome(&mut lines, &wanted).await;
        assert!(kept < wanted.len(), "{room} bytes are not enough");
        confined.clear();
        let rest = &wanted[kept..];
        say_all(&mut lines, rest).await;
        assert_eq!(outcome(&mut lines, rest).await, rest.len());
        said.extend(wanted);
    }
    for (seq, id) in (1..).zip(&said) {
        let message = listener.message().await;
        assert_eq!((message.seq, message.id.as_str()), (seq, id.as_str()));
    }
}

#[tokio::test]
async fn a_kill_on_a_full_disk_loses_nothing_that_was_confirmed_and_doubles_nothing() {
    let data = folder();
    let mut cookie: Option<String> = None;
    let mut said = Vec::new();
    for (round, room) in [0, 5_000, 60_000].into_iter().enumerate() {
        let confined = Confined::start(data.path());
        let ann = match &cookie {
            None => confined.server.person("Ann").await,
            Some(cookie) => confined.server.browser().with_cookie(cookie),
        };
        cookie = Some(ann.cookie());
        let mut lines = ann.talk().await;
        lines.say(&format!("first-{round}"), "all is well").await;
        lines.message().await;
        said.push(format!("first-{round}"));
        confined.leave_room(room);
        let wanted = ids(&format!("r{round}-"), 150);
        say_all(&mut lines, &wanted).await;
        let kept = outcome(&mut lines, &wanted).await;
        let Confined { server, .. } = confined;
        server.end("-KILL");

        let server = Server::start(data.path(), &["--backlog", "1000"]);
        let ann = server.browser().with_cookie(cookie.as_deref().unwrap());
        let held = ids_of(&newcomer(&ann).await);
        assert!(held.len() >= said.len() + kept, "what was confirmed is there");
        let mut lines = ann.talk().await;
        say_all(&mut lines, &wanted).await;
        for id in &wanted {
            assert_eq!(
                lines.message().await.id.as_str(),
                id,
                "each is kept by now, and was not before its turn"
            );
        }
        said.extend(wanted);
        assert_eq!(ids_of(&newcomer(&ann).await), said, "each once, in order");
        server.end("-KILL");
    }
}

#[tokio::test]
async fn while_another_program_holds_the_lock_reading_goes_on_and_nobody_hears_what_is_not_kept() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let (mut lines, mut listener) = (ann.talk().await, bo.talk().await);
    lines.say("m1", "before").await;
    assert_eq!((lines.message().await.seq, listener.message().await.seq), (1, 1));
    let other_program = Connection::open(app.data().join("teahouse.db")).unwrap();
    other_program.execute_batch("BEGIN IMMEDIATE; UPDATE room SET head = head + 40").unwrap();
    let wanted = ids("m-", 20);
    say_all(&mut lines, &wanted).await;
    assert_eq!(outcome(&mut lines, &wanted).await, 0);
    assert_eq!(newcomer(&bo).await.head, 1);
    other_program.execute_batch("ROLLBACK").unwrap();
    say_all(&mut lines, &wanted).await;
    assert_eq!(outcome(&mut lines, &wanted).await, 20);
    for (seq, id) in (2..).zip(&wanted) {
        let message = listener.message().await;
        assert_eq!((message.seq, message.id.as_str()), (seq, id.as_str()));
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_stands_in_nobody_else_s_way() {
    for how in ["ABORT", "FAIL", "ROLLBACK"] {
        let app = TestApp::start().await;
        let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
        let (mut lines, mut bo) = (ann.talk_in(&["lobby", "tea"]).await, bo.talk().await);
        let file = Connection::open(app.data().join("teahouse.db")).unwrap();
        file.execute_batch(&format!(
            "CREATE TRIGGER poison BEFORE INSERT ON event WHEN new.text = 'poison'
             BEGIN SELECT RAISE({how}, 'poison'); END"
        ))
        .unwrap();
        let say = |room: &str, id: &str, text: &str| {
            ClientLine::Send { id: id.to_owned(), room: room.to_owned(), text: text.to_owned() }.print()
        };
        let frame = [
            say("lobby", "m1", "one"),
            say("lobby", "m2", "two"),
            say("lobby", "m3", "poison"),
            say("lobby", "m4", "four"),
            say("tea", "t1", "another room"),
        ];
        lines.send_text(&frame.join("\n")).await;
        let (mut kept, mut refused) = (Vec::new(), Vec::new());
        while kept.len() + refused.len() < 5 {
            match lines.next().await {
                ServerLine::Message(message) => kept.push((message.id.to_string(), message.seq)),
                ServerLine::Refused(refusal) => refused.push((refusal.id.unwrap(), refusal.code)),
                _ => {}
            }
        }
        kept.sort_unstable();
        let kept: Vec<(&str, u64)> = kept.iter().map(|(id, seq)| (id.as_str(), *seq)).collect();
        assert_eq!(kept, [("m1", 1), ("m2", 2), ("t1", 1)], "{how}");
        let refusals =
            [("m3".to_owned(), RefusalCode::StoreUnavailable), ("m4".to_owned(), RefusalCode::OutOfOrder)];
        assert_eq!(refused, refusals, "{how}");

        bo.say("b1", "it goes on").await;
        for (seq, text) in [(1, "one"), (2, "two"), (3, "it goes on")] {
            let message = bo.message().await;
            assert_eq!((message.seq, &*message.text), (seq, text), "{how}");
        }
        // A client that gives the message up can continue after it.
        lines.join("lobby").await;
        lines.joined().await;
        lines.say("m4", "four").await;
        let four = lines
            .until(|line| match line {
                ServerLine::Message(message) if message.id.as_str() == "m4" => Some(message),
                _ => None,
            })
            .await;
        assert_eq!(four.seq, 4, "{how}");
    }
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_refused_by_itself_and_the_other_rooms_are_entered() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["lobby", "tea", "broken"]).await;
    for room in ["lobby", "tea", "broken"] {
        lines.say_in(room, "m1", "hi").await;
        lines.message().await;
    }
    let file = Connection::open(app.data().join("teahouse.db")).unwrap();
    let spoil = "UPDATE event SET client = ?1 WHERE room = (SELECT id FROM room WHERE name = 'broken')";
    file.execute(spoil, ["what is no id"]).unwrap();
    let mut lines = ann.open().await;
    let rooms = ["lobby", "no such room", "broken", "tea"].map(|room| format!(r#"{{"room":"{room}"}}"#));
    lines.send_text(&format!(r#"{{"hello":{{"rooms":[{}]}}}}"#, rooms.join(","))).await;
    let mut answers = BTreeMap::new();
    while answers.len() < 4 {
        let (room, refusal) = match lines.next().await {
            ServerLine::Joined(joined) => (joined.room.to_string(), None),
            ServerLine::Refused(refused) => {
                (refused.room.unwrap(), Some((refused.code, refused.retry_ms.is_some())))
            }
            _ => continue,
        };
        assert_eq!(answers.insert(room, refusal), None, "each has one answer");
    }
    let expected = [
        ("lobby", None),
        ("no such room", Some((RefusalCode::RoomUnfit, false))),
        ("broken", Some((RefusalCode::StoreUnavailable, true))),
        ("tea", None),
    ];
    assert_eq!(answers, BTreeMap::from(expected.map(|(room, refusal)| (room.to_owned(), refusal))));
    lines.say_in("tea", "m2", "in").await;
    assert_eq!(lines.message().await.seq, 2);
    file.execute(spoil, ["m1"]).unwrap();
    lines.join("broken").await;
    assert_eq!(lines.joined().await.room.as_str(), "broken", "and it may be asked for again");
}
