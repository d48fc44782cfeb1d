//! Restores: the server has the backup's contents and a new epoch, and the previous database is preserved.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chat::protocol::{ClientLine, RoomPosition};
use rusqlite::Connection;

use super::{MANY, archive, contents, done, fill, held, import, kill_in_the_middle, names, refused, work};
use crate::support::{
    folder,
    program::{Server, finish, teahouse},
};

fn word(path: &Path) -> &str {
    path.to_str().expect("tests name their files in Unicode")
}

/// Makes a backup of a room with these messages.
fn backup_of(texts: &[&str], folder: &Path, name: &str) -> PathBuf {
    let data = tempfile::tempdir().unwrap();
    done(&import(data.path(), &archive("lobby", texts)));
    let file = folder.join(name);
    done(&work(data.path(), &["backup", word(&file)]));
    file
}

/// Returns the database that was set aside.
#[track_caller]
fn set_aside(data: &Path) -> PathBuf {
    let is_aside = |name: &String| name.starts_with("teahouse-") && !name.ends_with("-wal");
    let aside: Vec<String> = names(data).into_iter().filter(is_aside).collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    data.join(&aside[0])
}

#[tokio::test]
async fn who_was_ahead_of_the_backup_is_shown_the_new_life_and_goes_on_talking() {
    let (data, target) = (folder(), folder());
    let server = Server::start(data.path(), &[]);
    let ann = server.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let old = lines.joined().await.epoch;
    lines.say("m1", "before").await;
    let before = lines.message().await;
    let file = target.path().join("b.db");
    done(&work(data.path(), &["backup", word(&file)]));
    lines.say("m2", "after").await;
    assert_eq!(lines.message().await.seq, 2, "it is acknowledged, and not in the backup");
    drop(lines);
    assert_eq!(server.end("-KILL").0, None);

    let said = work(data.path(), &["restore", word(&file)]);
    assert!(done(&said).contains("1 room with 1 message from"), "{}", done(&said));
    assert!(done(&said).contains(word(&set_aside(data.path()))), "{}", done(&said));
    let server = Server::start(data.path(), &[]);
    let mut lines = server.browser().with_cookie(&ann.cookie()).open().await;
    let place = RoomPosition { room: "lobby".to_owned(), epoch: Some(old.to_string()), seq: Some(2) };
    lines.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let joined = lines.joined().await;
    assert!(!joined.resumed, "its position is of another life");
    assert_ne!(joined.epoch, old);
    assert_eq!((joined.head, joined.oldest), (1, 1));
    assert_eq!(joined.events, [chat::protocol::Event::Message(before.clone())]);
    lines.say("m1", "before").await;
    assert_eq!(lines.message().await, before, "what the backup holds is still said once");
    lines.say("m2", "after").await;
    let again = lines.message().await;
    assert_eq!(
        (again.seq, again.id.as_str(), &*again.text),
        (2, "m2", "after"),
        "what it lost can be said again"
    );
    lines.say("m3", "and on").await;
    assert_eq!(lines.message().await.seq, 3);
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
    assert_eq!(held(&set_aside(data.path())), (old.to_string(), vec!["before".into(), "after".into()]));
}

#[test]
fn each_restore_begins_an_epoch_of_its_own_and_loses_nothing() {
    let target = folder();
    let file = backup_of(&["茶"], target.path(), "a?b#c %20 茶.db");
    let before = fs::read(&file).unwrap();
    let data = target.path().join("new/data");
    let said = work(&data, &["restore", word(&file)]);
    assert!(!done(&said).contains("what was there"), "nothing was there");
    let database = data.join("teahouse.db");
    let first = held(&database);
    done(&work(&data, &["restore", word(&file)]));
    let second = held(&database);
    done(&work(&data, &["restore", word(&file)]));
    let third = held(&database);
    assert_eq!((&*first.1, &first.1, &second.1), (&["茶".to_owned()][..], &second.1, &third.1));
    let epochs = [&held(&file).0, &first.0, &second.0, &third.0];
    for (index, epoch) in epochs.iter().enumerate() {
        assert!(!epochs[index + 1..].contains(epoch), "{epochs:?}");
    }
    let aside = names(&data).into_iter().filter(|name| name.starts_with("teahouse-"));
    let mut aside: Vec<String> = aside.map(|name| held(&data.join(name)).0).collect();
    aside.sort();
    let mut gone = vec![first.0, second.0];
    gone.sort();
    assert_eq!(aside, gone, "both that were there are kept, even those of one second");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(names(&data).len(), 4, "{:?}", names(&data));
}

#[test]
fn what_is_no_backup_is_refused_and_all_stays_as_it_was_to_the_byte() {
    let (data, target) = (folder(), folder());
    done(&import(data.path(), &archive("lobby", &["precious"])));
    let path = |name: &str| target.path().join(name);
    fs::write(path("empty.db"), "").unwrap();
    fs::write(path("letter.db"), "Dear all, this is a letter and no database. ".repeat(300)).unwrap();
    Connection::open(path("other.db")).unwrap().execute_batch("CREATE TABLE shop (tea TEXT)").unwrap();
    let newer = Connection::open(backup_of(&["tea"], target.path(), "newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let whole = fs::read(backup_of(&["tea"; 500], target.path(), "whole.db")).unwrap();
    fs::write(path("cut.db"), &whole[..whole.len() / 8_192 * 4_096]).unwrap();
    let mut scratched = whole.clone();
    scratched[5 * 4_096..7 * 4_096].fill(0xA5);
    fs::write(path("scratched.db"), scratched).unwrap();
    let mut crooked = whole.clone();
    let named = crooked.windows(5).position(|bytes| bytes == b"lobby").unwrap();
    crooked[named + 4] = b'x';
    fs::write(path("crooked.db"), crooked).unwrap();
    fs::write(path("in-use.db"), &whole).unwrap();
    fs::write(path("in-use.db-wal"), "what was said last").unwrap();
    let homeless = Connection::open(backup_of(&["tea"], target.path(), "homeless.db")).unwrap();
    homeless.execute_batch("PRAGMA foreign_keys = OFF; UPDATE event SET room = 7").unwrap();
    drop(homeless);
    let lifeless = Connection::open(backup_of(&["tea"], target.path(), "lifeless.db")).unwrap();
    lifeless.execute_batch("DELETE FROM meta").unwrap();
    drop(lifeless);
    fs::create_dir(path("folder.db")).unwrap();

    let before = contents(data.path());
    let backups = |folder: &Path| {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = files.filter(|file| file.is_file()).collect();
        files.sort();
        files.into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect::<Vec<_>>()
    };
    let given = backups(target.path());
    for (name, why) in [
        ("missing.db", "No such file"),
        ("folder.db", "cannot be read"),
        ("empty.db", "not a Teahouse database"),
        ("letter.db", "not a database"),
        ("other.db", "not a Teahouse database"),
        ("newer.db", "newer Teahouse (schema 99"),
        ("cut.db", "malformed"),
        ("scratched.db", "damaged"),
        ("crooked.db", "missing from index"),
        ("in-use.db", "in-use.db-wal"),
        ("homeless.db", "a room that is not there"),
        ("lifeless.db", "which life"),
    ] {
        refused(&work(data.path(), &["restore", word(&path(name))]), &[word(&path(name)), why]);
        let nowhere = target.path().join("nowhere");
        refused(&work(&nowhere, &["restore", word(&path(name))]), &[name]);
        assert!(!nowhere.exists());
    }
    assert!(contents(data.path()) == before);
    assert_eq!(backups(target.path()), given);
    done(&work(data.path(), &["restore", word(&path("whole.db"))]));
}

#[tokio::test]
async fn beside_a_running_server_nothing_is_restored_or_imported() {
    let (data, target) = (folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    let mut server = Server::start(data.path(), &[]);
    let mut lines = server.person("Ann").await.talk().await;
    lines.say("m1", "one").await;
    lines.message().await;
    // The server keeps writing to its own files, but none may be added or removed.
    let kept = || {
        let mut kept = names(data.path());
        kept.retain(|name| !name.starts_with("search.db"));
        kept
    };
    let before = kept();
    let folder = word(data.path());
    refused(&work(data.path(), &["restore", word(&file)]), &["stop the server first", folder]);
    refused(&import(data.path(), &archive("tea", &["hi"])), &["stop the server first", folder]);
    assert_eq!(kept(), before);
    assert!(server.is_running());
    lines.say("m2", "two").await;
    assert_eq!(lines.message().await.seq, 2);
    drop(lines);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn while_another_program_has_the_database_open_it_is_not_moved() {
    let (data, target) = (folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    done(&import(data.path(), &archive("lobby", &["precious"])));
    let database = data.path().join("teahouse.db");
    let other_program = Connection::open(&database).unwrap();
    other_program.pragma_update(None, "journal_mode", "WAL").unwrap();
    other_program.execute("UPDATE event SET text = 'more precious'", ()).unwrap();
    let before = fs::read(&database).unwrap();
    refused(&work(data.path(), &["restore", word(&file)]), &["another program", word(&database)]);
    assert_eq!(fs::read(&database).unwrap(), before);
    assert!(!names(data.path()).iter().any(|name| name.starts_with("teahouse-") || name.ends_with("part")));
    drop(other_program);
    assert_eq!(held(&database).1, ["more precious"]);
    done(&work(data.path(), &["restore", word(&file)]));
}

#[test]
fn what_only_the_write_ahead_log_held_is_in_what_was_set_aside() {
    let (data, target, killed) = (folder(), folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    done(&import(data.path(), &archive("lobby", &["one"])));
    let connection = Connection::open(data.path().join("teahouse.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute("UPDATE event SET text = 'two'", ()).unwrap();
    for name in ["teahouse.db", "teahouse.db-wal"] {
        fs::copy(data.path().join(name), killed.path().join(name)).unwrap();
    }
    done(&work(killed.path(), &["restore", word(&file)]));
    let aside = set_aside(killed.path());
    assert_eq!(names(killed.path()).len(), 3, "{:?}", names(killed.path()));
    let alone = target.path().join("alone.db");
    fs::copy(aside, &alone).unwrap();
    assert_eq!(held(&alone).1, ["two"]);
    assert_eq!(held(&killed.path().join("teahouse.db")).1, ["tea"]);
}

#[test]
fn a_damaged_database_gives_way_to_a_backup_and_is_kept_to_the_byte() {
    let (data, target) = (folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    let letter = "no database at all, whatever its name may be".repeat(200);
    fs::write(data.path().join("teahouse.db"), &letter).unwrap();
    fs::write(data.path().join("teahouse.db-wal"), "said last").unwrap();
    fs::write(data.path().join("teahouse.db-shm"), "of no use").unwrap();
    done(&work(data.path(), &["restore", word(&file)]));
    let aside = set_aside(data.path());
    assert_eq!(fs::read_to_string(&aside).unwrap(), letter);
    assert_eq!(fs::read_to_string(format!("{}-wal", word(&aside))).unwrap(), "said last");
    assert_eq!(held(&data.path().join("teahouse.db")).1, ["tea"]);
    assert_eq!(names(data.path()).len(), 4, "{:?}", names(data.path()));
}

#[test]
fn a_write_ahead_log_without_its_database_is_no_part_of_the_restored_one() {
    let (data, target) = (folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    // A real write-ahead log of the very same database, whose pages SQLite would apply.
    let other = folder();
    fs::copy(&file, other.path().join("teahouse.db")).unwrap();
    let connection = Connection::open(other.path().join("teahouse.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute("UPDATE event SET text = 'a ghost'", ()).unwrap();
    fs::copy(other.path().join("teahouse.db-wal"), data.path().join("teahouse.db-wal")).unwrap();
    done(&work(data.path(), &["restore", word(&file)]));
    let connection = Connection::open(data.path().join("teahouse.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(connection);
    assert_eq!(held(&data.path().join("teahouse.db")).1, ["tea"]);
    assert!(names(data.path()).iter().any(|name| name.starts_with("teahouse-") && name.ends_with("-wal")));
}

#[test]
fn the_keys_stay_and_the_index_goes() {
    let (data, target) = (folder(), folder());
    let file = backup_of(&["tea"], target.path(), "b.db");
    for name in ["cookie.keys", "search.db", "search.db-wal", "search.db-shm"] {
        fs::write(data.path().join(name), name).unwrap();
    }
    done(&work(data.path(), &["restore", word(&file)]));
    assert_eq!(names(data.path()), ["cookie.keys", "lock", "teahouse.db"]);
    assert_eq!(fs::read_to_string(data.path().join("cookie.keys")).unwrap(), "cookie.keys");
}

#[test]
fn a_restore_that_is_killed_leaves_the_database_that_was_there() {
    let (full, data, target) = (folder(), folder(), folder());
    fill(full.path(), "lobby");
    let file = target.path().join("b.db");
    done(&work(full.path(), &["backup", word(&file)]));
    done(&import(data.path(), &archive("lobby", &["precious"])));
    let database = data.path().join("teahouse.db");
    let before = held(&database);
    let command = || {
        let mut command = teahouse(target.path(), &["restore", "b.db"]);
        command.arg("--data").arg(data.path());
        command
    };
    kill_in_the_middle(command(), data.path());
    assert_eq!(held(&database), before);
    done(&finish(command()));
    assert_eq!(held(&database).1.len(), MANY);
}
