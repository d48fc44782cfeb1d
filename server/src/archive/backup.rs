//! Copies the database of a data folder to a file, beside a running server.
//!
//! `VACUUM INTO` reads the whole database in one read transaction. With a write-ahead log that holds up nobody, and is
//! never disturbed: the other way, SQLite's backup interface a few pages at a time, begins anew whenever somebody else
//! commits, and never gets done while people talk. Within one read transaction that would be mended, and take half of
//! the time, but it copies the free pages too: what was deleted or is no longer kept would live on in every backup.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::{
    database::{self, COMPANIONS, beside},
    new_file::NewFile,
};

/// Copies the database of a data folder to `file`, which must not exist. Says what the copy holds.
pub fn backup(data: &Path, file: &Path) -> anyhow::Result<String> {
    let connection = database::open(data)?;
    for companion in COMPANIONS.map(|suffix| beside(file, suffix)) {
        if companion.exists() {
            bail!("{} would be taken for a part of the backup; it is left as it was", companion.display());
        }
    }
    let new = NewFile::create(file)?;
    let path = new.path().to_str().with_context(|| format!("{} is no name in Unicode", file.display()))?;
    connection
        .execute("VACUUM INTO ?1", [path])
        .with_context(|| format!("cannot copy {} to {}", data.display(), file.display()))?;
    drop(connection);
    // A backup that cannot be restored is none.
    let counts = database::examine(new.path())?;
    new.place()?;
    Ok(format!("backed up {counts} from {} to {}", data.display(), file.display()))
}
