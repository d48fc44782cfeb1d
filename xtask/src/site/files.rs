//! The files of a site, in memory.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// Name of the file that lists the names of the others.
pub(crate) const MANIFEST: &str = "site.json";

/// Contents of a site's files by path relative to its root, with `/` as separator.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Reads the files of a folder and its subfolders; returns none if there is no such folder.
pub(super) fn read_folder(folder: &std::path::Path) -> Result<Files> {
    let mut files = Files::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(folder)?;
            let path = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
            files.insert(path.to_owned(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}
