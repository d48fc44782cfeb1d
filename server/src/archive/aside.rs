//! Gives the database of a data folder another name, so that another one can take its place. Destroys nothing.

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

/// Gives what is in the place of the database of a folder, which must be locked, a second name with the moment in it;
/// says which. Its first name is still there, for a file that replaces it in one step.
///
/// What SQLite keeps beside it goes into it first. Where that cannot be done, because the database is damaged, it gets
/// the new name as well and loses the old one: beside another database it would be taken for a part of that one.
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

/// Removes a file if it is there.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Brings everything that belongs to a sound database into its one file. It takes nobody else using it.
fn fold_in(database: &Path) -> rusqlite::Result<()> {
    let open = |access| Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    // Who can write and is the last to leave takes what lies beside the database for done with, and removes it. Where
    // the database is damaged, that may be all that can be saved.
    let look = open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let check: String = look.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    drop(look);
    if check == "ok" {
        let alone = open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        alone.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    }
    Ok(())
}

/// A name in the folder that nothing has, nor anything beside it.
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

/// Gives a file a second name; where the file system knows no such thing, a copy gets it.
fn also_as(old: &Path, new: &Path) -> io::Result<()> {
    fs::hard_link(old, new).or_else(|_| {
        let mut copy = File::create_new(new)?;
        io::copy(&mut File::open(old)?, &mut copy)?;
        copy.sync_all()
    })
}
