//! A file in the making: it has a name of its own until it is complete and on the disk, and takes its place in one step.
//! Given up, it leaves nothing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;

/// A file that is not in its place yet. Only its owner may read it: it holds what people said.
pub(super) struct NewFile {
    file: NamedTempFile,
    place: PathBuf,
    folder: PathBuf,
}

impl NewFile {
    /// Begins a file whose place must be free.
    pub(super) fn create(place: &Path) -> anyhow::Result<NewFile> {
        if fs::symlink_metadata(place).is_ok() {
            bail!("{} exists already; it is left as it was", place.display());
        }
        NewFile::in_place_of(place)
    }

    /// Begins a file whose place may be another's until this one is complete.
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

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file itself.
    pub(super) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts it in its place, which must still be free, when all of it is on the disk.
    pub(super) fn place(self) -> anyhow::Result<()> {
        self.finish(|file, place| file.persist_noclobber(place).map_err(|error| error.error))
    }

    /// Puts it in its place when all of it is on the disk. What was there is gone, unless it has another name.
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
            // The name is on the disk when the folder is.
            .and_then(|_| sync_folder(&folder));
        finished.with_context(|| format!("cannot write {}", place.display()))
    }
}

/// Brings the names in a folder to the disk.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
