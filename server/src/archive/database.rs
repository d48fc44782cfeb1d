//! Opens database files for the archive tools: the one in a data folder, which a server may be using, and one
//! that is not in use. Never changes their contents.

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

/// SQLite's companion files of a database in use. Without them, the database may lack committed data.
pub(super) const COMPANIONS: [&str; 2] = ["-wal", "-journal"];

/// The characters that need no escaping in an SQLite URI; all others are percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Opens the database of a data folder beside any other process that uses it. Creates nothing.
///
/// Opens it for writing only because a write-ahead log left by a killed server must be recovered before
/// reading.
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

/// Verifies a database file that is not in use: that it is sound and is one of ours. Counts its contents.
/// Creates no file beside it.
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
    // `immutable`: nothing writes to the file, so SQLite needs neither locks nor a shared-memory file beside
    // it, which a read-only folder would not allow.
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

/// Returns the database's non-empty companion files.
pub(super) fn companions(database: &Path) -> impl Iterator<Item = PathBuf> {
    let files = COMPANIONS.map(|suffix| beside(database, suffix));
    files.into_iter().filter(|file| fs::metadata(file).is_ok_and(|found| found.len() > 0))
}

/// Returns the path of the file beside a database whose name is extended by `suffix`.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn damaged(path: &Path, reason: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), reason: reason.replace('\n', " ") }
}

/// Builds an error from an SQLite message, joined into one line.
fn unreadable(path: &Path, reason: &str) -> OpenError {
    OpenError::Unreadable { path: path.to_owned(), reason: reason.replace('\n', " ") }
}
