//! A file under construction: it has a temporary name until it is complete and synced to disk, and then moves
//! to its final name in one step. If dropped before that, it leaves nothing behind.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;

/// A file that is not at its final path yet. Only its owner can read it, because it contains messages.
pub(super) struct NewFile {
    file: NamedTempFile,
    place: PathBuf,
    folder: PathBuf,
}

impl NewFile {
    /// Creates a file whose final path must be free.
    pub(super) fn create(place: &Path) -> anyhow::Result<NewFile> {
        if fs::symlink_metadata(place).is_ok() {
            bail!("{} exists already; it is left as it was", place.display());
        }
        NewFile::in_place_of(place)
    }

    /// Creates a file that may replace an existing one once it is complete.
    pub(super) fn in_place_of(place: &Path) -> anyhow::Result<NewFile> {
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".teahouse-")
            .suffix(".part")
            .tempfile_in(&folder)
            .with_context(|| format!("cannot make {}", place.display()))?;
        Ok(NewFile { file, place: place.to_owned(), folder })
    }

    /// Returns its current, temporary path.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the open file.
    pub(super) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Syncs the file to disk and moves it to its final path, which must still be free.
    pub(super) fn place(self) -> anyhow::Result<()> {
        self.finish(|file, place| file.persist_noclobber(place).map_err(|error| error.error))
    }

    /// Syncs the file to disk and moves it to its final path, replacing an existing file. The old file is
    /// lost unless it has another name.
    pub(super) fn replace(self) -> anyhow::Result<()> {
        self.finish(|file, place| file.persist(place).map_err(|error| error.error))
    }

    fn finish(
        self,
        persist: impl FnOnce(NamedTempFile, &Path) -> std::io::Result<File>,
    ) -> anyhow::Result<()> {
        let NewFile { file, place, folder } = self;
        let finished = file
            .as_file()
            .sync_all()
            .and_then(|()| persist(file, &place))
            // The new name is durable only when the folder is synced.
            .and_then(|_| sync_folder(&folder));
        finished.with_context(|| format!("cannot write {}", place.display()))
    }
}

/// Syncs a folder, which makes the names in it durable.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
