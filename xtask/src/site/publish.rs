//! Replaces a published site with a new one: writes only the files that differ, each atomically, writes the
//! manifest after the files it names, and removes obsolete files last.
//!
//! An unchanged file retains its modification time, so that cargo does not rebuild the server for nothing.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use super::files::{Files, MANIFEST};

/// Publishes the files to `site`. `workbench` is a folder on the same file system for unfinished files.
pub(super) fn publish(files: &Files, site: &Path, workbench: &Path) -> Result<()> {
    fs::create_dir_all(workbench)?;
    fs::create_dir_all(site)?;
    let (manifest, others): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| *path == MANIFEST);
    for (path, contents) in others.into_iter().chain(manifest) {
        write_if_changed(&site.join(path), contents, &workbench.join("unfinished"))
            .with_context(|| format!("cannot write {path}"))?;
    }
    remove_all_but(files, site)
}

fn write_if_changed(path: &Path, contents: &[u8], unfinished: &Path) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(unfinished, contents)?;
    fs::rename(unfinished, path)
}

fn remove_all_but(files: &Files, site: &Path) -> Result<()> {
    for entry in WalkDir::new(site).min_depth(1).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            if fs::read_dir(entry.path())?.next().is_none() {
                fs::remove_dir(entry.path())?;
            }
        } else if !entry.path().strip_prefix(site)?.to_str().is_some_and(|path| files.contains_key(path)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, contents)| ((*path).to_owned(), contents.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_new_site_replaces_the_old_one_wholly_and_leaves_equal_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (site, workbench) = (folder.path().join("site"), folder.path().join("workbench"));
        publish(
            &files(&[("pkg/a.1.js", "one"), ("old/gone.txt", "x"), ("same.txt", "same"), (MANIFEST, "1")]),
            &site,
            &workbench,
        )
        .unwrap();
        let changed = |path: &str| fs::metadata(site.join(path)).unwrap().modified().unwrap();
        let before = changed("same.txt");

        let second = files(&[("pkg/a.2.js", "two"), ("same.txt", "same"), (MANIFEST, "2")]);
        publish(&second, &site, &workbench).unwrap();

        assert_eq!(super::super::read_folder(&site).unwrap(), second);
        assert!(!site.join("old").exists());
        assert_eq!(changed("same.txt"), before);
    }
}
