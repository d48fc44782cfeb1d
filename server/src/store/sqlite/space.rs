//! Whether there is room on the disk for more: what stays free, and how large the database may grow.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long an answer holds. A disk does not fill up much faster.
const HOLDS: Duration = Duration::from_secs(1);

/// What the files of a database are called behind its own name.
const SUFFIXES: [&str; 2] = ["", "-wal"];

/// How much room a database has.
pub(super) struct Space {
    file: PathBuf,
    /// How many bytes it may have; 0 for any number.
    most: u64,
    /// How many bytes stay free beside it; 0 for none.
    free: u64,
    looked: Mutex<Option<(Instant, Option<String>)>>,
}

impl Space {
    /// The room for the database in this file: at most `most` bytes, with `free` bytes left on the disk; 0 lifts either limit.
    pub(super) fn new(file: PathBuf, most: u64, free: u64) -> Space {
        Space { file, most, free, looked: Mutex::default() }
    }

    /// Returns why nothing more is to be kept, if there is no room. Looks at most once a second.
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
        let size: u64 = SUFFIXES.iter().filter_map(|suffix| size(&self.file, suffix)).sum();
        if self.most > 0 && size >= self.most {
            return Some(format!(
                "the messages take {size} bytes of the {} that --max-stored allows",
                self.most
            ));
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        // A file system that does not say how full it is stops nobody.
        let disk = rustix::fs::statvfs(folder).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        (free < self.free)
            .then(|| format!("the disk has {free} bytes left, fewer than the {} of --min-free", self.free))
    }
}

fn size(file: &Path, suffix: &str) -> Option<u64> {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).ok().map(|found| found.len())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Space;

    #[test]
    fn a_database_may_grow_to_its_limit_and_the_disk_keeps_what_is_to_stay_free() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("teahouse.db");
        fs::write(&file, [0; 100]).unwrap();
        fs::write(folder.path().join("teahouse.db-wal"), [0; 50]).unwrap();
        let lacks = |most, free| Space::new(file.clone(), most, free).lacks();
        assert_eq!(lacks(0, 0), None);
        assert_eq!(lacks(151, 1), None);
        assert!(lacks(150, 0).unwrap().contains("--max-stored"));
        assert!(lacks(0, u64::MAX).unwrap().contains("--min-free"));
    }
}
