//! Files from earlier runs: the server starts on its own files as they are, and refuses all others with one
//! clear line, without changing a byte of them or adding new files.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use chat::protocol::{ClientLine, Joined};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{
    TestApp, folder,
    program::{finish, teahouse},
};

fn database(data: &TempDir) -> PathBuf {
    data.path().join("teahouse.db")
}

/// Returns the database and the files beside it.
fn files(data: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let named =
        |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let files = fs::read_dir(data.path()).unwrap().map(|entry| named(entry.unwrap()));
    files.filter(|(name, _)| name.starts_with("teahouse.db")).collect()
}

/// Starts a server on a folder that it must refuse with this message and leave unchanged.
async fn assert_left_alone(data: TempDir, says: &str) {
    let before = files(&data);
    assert!(before.contains_key("teahouse.db"));
    let data = Arc::new(data);
    let reason = TestApp::on(data.clone(), |_| {}).await.refusal().await;
    assert!(reason.contains(database(&data).to_str().unwrap()), "{reason}");
    assert!(reason.contains(says), "{reason}");
    assert!(!reason.contains('\n'), "{reason}");
    let after = files(&data);
    assert!(before.keys().eq(after.keys()), "nothing comes or goes: {:?}", after.keys());
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{name} is left as it was");
    }
}

/// Copies a database that is in use together with its WAL, as a crash would leave it.
fn as_after_a_crash(from: &Path, to: &TempDir) {
    for companion in ["", "-wal"] {
        let copied = format!("{}{companion}", from.display());
        fs::copy(copied, to.path().join(format!("teahouse.db{companion}"))).unwrap();
    }
}

/// Returns a folder with some messages, as a stop or a kill leaves it.
async fn ours(killed: bool) -> TempDir {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say_many("m", 200).await;
    for _ in 0..200 {
        lines.message().await;
    }
    drop(lines);
    if killed {
        let data = folder();
        as_after_a_crash(&app.data().join("teahouse.db"), &data);
        app.stop().await.0.unwrap();
        return data;
    }
    let (ended, data) = app.stop().await;
    ended.unwrap();
    Arc::into_inner(data).unwrap()
}

async fn newcomer(app: &TestApp) -> Joined {
    let mut lines = app.person("Reader").await.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    lines.joined().await
}

#[tokio::test]
async fn somebody_else_s_database_is_refused_and_left_as_it_was() {
    let data = folder();
    let connection = Connection::open(database(&data)).unwrap();
    connection
        .execute_batch("CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('scones');")
        .unwrap();
    connection.close().unwrap();
    assert_left_alone(data, "not a Teahouse database").await;
}

#[tokio::test]
async fn somebody_else_s_database_that_they_did_not_close_is_refused_and_left_as_it_was() {
    for (mark, rows) in [(0, 1), (0, 10_000), (0x0BAD_F00D, 1)] {
        let (theirs, data) = (folder(), folder());
        let path = theirs.path().join("theirs.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA application_id = {mark}; CREATE TABLE recipe (name TEXT);
                 WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
                 INSERT INTO recipe SELECT 'scones ' || n FROM n;"
            ))
            .unwrap();
        as_after_a_crash(&path, &data);
        assert!(files(&data)["teahouse.db-wal"].len() > 4_096, "it has a log that is not in the file yet");
        assert_left_alone(data, "not a Teahouse database").await;
    }
}

#[tokio::test]
async fn a_database_of_another_program_without_tables_is_refused_too() {
    let data = folder();
    let connection = Connection::open(database(&data)).unwrap();
    connection.pragma_update(None, "application_id", 0x0BAD_F00D).unwrap();
    connection.close().unwrap();
    assert_left_alone(data, "not a Teahouse database").await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_was() {
    for content in ["scones ".repeat(1_000), "s".to_owned()] {
        let data = folder();
        fs::write(database(&data), content).unwrap();
        assert_left_alone(data, "not a Teahouse database").await;
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_was() {
    let data = ours(false).await;
    let connection = Connection::open(database(&data)).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", version + 1).unwrap();
    connection.close().unwrap();
    assert_left_alone(data, "newer").await;
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_was() {
    for killed in [false, true] {
        let data = ours(killed).await;
        if killed {
            // All changes but the last have left the WAL, so that the damage shows.
            let connection = Connection::open(database(&data)).unwrap();
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            connection.execute("UPDATE room SET name = 'foyer'", ()).unwrap();
            let crashed = folder();
            as_after_a_crash(&database(&data), &crashed);
            drop(connection);
            damage(&crashed);
            assert_left_alone(crashed, "damaged").await;
        } else {
            damage(&data);
            assert_left_alone(data, "damaged").await;
        }
    }
}

/// Overwrites a page in the middle of the database with garbage.
fn damage(data: &TempDir) {
    let mut bytes = fs::read(database(data)).unwrap();
    assert!(bytes.len() >= 10 * 4_096, "there is a middle");
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 4_096].fill(0xEE);
    fs::write(database(data), bytes).unwrap();
}

#[tokio::test]
async fn a_database_that_was_cut_short_is_refused_and_left_as_it_was() {
    for keep in [3 * 4_096, 4_096 + 7] {
        let data = ours(false).await;
        let bytes = fs::read(database(&data)).unwrap();
        fs::write(database(&data), &bytes[..keep]).unwrap();
        assert_left_alone(data, "damaged").await;
    }
}

#[tokio::test]
async fn an_epoch_that_is_none_is_damage() {
    let data = ours(false).await;
    let connection = Connection::open(database(&data)).unwrap();
    connection.execute("UPDATE meta SET value = 'no epoch!' WHERE key = 'epoch'", ()).unwrap();
    connection.close().unwrap();
    assert_left_alone(data, "epoch").await;
}

#[tokio::test]
async fn a_stop_leaves_one_file_in_which_everything_is() {
    let data = ours(false).await;
    assert!(files(&data).keys().eq(["teahouse.db"]), "{:?}", files(&data).keys());
    let app = TestApp::on(Arc::new(data), |_| {}).await;
    assert_eq!(newcomer(&app).await.head, 200);
}

#[tokio::test]
async fn a_folder_as_a_kill_left_it_is_served_from() {
    let data = Arc::new(ours(true).await);
    assert_eq!(
        fs::read(database(&data)).unwrap()[68..72],
        *b"TEAH",
        "whose it is can be seen from the start"
    );
    let app = TestApp::on(data.clone(), |_| {}).await;
    let joined = newcomer(&app).await;
    assert_eq!((joined.head, joined.events.len()), (200, 100));
}

#[tokio::test]
async fn a_file_that_was_killed_before_its_mark_had_left_the_log_is_served_from() {
    let (making, data) = (folder(), folder());
    let path = making.path().join("making.db");
    let connection = Connection::open(&path).unwrap();
    // As the first version did it: everything after the first line is in the WAL only.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x54454148;").unwrap();
    as_after_a_crash(&path, &data);
    drop(connection);
    let file = fs::read(database(&data)).unwrap();
    assert_eq!(file[68..72], [0; 4], "the mark is not in the file");
    let app = TestApp::on(Arc::new(data), |_| {}).await;
    assert_eq!(newcomer(&app).await.head, 0);
}

#[tokio::test]
async fn an_empty_file_is_a_new_one() {
    let data = folder();
    fs::write(database(&data), "").unwrap();
    let app = TestApp::on(Arc::new(data), |_| {}).await;
    assert_eq!(newcomer(&app).await.head, 0);
}

/// Runs the program so that file permissions apply to it, even if root runs the tests.
fn run_without_privileges(data: &Path) -> Output {
    let here = folder();
    let mut command = teahouse(here.path(), &["--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(data);
    let is_root = Command::new("id").arg("-u").output().expect("there is an id command").stdout == b"0\n";
    if is_root {
        // Root bypasses permissions by these two capabilities; without them it is a user like any other.
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new("setpriv");
        let without = ["--bounding-set", "-dac_override,-dac_read_search"];
        command.args(without).arg(program).args(arguments).current_dir(here.path());
    }
    command.stdin(Stdio::null());
    finish(command)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_must_not_be_written_stops_the_start_with_one_line_that_says_so() {
    let data = ours(false).await;
    let before = files(&data);
    for (file, folder, named, says) in [
        (0o444, 0o755, database(&data), "cannot be written"),
        (0o644, 0o555, database(&data), "cannot be written"),
        (0o000, 0o755, database(&data), "cannot be read"),
        (0o644, 0o000, data.path().to_owned(), "cannot be used"),
    ] {
        set_mode(&database(&data), file);
        set_mode(data.path(), folder);
        let path = data.path().to_owned();
        let ran = tokio::task::spawn_blocking(move || run_without_privileges(&path)).await.unwrap();
        set_mode(data.path(), 0o755);
        set_mode(&database(&data), 0o644);
        let stderr = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(named.to_str().unwrap()) && stderr.contains(says), "{stderr}");
        assert!(files(&data) == before, "and everything is left as it was");
    }
}

#[tokio::test]
async fn a_database_that_another_program_has_to_itself_stops_the_start_with_one_line() {
    let data = ours(false).await;
    let other_program = Connection::open(database(&data)).unwrap();
    other_program
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE room SET head = head;")
        .unwrap();
    let data = Arc::new(data);
    let reason = TestApp::on(data.clone(), |_| {}).await.refusal().await;
    assert!(reason.contains(database(&data).to_str().unwrap()) && reason.contains("locked"), "{reason}");
    assert!(!reason.contains('\n'), "{reason}");
    other_program.execute_batch("COMMIT").unwrap();
    drop(other_program);
    assert_eq!(newcomer(&TestApp::on(data, |_| {}).await).await.head, 200);
}
