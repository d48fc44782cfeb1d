//! Imports: exactly what was exported, or nothing.

use std::fs;

use chat::protocol::{ClientLine, Event, RefusalCode};

use super::{HEADER, archive, contents, done, exported, import, names, refused, work};
use crate::support::{folder, program::Server};

#[tokio::test]
async fn imported_messages_are_where_they_were_and_sending_one_again_is_no_second() {
    let (data, other) = (folder(), folder());
    let server = Server::start(data.path(), &[]);
    let ann = server.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let old = lines.joined().await.epoch;
    lines.say("m1", "我家在上海东边").await;
    lines.say("m2", "tea").await;
    let said = [lines.message().await, lines.message().await];
    let file = other.path().join("rooms.jsonl");
    done(&work(data.path(), &["export", "--output", file.to_str().unwrap()]));
    drop(lines);
    server.end("-TERM");

    let new = other.path().join("data");
    done(&work(&new, &["import", file.to_str().unwrap()]));
    for name in ["cookie.keys", "house.id"] {
        fs::copy(data.path().join(name), new.join(name)).unwrap();
    }
    let server = Server::start(&new, &[]);
    let mut lines = server.browser().with_cookie(&ann.cookie()).open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let joined = lines.joined().await;
    assert_ne!(joined.epoch, old, "what is imported lives another life");
    assert_eq!(joined.events, said.clone().map(Event::Message));
    lines.say("m1", "我家在上海东边").await;
    assert_eq!(lines.message().await, said[0]);
    lines.say("m2", "something else").await;
    assert_eq!(lines.refused().await.code, RefusalCode::IdReused);
    lines.say("m3", "and on").await;
    assert_eq!(lines.message().await.seq, 3);
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[tokio::test]
async fn a_log_whose_beginning_is_no_longer_kept_goes_on_where_it_was() {
    let data = folder();
    let lines = archive("lobby", &["one", "two", "three"]);
    let kept: Vec<&str> = lines.lines().filter(|line| !line.contains("\"seq\":1,")).collect();
    let kept =
        kept.join("\n").replace("\"oldest\":1", "\"oldest\":2").replace("\"events\":3", "\"events\":2");
    done(&import(data.path(), &(kept + "\n")));
    let server = Server::start(data.path(), &[]);
    let mut lines = server.person("Bo").await.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let joined = lines.joined().await;
    assert_eq!((joined.head, joined.oldest, joined.events.len()), (3, 2, 2));
    lines.say("b1", "four").await;
    assert_eq!(lines.message().await.seq, 4);
}

#[test]
fn a_room_in_which_nothing_is_kept_keeps_its_place() {
    let data = folder();
    let lines = format!(
        "{HEADER}{}\n{}\n",
        r#"{"room":{"room":"a","head":7,"oldest":0}}"#, r#"{"end":{"rooms":1,"events":0}}"#
    );
    done(&import(data.path(), &lines));
    assert_eq!(exported(data.path()), lines.split_once('\n').unwrap().1);
}

#[test]
fn rooms_come_beside_those_that_are_there_which_are_never_touched() {
    let data = folder();
    done(&import(data.path(), &archive("lobby", &["precious"])));
    done(&import(data.path(), &archive("empty", &[])));
    let before = exported(data.path());
    let again = import(data.path(), &archive("lobby", &["precious"]));
    refused(&again, &["line 2", "room lobby", "seq 1"]);
    let mut two = archive("new", &["tea"]).replace("{\"end\":{\"rooms\":1,\"events\":1}}\n", "");
    two.push_str(archive("lobby", &["more"]).split_once('\n').unwrap().1);
    refused(
        &import(data.path(), &two.replace("\"rooms\":1,\"events\":1", "\"rooms\":2,\"events\":2")),
        &["line 4", "lobby"],
    );
    assert_eq!(exported(data.path()), before, "the new room is not there either");
    done(&import(data.path(), &archive("empty", &["no longer"])));
    done(&import(data.path(), &archive("茶室", &["茶"])));
    let after = exported(data.path());
    for kept in ["precious", "no longer", "茶室"] {
        assert!(after.contains(kept), "{after}");
    }
}

#[test]
fn an_id_that_was_used_again_after_it_was_forgotten_is_remembered_for_the_last_message() {
    let data = folder();
    let lines = archive("lobby", &["long ago", "today"]).replace("\"id\":\"m2\"", "\"id\":\"m1\"");
    done(&import(data.path(), &lines));
    assert_eq!(exported(data.path()), lines.split_once('\n').unwrap().1);
    let connection = rusqlite::Connection::open(data.path().join("teahouse.db")).unwrap();
    let seqs: Vec<i64> = connection
        .prepare("SELECT seq FROM sent")
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(seqs, [2]);
}

/// Faults of an archive: the replaced text in [`good`], its replacement, and the texts in the error.
const FAULTS: &[(&str, &str, &[&str])] = &[
    ("{\"room\":{\"room\":\"tea\"", "room {\"room\":{\"room\":\"tea\"", &["line 5", "column 1"]),
    ("\"seq\":2,", "", &["line 4", "missing field `seq`"]),
    ("\"text\":\"two\"", "\"text\":2", &["line 4", "expected a string"]),
    (
        "{\"message\":{\"room\":\"茶室\",\"seq\":2",
        "{\"dance\":{\"room\":\"茶室\",\"seq\":2",
        &["line 4", "`dance`"],
    ),
    ("{\"message\":{\"room\":\"茶室\",\"seq\":2", "\n{\"message\":{\"room\":\"茶室\",\"seq\":2", &["line 4"]),
    ("\"seq\":2,", "\"seq\":1,", &["line 4", "茶室", "seq 2, not 1"]),
    ("\"seq\":2,", "\"seq\":3,", &["line 4", "茶室", "seq 2, not 3"]),
    ("\"head\":2", "\"head\":3", &["line 5", "茶室", "before seq 3"]),
    ("\"head\":2", "\"head\":1", &["line 4", "茶室", "ended with seq 1"]),
    ("\"head\":2,\"oldest\":1", "\"head\":2,\"oldest\":3", &["line 2", "茶室", "from 3 to 2"]),
    ("\"head\":2", "\"head\":9007199254740992", &["line 2", "茶室"]),
    ("\"head\":2", "\"head\":-2", &["line 2"]),
    ("{\"room\":\"tea\",\"seq\"", "{\"room\":\"lobby\",\"seq\"", &["line 6", "lobby", "tea"]),
    ("{\"room\":{\"room\":\"tea\"", "{\"room\":{\"room\":\"茶室\"", &["line 5", "茶室 has come already"]),
    ("{\"room\":{\"room\":\"tea\"", "{\"room\":{\"room\":\"a b\"", &["line 5", "' '"]),
    ("{\"room\":{\"room\":\"tea\"", "{\"room\":{\"room\":\"Tea\"", &["line 5", "lower case"]),
    ("{\"room\":{\"room\":\"tea\"", "{\"room\":{\"room\":\"te…\"", &["line 5", "te…"]),
    ("\"id\":\"m2\"", "\"id\":\"no id\"", &["line 4", "A-Z"]),
    ("\"id\":\"m2\",\"user\":{\"id\":\"u1\"", "\"id\":\"m2\",\"user\":{\"id\":\"\"", &["line 4", "empty"]),
    ("\"name\":\"Ann\"},\"text\":\"two\"", "\"name\":\"\"},\"text\":\"two\"", &["line 4", "nickname"]),
    (
        "\"name\":\"Ann\"},\"text\":\"two\"",
        "\"name\":\"A\\u202en\"},\"text\":\"two\"",
        &["line 4", "nickname"],
    ),
    ("\"name\":\"Ann\"},\"text\":\"two\"", "\"name\":\" Ann\"},\"text\":\"two\"", &["line 4", "\" Ann\""]),
    ("\"text\":\"two\"", "\"text\":\" \\n\"", &["line 4", "needs some text"]),
    ("\"text\":\"two\"", "\"text\":\"two\\r\\nlines\"", &["line 4", "line breaks"]),
    ("\"text\":\"two\"", "\"text\":\"two \"", &["line 4", "white space"]),
    ("\"at\":1763683200001", "\"at\":9007199254740992", &["line 4", "at"]),
    ("\"rooms\":2", "\"rooms\":3", &["line 7", "3 rooms", "2 rooms"]),
    ("\"events\":3", "\"events\":2", &["line 7", "2 messages", "3 messages"]),
    ("\"events\":3}}\n", "\"events\":3}}\n{}\n", &["line 8", "after the closing line"]),
    ("\"version\":1", "\"version\":2", &["version 2", "newer"]),
    ("teahouse.archive", "coffeehouse", &["line 1", "coffeehouse"]),
    (
        "{\"end\"",
        "{\"archive\":{\"format\":\"teahouse.archive\",\"version\":1,\"at\":1,\"epoch\":\"e\"}}\n{\"end\"",
        &["line 7", "one line `archive`"],
    ),
];

/// Returns an archive of three messages in two rooms.
fn good() -> String {
    let first = archive("茶室", &["one", "two"]).replace("{\"end\":{\"rooms\":1,\"events\":2}}\n", "");
    let second = archive("tea", &["three"]).replace("\"rooms\":1,\"events\":1", "\"rooms\":2,\"events\":3");
    first + second.split_once('\n').unwrap().1
}

#[test]
fn whatever_is_wrong_with_an_archive_is_said_by_its_line_and_nothing_of_it_is_taken() {
    let (data, new) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["precious"])));
    let before = exported(data.path());
    for (right, wrong, naming) in FAULTS {
        let lines = good().replacen(right, wrong, 1);
        assert_ne!(lines, good(), "{right} is not there");
        refused(&import(data.path(), &lines), naming);
        refused(&import(new.path(), &lines), naming);
        assert!(names(new.path()).iter().all(|name| name == "lock"), "{:?} after {wrong}", names(new.path()));
    }
    assert_eq!(exported(data.path()), before);
    done(&import(data.path(), &good()));
}

#[test]
fn the_first_line_must_be_the_first() {
    let data = folder();
    for lines in ["", "\n", "{}\n", "null\n", "\u{FEFF}{}\n", good().split_once('\n').unwrap().1] {
        refused(&import(data.path(), lines), &["standard input"]);
    }
    assert_eq!(contents(data.path()).len(), 0);
}

#[test]
fn an_archive_that_is_cut_off_anywhere_is_noticed_and_nothing_of_it_is_taken() {
    let data = folder();
    let good = good();
    let last = good.trim_end().len();
    let cuts = (0..last).filter(|cut| good.is_char_boundary(*cut)).step_by(29);
    let ends = good.match_indices('\n').flat_map(|(end, _)| [end, end + 1]).filter(|cut| *cut < last);
    let mut count = 0;
    for cut in cuts.chain(ends) {
        let output = import(data.path(), &good[..cut]);
        refused(&output, &["standard input"]);
        count += 1;
    }
    assert!(count > 20);
    assert!(names(data.path()).iter().all(|name| name == "lock"), "{:?}", names(data.path()));
    refused(&import(data.path(), &good[..good.find("{\"end\"").unwrap()]), &["cut off after line 6"]);
    refused(&import(data.path(), &good[..last - 40]), &["line 6", "cut off"]);
    done(&import(data.path(), &good[..last]));
}

#[test]
fn an_import_that_finds_another_program_at_the_database_changes_nothing() {
    let data = folder();
    done(&import(data.path(), &archive("lobby", &["precious"])));
    let other_program = rusqlite::Connection::open(data.path().join("teahouse.db")).unwrap();
    other_program.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(&import(data.path(), &good()), &["teahouse.db", "locked"]);
    other_program.execute_batch("ROLLBACK").unwrap();
    drop(other_program);
    done(&import(data.path(), &good()));
}
