//! Restores a backup as the database of a data folder. The server must be stopped; at every moment the folder
//! holds either the old database or the new one.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use anyhow::Context as _;
use chat::id::Epoch;
use rusqlite::{Connection, OpenFlags};

use super::{
    aside::{remove, set_aside},
    database,
    new_file::NewFile,
};

use crate::{
    clock, random,
    store::sqlite::{self, schema},
};

/// The search index with its SQLite companion files. It is derived from the database, and the server rebuilds
/// it.
const SEARCH: [&str; 3] = ["search.db", "search.db-wal", "search.db-shm"];

/// Makes a copy of `file`, with a new epoch, the database of a data folder. Returns a summary of its contents
/// and the new name of the previous database.
pub fn restore(data: &Path, file: &Path) -> anyhow::Result<String> {
    let counts = database::examine(file)?;
    fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let _lock = sqlite::lock(data).context("stop the server first")?;
    let mut new = NewFile::in_place_of(&data.join(sqlite::FILE))?;
    File::open(file)
        .and_then(|mut file| io::copy(&mut file, new.file()))
        .with_context(|| format!("cannot copy {} to {}", file.display(), data.display()))?;
    renew(new.path(), &random::epoch()).with_context(|| format!("cannot write to {}", data.display()))?;
    let aside = set_aside(data, clock::now())?;
    for name in SEARCH {
        remove(&data.join(name))?;
    }
    new.replace()?;
    let restored = format!("restored {counts} from {} into {}", file.display(), data.display());
    Ok(match aside {
        Some(aside) => format!("{restored}; what was there is now {}", aside.display()),
        None => restored,
    })
}

/// Starts a new epoch in a file that is not at its final path yet; leaves no companion files.
fn renew(path: &Path, epoch: &Epoch) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A backup has no write-ahead log, but a copy made by other means may be in WAL mode.
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    schema::renew(&connection, epoch)?;
    connection.close().map_err(|(_, error)| error)
}
