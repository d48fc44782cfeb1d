//! Database files as an archive meets them: the one in a data folder, which a server may be using, and one that nobody
//! uses. Changes neither.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::counts::Counts;

use crate::store::{
    OpenError,
    sqlite::{self, inspect::recognize, mark},
};

/// What SQLite puts beside a database that is in use; without them it may not be what its user left.
pub(super) const COMPANIONS: [&str; 2] = ["-wal", "-journal"];

/// What an address of SQLite's holds as it is; everything else is written in hex.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Opens the database of a data folder beside whoever uses it. Makes nothing that is not there.
///
/// It is opened for writing only because a log that a killed server left must be taken in before it can be read.
pub(super) fn open(folder: &Path) -> anyhow::Result<Connection> {
    let path = folder.join(sqlite::FILE);
    if let Err(error) = fs::metadata(&path) {
        if error.kind() == io::ErrorKind::NotFound {
            bail!("there is no database {}", path.display());
        }
        return Err(error).with_context(|| format!("cannot read {}", path.display()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(&path, flags).map_err(|error| unreadable(&path, &error.to_string()))?;
    if recognize(&connection, &path)?.is_none_or(|version| version == 0) {
        return Err(OpenError::Foreign { path }.into());
    }
    Ok(connection)
}

/// Looks all through a file that nobody uses: whether it is a database of ours and sound, and how much it holds. Makes
/// no file beside it.
pub(super) fn examine(path: &Path) -> anyhow::Result<Counts> {
    fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    if let Some(companion) = companions(path).next() {
        bail!(
            "{} lies beside {}, so that it is a database in use and no backup; \
             `teahouse backup --data` with its folder makes one",
            companion.display(),
            path.display()
        );
    }
    let broken = |error: rusqlite::Error| unreadable(path, &error.to_string());
    let address = std::path::absolute(path).with_context(|| format!("cannot read {}", path.display()))?;
    let address = percent_encode(address.as_os_str().as_bytes(), PLAIN);
    // Nobody writes to it, so that it needs no locks, and no shared memory beside it where it may be read only.
    let connection = Connection::open_with_flags(
        format!("file://{address}?immutable=1"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )
    .map_err(broken)?;
    if recognize(&connection, path)?.is_none_or(|version| version == 0) {
        return Err(OpenError::Foreign { path: path.to_owned() }.into());
    }
    let check: String =
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0)).map_err(broken)?;
    if check != "ok" {
        return Err(damaged(path, &check).into());
    }
    let mut loose = connection.prepare("PRAGMA foreign_key_check").map_err(broken)?;
    if loose.exists(()).map_err(broken)? {
        return Err(damaged(path, "messages belong to a room that is not there").into());
    }
    if mark::epoch_of(&connection, path)?.is_none() {
        return Err(damaged(path, "it does not say which life its logs are in").into());
    }
    let count = |table: &str| {
        let select = format!("SELECT count(*) FROM {table}");
        let count = connection.query_row(&select, (), |row| row.get::<_, i64>(0)).map_err(broken);
        count.map(i64::unsigned_abs)
    };
    Ok(Counts { rooms: count("room")?, events: count("event")? })
}

/// The files beside a database that belong to it, as far as there is something in them.
pub(super) fn companions(database: &Path) -> impl Iterator<Item = PathBuf> {
    let files = COMPANIONS.map(|suffix| beside(database, suffix));
    files.into_iter().filter(|file| fs::metadata(file).is_ok_and(|found| found.len() > 0))
}

/// The file beside a database whose name goes on with `suffix`.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn damaged(path: &Path, reason: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), reason: reason.replace('\n', " ") }
}

/// What SQLite says, which may be several lines, in one.
fn unreadable(path: &Path, reason: &str) -> OpenError {
    OpenError::Unreadable { path: path.to_owned(), reason: reason.replace('\n', " ") }
}
