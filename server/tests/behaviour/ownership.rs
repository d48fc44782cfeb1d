//! Ownership of the data folder: new files are private to its owner, stay the owner's where root works on the
//! folder, and unusable files are named.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{
    folder,
    program::{Server, finish, teahouse, text},
};

/// An unprivileged user id that owns nothing else here.
const SOMEBODY: u32 = 65_534;

/// Returns all paths in a folder, including the folder.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(everything(&path)) } else { found.push(path) }
    }
    found
}

/// Returns whether the tests may change the owner of files, as root may.
fn is_root(folder: &Path) -> bool {
    chown(folder, Some(SOMEBODY), Some(SOMEBODY)).is_ok()
}

#[test]
fn what_is_made_in_the_data_folder_is_for_its_owner_alone() {
    let home = folder();
    let data = home.path().join("data");
    let hook = ["hook", "add", "--name", "deploys", "--room", "lobby", "--data"];
    let mut command = teahouse(home.path(), &hook);
    command.arg(&data);
    let output = finish(command);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(Server::start(&data, &[]).end("-TERM").0, Some(0));
    let files = everything(&data);
    assert!(files.iter().any(|path| path.ends_with("cookie.keys")), "{files:?}");
    for path in files {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", path.display());
    }
}

#[test]
fn a_command_that_root_runs_leaves_the_folder_its_owner_s() {
    let data = folder();
    // Any other user owns all new files anyway.
    is_root(data.path());
    let owner = fs::metadata(data.path()).unwrap().uid();
    let copy = folder();
    let backup = copy.path().join("backup.db").display().to_string();
    let rooms = copy.path().join("rooms.jsonl").display().to_string();
    for words in [
        &["hook", "add", "--name", "deploys", "--room", "lobby"][..],
        &["token", "add", "--name", "reporter", "--scope", "read"],
        &["backup", &backup],
        &["restore", &backup],
        &["export", "--output", &rooms],
        &["import", &rooms],
    ] {
        let mut command = teahouse(copy.path(), words);
        command.arg("--data").arg(data.path());
        let output = finish(command);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        for path in everything(data.path()) {
            assert_eq!(fs::metadata(&path).unwrap().uid(), owner, "{words:?}: {}", path.display());
        }
    }
    assert_eq!(Server::start(data.path(), &[]).end("-TERM").0, Some(0));
    for path in everything(data.path()) {
        assert_eq!(fs::metadata(&path).unwrap().uid(), owner, "served: {}", path.display());
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_owner() {
    for (name, words) in [
        ("cookie.keys", &["serve", "--listen", "127.0.0.1:0"][..]),
        ("teahouse.db", &["token", "list"]),
        ("teahouse.db", &["export"]),
        ("", &["hook", "list"]),
    ] {
        let (data, elsewhere) = (folder(), folder());
        let file = if name.is_empty() { data.path().to_owned() } else { data.path().join(name) };
        if !name.is_empty() {
            fs::write(&file, "").unwrap();
        }
        // Root may read everything, so it runs the program as a user who may not; as a copy, since that user
        // cannot reach the original.
        let program = elsewhere.path().join("teahouse");
        fs::copy(env!("CARGO_BIN_EXE_teahouse"), &program).unwrap();
        fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(&program);
        command.env_clear().current_dir("/").args(words).arg("--data").arg(data.path()).stdin(Stdio::null());
        let as_root = is_root(elsewhere.path());
        if as_root {
            command.uid(SOMEBODY).gid(SOMEBODY);
            if !name.is_empty() {
                chown(data.path(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        let output = finish(command);
        // So that the folder can be deleted.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        let line = said.lines().last().unwrap_or_default();
        let owner = fs::metadata(&file).unwrap().uid();
        assert!(line.contains(&file.display().to_string()), "{words:?}: {line}");
        // Only root can make a file that belongs to another user.
        if as_root {
            let whose = format!("it belongs to root (uid {owner}), and this is run by");
            assert!(line.contains(" cannot be ") && line.contains(&whose), "{words:?}: {line}");
        }
    }
}
