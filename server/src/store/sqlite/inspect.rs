//! A look at a database file before anything is opened for writing: whose it is, and whether it is whole. Changes
//! nothing, and leaves nothing beside the file that was not there before.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::mark::{APPLICATION_ID, SCHEMA_VERSION, epoch_of};

use crate::store::OpenError;

/// How every SQLite file begins (<https://sqlite.org/fileformat2.html>, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The bytes of its header.
const HEADER: usize = 100;

/// Where in the header a program leaves its mark.
const APPLICATION: usize = 68;

/// The largest page. A file of ours that does not bear the mark yet is no longer: whoever made it was stopped before
/// anything left the log beside it.
const PAGE: u64 = 65_536;

/// What stands in a path within a URI only in percent-encoding.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'?').add(b'%');

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No file yet, or one in which there is nothing.
    Nothing,
    /// A file of ours.
    Ours,
}

/// Looks at the file, and says whose it is; or why it cannot be served from.
pub(super) fn inspect(path: &Path) -> Result<Found, OpenError> {
    let unreadable = |error: io::Error| unreadable(path, &error);
    let (header, bytes) = match header(path) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unreadable(error)),
    };
    if bytes == 0 {
        return Ok(Found::Nothing);
    }
    let foreign = || OpenError::Foreign { path: path.to_owned() };
    if header.len() < HEADER || !header.starts_with(MAGIC) {
        return Err(foreign());
    }
    let mark = header[APPLICATION..].first_chunk().copied().map(i32::from_be_bytes);
    let unmarked = mark == Some(0) && bytes <= PAGE;
    if mark != Some(APPLICATION_ID) && !unmarked {
        return Err(foreign());
    }
    let (log, journal) = (beside(path, "-wal"), beside(path, "-journal"));
    if unmarked || (journal.exists() && bytes <= PAGE) {
        // What it holds is in its companions; to read them together would change them. It is small: a copy shows it.
        let folder = tempfile::tempdir().map_err(unreadable)?;
        let copy = folder.path().join("copy.db");
        fs::copy(path, &copy).map_err(unreadable)?;
        for (companion, name) in [(&log, "-wal"), (&journal, "-journal")] {
            if companion.exists() {
                fs::copy(companion, beside(&copy, name)).map_err(unreadable)?;
            }
        }
        // A copy may be written: SQLite undoes in it what was cut off in the middle, before it reads it.
        let connection = Connection::open(&copy).map_err(|error| broken(path, &error))?;
        return check(path, &connection);
    }
    if !log.exists() && !journal.exists() {
        return check(path, &open(path, &path.to_string_lossy(), true)?);
    }
    let index = beside(path, "-shm");
    let had_index = index.exists();
    let connection = open(path, &path.to_string_lossy(), false)?;
    let found = check(path, &connection);
    drop(connection);
    if !had_index && index.exists() {
        fs::remove_file(&index).map_err(unreadable)?;
    }
    found
}

/// The first bytes of a file, and how many it has in all.
fn header(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut header = Vec::with_capacity(HEADER);
    file.take(HEADER as u64).read_to_end(&mut header)?;
    Ok((header, bytes))
}

fn beside(path: &Path, companion: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(companion);
    name.into()
}

/// Opens a file for reading only: one that nobody changes meanwhile without any companion, and the others without
/// tidying up at the end.
fn open(named: &Path, file: &str, unchanging: bool) -> Result<Connection, OpenError> {
    let file = percent_encode(file.as_bytes(), RESERVED);
    let uri = format!("file:{file}?immutable={}", u8::from(unchanging));
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags).map_err(|error| broken(named, &error))?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|error| broken(named, &error))?;
    Ok(connection)
}

/// Whether what a connection shows is ours, of a version that is known, and whole.
fn check(path: &Path, connection: &Connection) -> Result<Found, OpenError> {
    let Some(version) = recognize(connection, path)? else { return Ok(Found::Nothing) };
    let broken = |error: rusqlite::Error| broken(path, &error);
    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let whole: String =
        connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(broken)?;
    if whole != "ok" {
        return Err(damaged(whole.replace('\n', " ")));
    }
    if version > 0 {
        epoch_of(connection, path)?;
    }
    Ok(Found::Ours)
}

/// Whether what a connection shows is ours: its version, which is one that is known; `None` if there is nothing.
pub(crate) fn recognize(connection: &Connection, path: &Path) -> Result<Option<i64>, OpenError> {
    let broken = |error: rusqlite::Error| broken(path, &error);
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(broken)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(broken)?;
    match (application, tables) {
        (APPLICATION_ID, _) => {}
        (0, 0) => return Ok(None),
        _ => return Err(OpenError::Foreign { path: path.to_owned() }),
    }
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(broken)?;
    let known = SCHEMA_VERSION;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(Some(found))
}

fn broken(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        // Something that a whole file of ours always has is not there.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
            OpenError::Damaged { path: path.to_owned(), reason: error.to_string().replace('\n', " ") }
        }
        _ => unreadable(path, error),
    }
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> OpenError {
    OpenError::Unreadable { path: path.to_owned(), reason: error.to_string().replace('\n', " ") }
}
