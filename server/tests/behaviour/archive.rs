//! `backup`, `restore`, `export` and `import`, tested on the program itself.

mod backup;
mod export;
mod import;
mod restore;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
    time::Instant,
};

use rusqlite::Connection;

use crate::support::{
    PATIENCE,
    program::{finish, teahouse, text},
};

/// Runs a command on a data folder; returns its output.
fn work(data: &Path, words: &[&str]) -> Output {
    let mut command = teahouse(Path::new("/"), words);
    command.arg("--data").arg(data);
    finish(command)
}

/// Returns the one line that reports success.
#[track_caller]
fn done(output: &Output) -> &str {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end()
}

/// Checks that the command refused in one line that contains these texts.
#[track_caller]
fn refused(output: &Output, naming: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for name in naming {
        assert!(said.contains(name), "{name} is not named: {said}");
    }
}

/// Returns the contents of all files in a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).expect("it is a folder");
    files.map(|file| file.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Returns the names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    contents(folder).keys().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Returns an archive of one room with messages from one user.
fn archive(room: &str, texts: &[&str]) -> String {
    let count = texts.len();
    let oldest = count.min(1);
    let mut lines = String::from(HEADER);
    writeln!(lines, r#"{{"room":{{"room":"{room}","head":{count},"oldest":{oldest}}}}}"#).unwrap();
    for (index, text) in texts.iter().enumerate() {
        let text = serde_json::to_string(text).unwrap();
        writeln!(
            lines,
            r#"{{"message":{{"room":"{room}","seq":{seq},"id":"m{seq}","user":{{"id":"u1","name":"Ann"}},"text":{text},"at":{at}}}}}"#,
            seq = index + 1,
            at = 1_763_683_200_000_usize + index
        )
        .unwrap();
    }
    writeln!(lines, r#"{{"end":{{"rooms":1,"events":{count}}}}}"#).unwrap();
    lines
}

const HEADER: &str =
    "{\"archive\":{\"format\":\"teahouse.archive\",\"version\":1,\"at\":1763683500000,\"epoch\":\"e1\"}}\n";

/// Imports lines from standard input.
fn import(data: &Path, lines: &str) -> Output {
    let mut command = teahouse(Path::new("/"), &["import", "-"]);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    command.arg("--data").arg(data).stdin(file);
    finish(command)
}

/// Returns the export without its header.
#[track_caller]
fn exported(data: &Path) -> String {
    let output = work(data, &["export"]);
    done(&output);
    let (_, lines) = text(&output.stdout).split_once('\n').unwrap();
    lines.to_owned()
}

/// Sends so many messages to a room that copying it can be interrupted midway.
fn fill(data: &Path, room: &str) {
    let long = "茶".repeat(2_000);
    done(&import(data, &archive(room, &vec![long.as_str(); MANY])));
}

/// Number of messages that [`fill`] sends.
const MANY: usize = 5_000;

/// Starts the program, and kills it as soon as an incomplete file appears in a folder.
fn kill_in_the_middle(mut command: std::process::Command, folder: &Path) {
    let mut child: Child = command.stderr(Stdio::null()).spawn().expect("the program starts");
    let begun = Instant::now();
    let writing = || {
        names_and_sizes(folder).iter().any(|(name, size)| {
            Path::new(name).extension().is_some_and(|extension| extension == "part") && *size > 0
        })
    };
    while !writing() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        assert!(begun.elapsed() < PATIENCE, "it never begins to write");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it was killed in the middle");
}

fn names_and_sizes(folder: &Path) -> Vec<(String, u64)> {
    let files = fs::read_dir(folder).expect("it is a folder").flatten();
    files
        .filter_map(|file| Some((file.file_name().into_string().ok()?, file.metadata().ok()?.len())))
        .collect()
}

/// Checks that a database is sound; returns its epoch and the text of each message in the lobby by seq.
#[track_caller]
fn held(database: &Path) -> (String, Vec<String>) {
    let connection = Connection::open(database).unwrap();
    let sound: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let epoch = connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", (), |row| row.get(0));
    let mut select = connection.prepare("SELECT seq, text FROM event ORDER BY room, seq").unwrap();
    let rows = select.query_map((), |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?))).unwrap();
    let rows: Vec<(u32, String)> = rows.map(Result::unwrap).collect();
    assert!(rows.iter().map(|(seq, _)| *seq).eq(1..=u32::try_from(rows.len()).unwrap()), "without a hole");
    (epoch.unwrap(), rows.into_iter().map(|(_, text)| text).collect())
}

#[test]
fn none_of_the_commands_makes_a_data_folder_to_look_into() {
    let folder = crate::support::folder();
    let missing = folder.path().join("no-such-folder");
    let file = folder.path().join("file").to_str().unwrap().to_owned();
    for words in [&["backup", &file][..], &["export"], &["export", "--output", &file]] {
        refused(&work(&missing, words), &["no-such-folder/teahouse.db"]);
        refused(&work(folder.path(), words), &["there is no database"]);
    }
    refused(&work(&missing, &["restore", &file]), &[&file]);
    refused(&work(&missing, &["import", &file]), &[&file]);
    refused(&import(&missing, "this is no archive\n"), &["standard input"]);
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_pipe_is_no_file_to_copy_a_database_to_or_from() {
    for words in [&["backup", "-"][..], &["restore", "-"], &["export", "--output", "-"]] {
        let output = crate::support::program::run(words, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("not a pipe"), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).lines().count(), 1);
    }
}

#[test]
fn each_command_needs_its_file_and_a_room_that_can_be_one() {
    for words in
        [&["backup"][..], &["restore"], &["import"], &["export", "--room", "a b"], &["backup", "a", "b"]]
    {
        let output = crate::support::program::run(words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(text(&output.stderr).lines().count(), 1);
    }
}

#[test]
fn each_command_tells_what_it_does() {
    for (command, words) in [
        ("backup", &["while a server runs", "cookie.keys", "TEAHOUSE_DATA", "--data"][..]),
        ("restore", &["server must be stopped", "new epoch", "TEAHOUSE_DATA"]),
        ("export", &["--room", "--output", "archive-format.md", "TEAHOUSE_DATA"]),
        ("import", &["server must be stopped", "nothing", "standard input", "TEAHOUSE_DATA"]),
    ] {
        let output = crate::support::program::run(&[command, "--help"], &[]);
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(help.contains(word), "{word} is not in {help}");
        }
        let all = crate::support::program::run(&["--help"], &[]);
        assert!(text(&all.stdout).contains(command));
    }
}
