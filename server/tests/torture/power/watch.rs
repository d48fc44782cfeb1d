//! Builds `watch.c`, and prepares programs to run under it, each life with its own journal.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::journal::{self, Record};

/// The compiled watch library and its journals.
pub(crate) struct Watch(TempDir);

impl Watch {
    /// Compiles it with the C compiler that the server's build needs anyway.
    pub(crate) fn make() -> Watch {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/power/watch.c");
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]);
        compile.arg(folder.path().join("watch.so")).arg(source);
        assert!(compile.status().expect("there is a C compiler").success(), "the watch compiles");
        Watch(folder)
    }

    /// Returns the environment that makes the library record a program's changes in a folder, in the life
    /// with this number.
    pub(crate) fn on(&self, folder: &Path, life: usize) -> [(&'static str, PathBuf); 3] {
        [
            ("LD_PRELOAD", self.0.path().join("watch.so")),
            ("TEAHOUSE_WATCH_FOLDER", folder.canonicalize().expect("the folder is there")),
            ("TEAHOUSE_WATCH_JOURNAL", self.journal(life)),
        ]
    }

    /// Returns the changes that the program has made so far in that life.
    pub(crate) fn records(&self, life: usize) -> Vec<Record> {
        journal::read(&self.journal(life))
    }

    fn journal(&self, life: usize) -> PathBuf {
        self.0.path().join(format!("journal-{life}"))
    }
}
