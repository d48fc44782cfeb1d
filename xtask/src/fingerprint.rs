//! Content hashes: detect whether an input has changed, and name files after their contents.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Returns the SHA-256 of some parts, each delimited from the next, as 64 hexadecimal digits.
pub(crate) fn of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        // Without the length prefix, "ab" and "c" would hash like "a" and "bc".
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns a file name that changes with the contents, so that a browser may cache the file forever.
pub(crate) fn file_name(stem: &str, extension: &str, contents: &[u8]) -> String {
    let hash = of([contents]);
    format!("{stem}.{}.{extension}", &hash[..16])
}

/// Makes `output`, unless the last run made it from the same inputs. Returns its contents.
pub(crate) fn unless_fresh(
    output: &Path,
    inputs: &str,
    make: impl FnOnce() -> Result<()>,
) -> Result<Vec<u8>> {
    let note = note_beside(output);
    let is_fresh = output.is_file() && fs::read_to_string(&note).is_ok_and(|noted| noted == inputs);
    if !is_fresh {
        if let Some(folder) = output.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        // An interrupted run must not leave an old note beside a new output.
        if note.is_file() {
            fs::remove_file(&note)?;
        }
        make()?;
        fs::write(&note, inputs).with_context(|| format!("cannot write {}", note.display()))?;
    }
    fs::read(output).with_context(|| format!("cannot read {}", output.display()))
}

fn note_beside(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".inputs");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(of(["ab", "c"]), of(["a", "bc"]));
        assert_eq!(of(["ab", "c"]), of(["ab", "c"]));
    }

    #[test]
    fn a_name_follows_the_contents() {
        let name = file_name("teahouse", "js", b"let tea;");
        assert!(name.starts_with("teahouse.") && Path::new(&name).extension().is_some_and(|it| it == "js"));
        assert_eq!(name.len(), "teahouse.0123456789abcdef.js".len());
        assert_ne!(name, file_name("teahouse", "js", b"let cup;"));
    }

    #[test]
    fn an_output_is_made_again_only_for_other_inputs_or_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("cup");
        let mut made = 0;
        let mut brew = |inputs: &str| {
            unless_fresh(&output, inputs, || {
                made += 1;
                Ok(fs::write(&output, inputs)?)
            })
            .unwrap()
        };
        assert_eq!(brew("green"), b"green");
        assert_eq!(brew("green"), b"green");
        assert_eq!(brew("black"), b"black");
        assert_eq!(made, 2);
        fs::remove_file(&output).unwrap();
        assert!(unless_fresh(&output, "black", || Ok(())).is_err(), "nothing was made, and that is an error");
    }

    #[test]
    fn a_failed_attempt_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("cup");
        fs::write(&output, "half").unwrap();
        assert!(unless_fresh(&output, "green", || anyhow::bail!("spilt")).is_err());
        let contents = unless_fresh(&output, "green", || Ok(fs::write(&output, "whole")?)).unwrap();
        assert_eq!(contents, b"whole");
    }
}
