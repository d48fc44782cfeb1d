//! Checks a database file before anything opens it for writing: whose it is, and whether it is intact.
//! Changes nothing, and leaves no new file beside it.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::mark::{APPLICATION_ID, SCHEMA_VERSION, epoch_of};

use crate::store::OpenError;

/// The first bytes of every SQLite file (<https://sqlite.org/fileformat2.html>, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The length of the header in bytes.
const HEADER: usize = 100;

/// The offset of the application id in the header.
const APPLICATION: usize = 68;

/// The largest page size. A file of ours without the application id yet is no longer than that: its creation
/// was interrupted before the write-ahead log reached the file.
const PAGE: u64 = 65_536;

/// The characters of a path that a URI must percent-encode.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'?').add(b'%');

/// The result of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// A Teahouse database.
    Ours,
}

/// Checks the file; an error says why it cannot be used.
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
        // Its content is in its companion files, and reading them together would change them. It is small, so
        // a copy is read.
        let folder = tempfile::tempdir().map_err(unreadable)?;
        let copy = folder.path().join("copy.db");
        fs::copy(path, &copy).map_err(unreadable)?;
        for (companion, name) in [(&log, "-wal"), (&journal, "-journal")] {
            if companion.exists() {
                fs::copy(companion, beside(&copy, name)).map_err(unreadable)?;
            }
        }
        // The copy may be written: SQLite rolls back interrupted changes in it before reading.
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

/// Reads the header of a file, and the file's length.
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

/// Opens a file read-only: an unchanging one without companion files, and others without a checkpoint on
/// close.
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

/// Checks that the database is a Teahouse database of a known version, and intact.
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

/// Returns the version of a Teahouse database, which must be a known one; `None` if the database is empty.
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
        // Something is missing that every intact file of ours has.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
            OpenError::Damaged { path: path.to_owned(), reason: error.to_string().replace('\n', " ") }
        }
        _ => unreadable(path, error),
    }
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> OpenError {
    OpenError::Unreadable { path: path.to_owned(), reason: error.to_string().replace('\n', " ") }
}
