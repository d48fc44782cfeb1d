//! Makes the `.br` and `.gz` beside a file, once at maximum compression, so that the server spends no time on
//! it.
//!
//! Node does the work: its zlib is native code that is there anyway, while a compressor in Rust would be one
//! more dependency to compile before the first page. Results are cached under the hash of the input, so that
//! an unchanged file costs nothing.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::files::Files;

use crate::fingerprint;
use crate::process;
use crate::steps::Steps;
use crate::tools::Npm;
use crate::workspace::Workspace;

/// Extensions of compressible files. Images, fonts and archives are compressed already and would only grow.
const COMPRESSIBLE: [&str; 10] =
    ["css", "html", "ico", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"];

const ENCODINGS: [&str; 2] = ["br", "gz"];

pub(super) fn add_siblings(workspace: &Workspace, steps: Steps, npm: &Npm, files: &mut Files) -> Result<()> {
    let cache = workspace.cache("compressed");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let originals: Vec<(String, String)> = files
        .iter()
        .filter(|(path, _)| is_compressible(path))
        .map(|(path, contents)| (path.clone(), fingerprint::of([contents])))
        .collect();

    let missing: Vec<_> = originals
        .iter()
        .filter(|(_, hash)| {
            ENCODINGS.iter().any(|encoding| !cache.join(format!("{hash}.{encoding}")).is_file())
        })
        .collect();
    if !missing.is_empty() {
        steps.step(&format!("compressing {} files", missing.len()), || {
            let mut compress = npm.node();
            compress.arg(workspace.join("xtask/precompress.mjs"));
            for (path, hash) in &missing {
                let original = cache.join(hash);
                fs::write(&original, &files[path])?;
                compress.arg(original);
            }
            process::run_hidden(&mut compress)
        })?;
    }

    let mut kept = HashSet::new();
    for (path, hash) in &originals {
        for encoding in ENCODINGS {
            let name = format!("{hash}.{encoding}");
            let compressed = fs::read(cache.join(&name)).with_context(|| format!("cannot read {name}"))?;
            files.insert(format!("{path}.{encoding}"), compressed);
            kept.insert(name);
        }
    }
    forget_all_but(&kept, &cache)
}

/// Removes what this build did not use from the cache: the next build will not use it either.
fn forget_all_but(kept: &HashSet<String>, cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_compressible(path: &str) -> bool {
    Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| COMPRESSIBLE.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_wasm_gain_from_compression_and_pictures_do_not() {
        assert!(is_compressible("pkg/teahouse.0123.wasm") && is_compressible("favicon.svg"));
        assert!(!is_compressible("icon.png") && !is_compressible("LICENSE"));
    }
}
