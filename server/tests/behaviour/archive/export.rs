//! Exports: the rooms' contents at one moment, in the documented format.

use std::fs;

use super::{MANY, archive, done, exported, fill, import, names, refused, work};
use crate::support::{
    folder,
    program::{Server, finish, teahouse, text},
};

const DOCUMENT: &str = include_str!("../../../../docs/archive-format.md");

/// Returns the example archive in the document.
fn example() -> &'static str {
    let (_, example) = DOCUMENT.split_once("```json archive\n").expect("there is an example");
    example.split_once("```").expect("it ends").0
}

#[test]
fn the_example_of_the_document_is_imported_and_exported_again_to_the_byte() {
    assert_eq!(DOCUMENT.matches("```json").count(), 1, "every example is executed");
    let data = folder();
    let said = import(data.path(), example());
    assert!(done(&said).contains("3 rooms with 3 messages from standard input"));
    let output = work(data.path(), &["export"]);
    assert!(done(&output).contains("3 rooms with 3 messages"));
    let ((header, lines), (documented, rest)) =
        (text(&output.stdout).split_once('\n').unwrap(), example().split_once('\n').unwrap());
    assert_eq!(lines, rest);
    let shape = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let archive = line["archive"].as_object().unwrap();
        assert_eq!(archive["at"].as_u64().map(|at| at > 1_600_000_000_000), Some(true));
        assert!(!archive["epoch"].as_str().unwrap().is_empty());
        let keys: Vec<String> = archive.keys().cloned().collect();
        (keys, archive["format"].clone(), archive["version"].clone())
    };
    assert_eq!(shape(header), shape(documented));
}

#[tokio::test]
async fn rooms_are_exported_beside_a_running_server_and_come_back_to_the_byte() {
    let (data, other) = (folder(), folder());
    let server = Server::start(data.path(), &[]);
    let mut ann = server.person("Ann").await.talk_in(&["lobby", "茶室"]).await;
    let mut bo = server.person("小波").await.talk_in(&["lobby", "茶室"]).await;
    for (who, room, id, said) in [
        (0, "lobby", "a", "Tea?"),
        (1, "茶室", "b", "我家在上海东边\n\t\"👩\u{200d}👧\" <b> \\ \u{2028}."),
        (0, "茶室", "a", "好"),
    ] {
        let lines = if who == 0 { &mut ann } else { &mut bo };
        lines.say_in(room, id, said).await;
        while lines.message().await.id.as_str() != id {}
    }
    let first = exported(data.path());
    drop((ann, bo));
    assert_eq!(server.end("-TERM").0, Some(0));
    assert_eq!(exported(data.path()), first, "the server's end changes nothing");
    let file = other.path().join("rooms.jsonl");
    done(&work(data.path(), &["export", "--output", file.to_str().unwrap()]));
    let empty = other.path().join("new/folder");
    done(&work(&empty, &["import", file.to_str().unwrap()]));
    assert_eq!(exported(&empty), first);
    assert!(first.contains("我家在上海东边"), "{first}");
    assert_eq!(first.lines().count(), 2 + 3 + 1);
}

#[tokio::test]
async fn an_export_while_people_talk_is_of_one_moment() {
    let data = folder();
    // While this room is exported, messages are sent to the next.
    fill(data.path(), "a");
    let server = Server::start(data.path(), &["--rate-send", "0"]);
    let mut lines = server.person("Ann").await.talk_in(&["a", "z"]).await;
    // Sent to z only after the message to a is acknowledged, so z is never ahead.
    let mut say = async |id: String| {
        for room in ["a", "z"] {
            lines.say_in(room, &id, "and on it goes").await;
            lines.message().await;
        }
    };
    say("first".to_owned()).await;
    let mut command = teahouse(data.path(), &["export"]);
    command.arg("--data").arg(data.path());
    let export = tokio::task::spawn_blocking(|| finish(command));
    let mut said = 1;
    while !export.is_finished() {
        said += 1;
        say(format!("m{said}")).await;
    }
    let output = export.await.unwrap();
    done(&output);
    let lines = text(&output.stdout).lines().map(serde_json::from_str::<serde_json::Value>);
    let heads: Vec<u64> = lines.filter_map(|line| line.unwrap()["room"]["head"].as_u64()).collect();
    let [a, z] = heads[..] else { panic!("{heads:?}") };
    let a = a - MANY as u64;
    assert!(a == z || a == z + 1, "{a} and {z} were never so at once");
    assert!(z < said, "people talked on meanwhile");
    server.end("-TERM");
}

#[test]
fn only_the_rooms_that_are_asked_for_are_exported() {
    let data = folder();
    for room in ["lobby", "tea", "茶室"] {
        done(&import(data.path(), &archive(room, &["hi"])));
    }
    let output = work(data.path(), &["export", "--room", "茶室", "--room", "Tea"]);
    assert!(done(&output).contains("2 rooms with 2 messages"));
    let rooms: Vec<&str> =
        text(&output.stdout).lines().filter(|line| line.starts_with("{\"room\"")).collect();
    assert_eq!(rooms.len(), 2);
    assert!(rooms[0].contains("tea") && rooms[1].contains("茶室"), "{rooms:?}");
    let output = work(data.path(), &["export", "--room", "tea", "--room", "上海"]);
    refused(&output, &["no room 上海"]);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn an_export_never_overwrites() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["hi"])));
    let file = target.path().join("rooms.jsonl");
    fs::write(&file, "precious").unwrap();
    let words = ["export", "--output", file.to_str().unwrap()];
    refused(&work(data.path(), &words), &["rooms.jsonl exists already"]);
    let other = target.path().join("b");
    let words = ["export", "--room", "nowhere", "--output", other.to_str().unwrap()];
    refused(&work(data.path(), &words), &["nowhere"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(names(target.path()), ["rooms.jsonl"]);
}

#[test]
fn a_room_larger_than_a_page_is_exported_without_a_hole() {
    let data = folder();
    let texts: Vec<String> = (1..=2_001).map(|n| format!("said {n}")).collect();
    let lines = archive("lobby", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    done(&import(data.path(), &lines));
    assert_eq!(exported(data.path()), lines.split_once('\n').unwrap().1);
}

#[test]
fn nothing_of_a_data_folder_changes_by_looking_at_it() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["hi"])));
    let before = super::contents(data.path());
    exported(data.path());
    done(&work(data.path(), &["backup", target.path().join("b.db").to_str().unwrap()]));
    assert_eq!(super::contents(data.path()), before);
}
