//! Copies the database of a data folder to a file, beside a running server.
//!
//! `VACUUM INTO` reads the whole database in one read transaction, which with a write-ahead log blocks nobody
//! and is never interrupted. SQLite's backup API, a few pages at a time, restarts whenever another connection
//! commits and never finishes on a busy server. Inside one read transaction it would finish, in half the
//! time, but it copies free pages too: deleted and expired messages would survive in every backup.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::{
    database::{self, COMPANIONS, beside},
    new_file::NewFile,
};

/// Copies the database of a data folder to `file`, which must not exist. Returns a summary of the copy's
/// contents.
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
    // Verify the copy: a backup that cannot be restored is useless.
    let counts = database::examine(new.path())?;
    new.place()?;
    Ok(format!("backed up {counts} from {} to {}", data.display(), file.display()))
}
