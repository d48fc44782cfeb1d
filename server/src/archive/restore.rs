//! Puts a backup in the place of the database. The server must be stopped, and finds either the old database or the new
//! one at every moment.

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

/// The index that is made from the database, with what SQLite keeps beside it. It is made anew from the new one.
const SEARCH: [&str; 3] = ["search.db", "search.db-wal", "search.db-shm"];

/// Makes a copy of `file`, in a new epoch, the database of a data folder. Says what it holds, and where the one is that
/// was there.
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

/// Begins a new life of the logs in a file that is not in its place yet, and leaves nothing beside it.
fn renew(path: &Path, epoch: &Epoch) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A backup has no write-ahead log; a copy that was made by other means may ask for one.
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    schema::renew(&connection, epoch)?;
    connection.close().map_err(|(_, error)| error)
}
