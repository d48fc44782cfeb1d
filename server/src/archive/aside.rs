//! Renames the database of a data folder so that another can take its place. Destroys nothing.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use chat::time::Millis;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    database::{COMPANIONS, beside, companions},
    new_file::sync_folder,
};
use crate::store::sqlite;

/// Gives the database in a locked folder a second, timestamped name and returns that name. The original name
/// stays until a new file replaces it in one step.
///
/// SQLite's companion files are folded into the database first. If that fails because the database is
/// damaged, they move to the new name as well: left behind, they would be taken for part of the next
/// database.
pub(super) fn set_aside(folder: &Path, now: Millis) -> anyhow::Result<Option<PathBuf>> {
    let database = folder.join(sqlite::FILE);
    let there = database.exists();
    if there
        && let Err(error) = fold_in(&database)
        && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
    {
        bail!("another program has {} open; it is left as it was", database.display());
    }
    let loose: Vec<PathBuf> = companions(&database).collect();
    if !there && loose.is_empty() {
        return Ok(None);
    }
    let aside = free_name(folder, now)?;
    let name = |suffix: &str| {
        let old = beside(&database, suffix);
        let new = beside(&aside, suffix);
        if !old.exists() {
            return Ok(());
        }
        also_as(&old, &new).with_context(|| format!("cannot keep {} as {}", old.display(), new.display()))
    };
    name("")?;
    COMPANIONS.into_iter().try_for_each(name)?;
    sync_folder(folder).with_context(|| format!("cannot write {}", folder.display()))?;
    for suffix in COMPANIONS.into_iter().chain(["-shm"]) {
        remove(&beside(&database, suffix))?;
    }
    Ok(Some(aside))
}

/// Removes a file if it exists.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Folds a sound database's companion files into its one file. Fails if another process has it open.
fn fold_in(database: &Path) -> rusqlite::Result<()> {
    let open = |access| Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    // Checks on a read-only connection: the last writer to close a database removes its companion files, and
    // if the database is damaged, those may be all that can be recovered.
    let look = open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let check: String = look.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    drop(look);
    if check == "ok" {
        let alone = open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        alone.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    }
    Ok(())
}

/// Returns a name in the folder that neither a file nor a companion file uses.
fn free_name(folder: &Path, now: Millis) -> anyhow::Result<PathBuf> {
    let moment: String = Connection::open_in_memory()?.query_row(
        "SELECT strftime('%Y-%m-%dT%H-%M-%SZ', ?1, 'unixepoch')",
        [i64::try_from(now.0 / 1_000)?],
        |row| row.get(0),
    )?;
    let names = (1..).map(|n: u64| match n {
        1 => format!("teahouse-{moment}.db"),
        n => format!("teahouse-{moment}-{n}.db"),
    });
    let free =
        |path: &PathBuf| [""].into_iter().chain(COMPANIONS).all(|suffix| !beside(path, suffix).exists());
    Ok(names.map(|name| folder.join(name)).find(free).expect("there is a number that nobody has taken"))
}

/// Hard-links a file under a second name, or copies it if the file system has no hard links.
fn also_as(old: &Path, new: &Path) -> io::Result<()> {
    fs::hard_link(old, new).or_else(|_| {
        let mut copy = File::create_new(new)?;
        io::copy(&mut File::open(old)?, &mut copy)?;
        copy.sync_all()
    })
}
