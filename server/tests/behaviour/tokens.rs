//! API tokens: the program makes, lists and revokes them beside a server, before the first start, and on
//! Redis; it never shows them again.

use std::{fs, path::Path, process::Output};

use crate::support::{
    Hook, Redis, folder,
    program::{Server, finish, run, teahouse, text},
    tokens,
};

/// Returns the one line on standard error and the answer of a successful command.
#[track_caller]
fn done(output: &Output) -> (&str, &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    (said.trim_end(), text(&output.stdout))
}

/// Checks that the command refused in one line that contains these texts.
#[track_caller]
fn refused(output: &Output, code: i32, naming: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(naming.iter().all(|name| said.contains(name)), "{naming:?}: {said}");
    assert_eq!(text(&output.stdout), "");
}

fn secret(token: &str) -> &str {
    token.rsplit('_').next().unwrap()
}

#[tokio::test]
async fn a_hook_that_is_made_before_the_first_start_is_good_after_it_and_until_it_is_revoked() {
    let data = folder();
    let hook = Hook::add(&data.path().join("new"), &["--room", "lobby"]);
    let server = Server::start(&data.path().join("new"), &[]);
    assert_eq!(server.browser().push(&hook.path, &[], "tea").await.status(), 201);
    let later = Hook::add(&data.path().join("new"), &["--room", "lobby"]);
    assert_eq!(server.browser().push(&later.path, &[], "tea").await.status(), 201, "made beside the server");
    let revoked = tokens(&data.path().join("new"), &["hook", "revoke", &hook.id]);
    assert!(done(&revoked).0.contains(&hook.id));
    assert_eq!(server.browser().push(&hook.path, &[], "tea").await.status(), 404, "at once");
    assert_eq!(server.browser().push(&later.path, &[], "tea").await.status(), 201);
    assert_eq!(server.end("-TERM").0, Some(0));
    let server = Server::start(&data.path().join("new"), &[]);
    assert_eq!(server.browser().push(&hook.path, &[], "tea").await.status(), 404);
    assert_eq!(server.browser().push(&later.path, &[], "tea").await.status(), 201, "it outlives the server");
}

#[test]
fn a_token_is_shown_once_and_only_its_digest_is_kept() {
    let data = folder();
    let hook = Hook::add(data.path(), &["--room", "lobby"]);
    assert_eq!(hook.path, format!("/hooks/{}", hook.token));
    assert!(hook.token.starts_with(&format!("th_{}_", hook.id)));
    assert!(secret(&hook.token).len() >= 22, "128 bits and more");
    for file in fs::read_dir(data.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let secret = secret(&hook.token).as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    let list = tokens(data.path(), &["hook", "list"]);
    let (said, answer) = done(&list);
    assert!(said.contains("1 hook"), "{said}");
    assert!(answer.contains(&hook.id) && !answer.contains(secret(&hook.token)), "{answer}");
}

#[test]
fn lists_tell_what_each_is_good_for_and_hold_only_their_own_kind() {
    let data = folder();
    let nothing = tokens(data.path(), &["hook", "list"]);
    assert_eq!(done(&nothing), ("teahouse: there is no hook", ""));
    let hooks = [
        tokens(data.path(), &["hook", "add", "--name", "阿明", "--room", "茶馆", "--rate", "0"]),
        tokens(data.path(), &["hook", "add", "--name", "deploys", "--room", "*", "--channels", "a,b"]),
    ];
    let token = &["token", "add", "--name", "reader", "--scope", "read", "--scope", "write", "--room", "a"];
    let token = tokens(data.path(), &[&token[..], &["--room", "Tea"]].concat());
    let list = tokens(data.path(), &["hook", "list"]);
    let mut rows: Vec<Vec<&str>> = done(&list).1.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.remove(0), ["id", "name", "rooms", "scopes", "a minute", "made"]);
    rows.sort_by_key(|row| row[1]);
    let ids: Vec<String> = hooks.iter().map(|hook| Hook::made(hook).id).collect();
    assert_eq!(rows[0][..5], [&*ids[1], "deploys", "*", "write", "60"]);
    assert_eq!(rows[1][..5], [&*ids[0], "阿明", "茶馆", "write", "any"]);
    assert!(rows[0][5].len() == 10 && rows[0][5].starts_with("20"), "{}", rows[0][5]);
    let list = tokens(data.path(), &["token", "list"]);
    let answer = done(&list).1;
    assert_eq!(answer.lines().count(), 2, "{answer}");
    assert!(answer.contains("reader\ta,tea\tread,write\t600"), "{answer}");
    let (said, answer) = done(&token);
    assert!(said.contains("read,write") && answer.lines().count() == 2, "{said} {answer}");
}

#[test]
fn what_cannot_be_revoked_is_named_and_a_pasted_token_is_not_repeated() {
    let data = folder();
    let hook = Hook::add(data.path(), &["--room", "lobby"]);
    let token = tokens(data.path(), &["token", "add", "--name", "reader", "--scope", "read"]);
    let id = done(&token).1.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    refused(&tokens(data.path(), &["hook", "revoke", "nonsense"]), 1, &["hook list"]);
    refused(&tokens(data.path(), &["hook", "revoke", "000000000000"]), 1, &["000000000000", "hook list"]);
    refused(&tokens(data.path(), &["hook", "revoke", &id]), 1, &[&id, "token revoke"]);
    refused(&tokens(data.path(), &["token", "revoke", &hook.id]), 1, &[&hook.id, "hook revoke"]);
    let revoked = tokens(data.path(), &["hook", "revoke", &format!("https://tea.example{}", hook.path)]);
    let (said, _) = done(&revoked);
    assert!(said.contains(&hook.id) && !said.contains(secret(&hook.token)), "{said}");
    refused(&tokens(data.path(), &["hook", "revoke", &hook.id]), 1, &[&hook.id]);
    done(&tokens(data.path(), &["token", "revoke", &id]));
}

#[test]
fn a_bad_word_is_one_line_that_names_it() {
    let add = ["hook", "add", "--room", "lobby", "--name", "deploys"];
    for (words, naming) in [
        (vec!["hook", "add", "--room", "not a room", "--name", "n"], vec!["--room", "not a room"]),
        (vec!["hook", "add", "--room", "lobby"], vec!["--name"]),
        (vec!["hook", "add", "--name", "n"], vec!["--room"]),
        (vec!["hook", "add", "--room", "lobby", "--name", "\u{202E}n"], vec!["--name"]),
        ([&add[..], &["--rate", "often"]].concat(), vec!["--rate", "often"]),
        ([&add[..], &["--channels", "a b"]].concat(), vec!["--channels", "a b"]),
        ([&add[..], &["--store", "mysql://tea"]].concat(), vec!["--store"]),
        (vec!["token", "add", "--name", "n"], vec!["--scope"]),
        (vec!["token", "add", "--name", "n", "--scope", "all"], vec!["--scope", "all"]),
        (vec!["hook", "revoke"], vec!["<ID>"]),
        (vec!["hook", "brew"], vec!["brew"]),
        (vec!["hook"], vec!["add", "list", "revoke"]),
        (vec!["token"], vec!["add", "list", "revoke"]),
    ] {
        refused(&run(&words, &[]), 2, &naming);
    }
}

#[test]
fn what_is_no_folder_of_ours_is_named_and_left_as_it_was() {
    let data = folder();
    fs::write(data.path().join("teahouse.db"), "a letter, and not a database of any kind whatsoever")
        .unwrap();
    let before = fs::read(data.path().join("teahouse.db")).unwrap();
    refused(&tokens(data.path(), &["hook", "add", "--room", "lobby", "--name", "n"]), 1, &["teahouse.db"]);
    assert_eq!(fs::read(data.path().join("teahouse.db")).unwrap(), before);
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&tokens(&file, &["hook", "list"]), 1, &["file"]);
    let nobody = run(&["hook", "list", "--store", "redis://ann:s3cret@127.0.0.1:1"], &[]);
    refused(&nobody, 1, &["127.0.0.1:1"]);
    assert!(!text(&nobody.stderr).contains("s3cret"));
}

#[test]
fn tokens_on_redis_lie_under_the_prefix() {
    let redis = Redis::start();
    let work = |words: &[&str], prefix: &str| {
        let mut command = teahouse(Path::new("/"), words);
        command.env("TEAHOUSE_STORE", redis.url()).args(["--redis-prefix", prefix]);
        finish(command)
    };
    let hook = Hook::made(&work(&["hook", "add", "--room", "lobby", "--name", "deploys"], "tea"));
    assert!(done(&work(&["hook", "list"], "tea")).1.contains(&hook.id));
    assert_eq!(done(&work(&["hook", "list"], "coffee")).1, "");
    assert!(redis.ask(&["HGET", "tea:records:token", &hook.id]).contains("deploys"));
    assert!(!redis.ask(&["HGETALL", "tea:records:token"]).contains(secret(&hook.token)));
    done(&work(&["hook", "revoke", &hook.id], "tea"));
    refused(&work(&["hook", "revoke", &hook.id], "tea"), 1, &[&hook.id]);
}

#[tokio::test]
async fn a_database_of_an_earlier_version_is_brought_up_to_date_by_the_first_who_comes() {
    let data = folder();
    Hook::add(data.path(), &["--room", "lobby"]);
    let file = rusqlite::Connection::open(data.path().join("teahouse.db")).unwrap();
    file.execute_batch("DROP TABLE renamed; DROP TABLE record; PRAGMA user_version = 2;").unwrap();
    drop(file);
    let hook = Hook::add(data.path(), &["--room", "lobby"]);
    let server = Server::start(data.path(), &[]);
    assert_eq!(server.browser().push(&hook.path, &[], "tea").await.status(), 201);
}

#[test]
fn beside_a_server_of_an_earlier_version_nothing_is_brought_up_to_date() {
    let data = folder();
    Hook::add(data.path(), &["--room", "lobby"]);
    let path = data.path().join("teahouse.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("DROP TABLE renamed; DROP TABLE record; PRAGMA user_version = 2;").unwrap();
    drop(file);
    // The lock that a server holds while it serves.
    let lock = fs::File::create(data.path().join("lock")).unwrap();
    lock.try_lock().unwrap();
    let output = tokens(data.path(), &["hook", "add", "--room", "lobby", "--name", "n"]);
    refused(&output, 1, &["another Teahouse", data.path().to_str().unwrap()]);
    let file = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

#[test]
fn many_who_make_tokens_at_once_before_the_first_start_all_get_theirs() {
    let data = folder();
    let making: Vec<_> = (0..8)
        .map(|_| {
            let path = data.path().to_owned();
            std::thread::spawn(move || Hook::add(&path, &["--room", "lobby"]))
        })
        .collect();
    let made: std::collections::BTreeSet<String> =
        making.into_iter().map(|made| made.join().unwrap().id).collect();
    assert_eq!(made.len(), 8);
    assert_eq!(done(&tokens(data.path(), &["hook", "list"])).1.lines().count(), 9);
}

#[tokio::test]
async fn a_backup_holds_the_hooks() {
    let (data, other) = (folder(), folder());
    let hook = Hook::add(data.path(), &["--room", "lobby"]);
    let file = other.path().join("b.db");
    for (words, data) in [("backup", data.path()), ("restore", &other.path().join("restored"))] {
        let mut command = teahouse(Path::new("/"), &[words]);
        command.arg(&file).arg("--data").arg(data);
        done(&finish(command));
    }
    let server = Server::start(&other.path().join("restored"), &[]);
    assert_eq!(server.browser().push(&hook.path, &[], "tea").await.status(), 201);
}

#[tokio::test]
async fn neither_a_token_nor_what_is_pushed_reaches_the_log() {
    let data = folder();
    let server = Server::start(data.path(), &["--log", "trace"]);
    let (hook, slow) =
        (Hook::add(data.path(), &["--room", "*"]), Hook::add(data.path(), &["--room", "a", "--rate", "1"]));
    let json = ("content-type", "application/json");
    let browser = server.browser();
    assert_eq!(browser.push(&hook.path, &[], "Xyzzy-said").await.status(), 201);
    assert_eq!(browser.push(&hook.path, &[json], "{\"text\": \"Xyzzy-slack\"}").await.status(), 200);
    assert_eq!(browser.push(&hook.path, &[json], "{\"Xyzzy-broken").await.status(), 400);
    assert_eq!(browser.push(&hook.path, &[], "Xyzzy".repeat(100_000)).await.status(), 413);
    assert_eq!(browser.push(&slow.path, &[], "Xyzzy-slow").await.status(), 201);
    assert_eq!(browser.push(&slow.path, &[], "Xyzzy-slow").await.status(), 429);
    assert_eq!(browser.get(&hook.path).await.status(), 405);
    tokens(data.path(), &["hook", "revoke", &hook.id]);
    assert_eq!(browser.push(&hook.path, &[], "Xyzzy-revoked").await.status(), 404);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is as talkative as it gets");
    let secrets = [secret(&hook.token), secret(&slow.token), "Xyzzy"];
    let leak = log.lines().find(|line| secrets.iter().any(|secret| line.contains(secret)));
    assert_eq!(leak, None);
}
