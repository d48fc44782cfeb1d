//! Makes `watch.c`, and lets a program run under it, each life with a journal of its own.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::journal::{self, Record};

/// The watch, made for this test, and its journals.
pub(crate) struct Watch(TempDir);

impl Watch {
    /// Makes it with the C compiler that the server's build needs anyway.
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

    /// The environment in which a program is watched at what it does in a folder, in its life of this number.
    pub(crate) fn on(&self, folder: &Path, life: usize) -> [(&'static str, PathBuf); 3] {
        [
            ("LD_PRELOAD", self.0.path().join("watch.so")),
            ("TEAHOUSE_WATCH_FOLDER", folder.canonicalize().expect("the folder is there")),
            ("TEAHOUSE_WATCH_JOURNAL", self.journal(life)),
        ]
    }

    /// What the program has done so far in that life.
    pub(crate) fn records(&self, life: usize) -> Vec<Record> {
        journal::read(&self.journal(life))
    }

    fn journal(&self, life: usize) -> PathBuf {
        self.0.path().join(format!("journal-{life}"))
    }
}
