//! The limits on disk space: how much must stay free, and how large the database may grow.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

/// How long an answer is cached. A disk does not fill up much faster.
const HOLDS: Duration = Duration::from_secs(1);

/// The space limits of a database.
pub(super) struct Space {
    file: PathBuf,
    /// The maximum size in bytes; 0 means no limit.
    most: u64,
    /// How many bytes must stay free beside it; 0 means none.
    free: u64,
    looked: Mutex<Option<(Instant, Option<String>)>>,
}

impl Space {
    /// Creates unlimited space for the database in this file.
    pub(super) fn new(file: PathBuf) -> Space {
        Space { file, most: 0, free: 0, looked: Mutex::default() }
    }

    /// Limits the database to `most` bytes of messages, and leaves `free` bytes on the disk; 0 lifts either
    /// limit.
    pub(super) fn within(self, most: u64, free: u64) -> Space {
        Space { most, free, ..self }
    }

    /// Returns why nothing more can be stored, if space is lacking. Checks at most once a second.
    pub(super) fn lacks(&self) -> Option<String> {
        if self.most == 0 && self.free == 0 {
            return None;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((at, lack)) = &*looked
            && now - *at < HOLDS
        {
            return lack.clone();
        }
        let lack = self.look();
        let lacked = looked.as_ref().is_some_and(|(_, lack)| lack.is_some());
        match &lack {
            Some(reason) if !lacked => tracing::error!("{reason}; messages are refused until there is room"),
            None if lacked => tracing::info!("there is room again; messages are taken"),
            _ => {}
        }
        *looked = Some((now, lack.clone()));
        lack
    }

    fn look(&self) -> Option<String> {
        let size = if self.most > 0 { used(&self.file) } else { 0 };
        if self.most > 0 && size >= self.most {
            return Some(format!(
                "the messages take {size} bytes of the {} that --max-stored allows",
                self.most
            ));
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        // A file system that does not report its size imposes no limit.
        let disk = rustix::fs::statvfs(folder).ok().filter(|disk| disk.f_blocks > 0)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        (free < self.free)
            .then(|| format!("the disk has {free} bytes left, fewer than the {} of --min-free", self.free))
    }
}

/// Returns how many bytes of a database are in use: deleted rows leave free space in the file, which does not
/// shrink. If the query fails, the whole file counts.
fn used(file: &Path) -> u64 {
    let asked = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|connection| {
        connection.query_row(
            "SELECT (page_count - freelist_count) * page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
            (),
            |row| row.get::<_, i64>(0),
        )
    });
    match asked {
        Ok(bytes) => u64::try_from(bytes).unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "failed to ask a database how much of it is used");
            fs::metadata(file).map_or(0, |found| found.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::Space;

    #[test]
    fn a_database_may_grow_to_its_limit_and_the_disk_keeps_what_is_to_stay_free() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("teahouse.db");
        let database = Connection::open(&file).unwrap();
        database.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000));").unwrap();
        let size = fs::metadata(&file).unwrap().len();
        let lacks = |most, free| Space::new(file.clone()).within(most, free).lacks();
        assert_eq!(lacks(0, 0), None);
        assert_eq!(lacks(size + 1, 1), None);
        assert!(lacks(size, 0).unwrap().contains("--max-stored"));
        assert!(lacks(0, u64::MAX).unwrap().contains("--min-free"));
        database.execute_batch("DELETE FROM t").unwrap();
        assert_eq!(lacks(size / 2, 0), None, "what was deleted counts no more");
    }
}
