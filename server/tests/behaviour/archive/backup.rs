//! Backups: they contain every acknowledged message, need no other file, and can be made while users send
//! messages.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rusqlite::Connection;

use super::{MANY, archive, contents, done, fill, held, import, kill_in_the_middle, names, refused, work};
use crate::support::{
    folder,
    program::{Server, finish, teahouse},
};

#[tokio::test]
async fn a_backup_while_people_talk_holds_all_that_was_acknowledged_before_it_and_holds_nobody_up() {
    let (data, target) = (folder(), folder());
    fill(data.path(), "lobby");
    let server = Server::start(data.path(), &["--rate-send", "0"]);
    let mut lines = server.person("Ann").await.talk().await;
    let mut acknowledged = MANY as u64;
    let mut before_all = acknowledged;
    for round in 0..3 {
        lines.say_many(&format!("r{round}-"), 100).await;
        for _ in 0..100 {
            acknowledged = lines.message().await.seq;
        }
        let before = usize::try_from(acknowledged).unwrap();
        let file = target.path().join(format!("backup {round}.db"));
        let mut command = teahouse(target.path(), &["backup"]);
        command.arg(&file).arg("--data").arg(data.path());
        let backup = tokio::task::spawn_blocking(|| finish(command));
        let mut during = 0;
        while !backup.is_finished() {
            during += 1;
            lines.say(&format!("r{round}-during-{during}"), "and on it goes").await;
            acknowledged = lines.message().await.seq;
        }
        let said = backup.await.unwrap();
        let (_, kept) = held(&file);
        assert!(kept.len() >= before, "{} of {before} that were acknowledged", kept.len());
        assert!(done(&said).contains(&format!("1 room with {} messages", kept.len())));
        assert!(acknowledged > before_all, "people went on talking");
        before_all = acknowledged;
    }
    assert_eq!(names(target.path()), ["backup 0.db", "backup 1.db", "backup 2.db"]);
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn a_backup_is_one_file_that_can_be_read_where_nothing_can_be_written() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["茶", "tea"])));
    let file = target.path().join("b.db");
    done(&work(data.path(), &["backup", file.to_str().unwrap()]));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "what people said is for the owner alone");
    let header = fs::read(&file).unwrap();
    assert_eq!(header[18..20], [1, 1], "it asks for no write-ahead log");
    assert_eq!(held(&file).1, ["茶", "tea"]);
    assert_eq!(names(target.path()), ["b.db"]);
}

#[test]
fn a_backup_after_a_kill_holds_what_only_the_write_ahead_log_had() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["one"])));
    let database = data.path().join("teahouse.db");
    let copy = folder();
    let connection = Connection::open(&database).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute("UPDATE event SET text = 'two'", ()).unwrap();
    for name in ["teahouse.db", "teahouse.db-wal"] {
        fs::copy(data.path().join(name), copy.path().join(name)).unwrap();
    }
    let file = target.path().join("b.db");
    done(&work(copy.path(), &["backup", file.to_str().unwrap()]));
    assert_eq!(held(&file).1, ["two"]);
}

#[test]
fn what_was_deleted_does_not_live_on_in_a_backup() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["Xyzzy", "tea"])));
    let connection = Connection::open(data.path().join("teahouse.db")).unwrap();
    connection.execute("DELETE FROM event WHERE seq = 1", ()).unwrap();
    drop(connection);
    let holds = |file: &Path| fs::read(file).unwrap().windows(5).any(|bytes| bytes == b"Xyzzy");
    assert!(holds(&data.path().join("teahouse.db")), "SQLite leaves it in the file");
    let file = target.path().join("b.db");
    done(&work(data.path(), &["backup", file.to_str().unwrap()]));
    assert!(!holds(&file));
}

#[test]
fn a_backup_never_overwrites() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["tea"])));
    let file = target.path().join("b.db");
    fs::write(&file, "precious").unwrap();
    fs::write(target.path().join("c.db-wal"), "of another database").unwrap();
    std::os::unix::fs::symlink("nowhere", target.path().join("d.db")).unwrap();
    let link = fs::read_link(target.path().join("d.db")).unwrap();
    refused(&work(data.path(), &["backup", file.to_str().unwrap()]), &["b.db exists already"]);
    let c = target.path().join("c.db");
    refused(&work(data.path(), &["backup", c.to_str().unwrap()]), &["c.db-wal"]);
    let d = target.path().join("d.db");
    refused(&work(data.path(), &["backup", d.to_str().unwrap()]), &["d.db exists already"]);
    let nowhere = target.path().join("no/such/folder/e.db");
    refused(&work(data.path(), &["backup", nowhere.to_str().unwrap()]), &["no/such/folder/e.db"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(fs::read_link(d).unwrap(), link);
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 3);
}

#[test]
fn what_is_no_database_of_ours_is_not_backed_up() {
    let (data, target) = (folder(), folder());
    let file = target.path().join("b.db");
    let database = data.path().join("teahouse.db");
    for content in ["", "this is a letter, and a long one at that, but not a database of any kind whatsoever"]
    {
        fs::write(&database, content).unwrap();
        refused(&work(data.path(), &["backup", file.to_str().unwrap()]), &["teahouse.db"]);
        assert_eq!(fs::read_to_string(&database).unwrap(), content);
    }
    assert_eq!(contents(target.path()).len(), 0);
}

#[test]
fn a_backup_of_a_damaged_database_is_refused_and_leaves_nothing() {
    let (data, target) = (folder(), folder());
    fill(data.path(), "lobby");
    let database = data.path().join("teahouse.db");
    let length = fs::metadata(&database).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xA5; 8_192], length / 2 / 4_096 * 4_096).unwrap();
    let backup = target.path().join("b.db");
    refused(&work(data.path(), &["backup", backup.to_str().unwrap()]), &[]);
    assert_eq!(contents(target.path()).len(), 0);
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_of_its_name_and_the_next_one_succeeds() {
    let (data, target) = (folder(), folder());
    fill(data.path(), "lobby");
    let file = target.path().join("b.db");
    let command = || {
        let mut command = teahouse(target.path(), &["backup", "b.db"]);
        command.arg("--data").arg(data.path());
        command
    };
    kill_in_the_middle(command(), target.path());
    assert!(!file.exists());
    done(&finish(command()));
    assert_eq!(held(&file).1.len(), MANY);
}
