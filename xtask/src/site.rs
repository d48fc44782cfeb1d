//! The site: everything that a browser fetches, built, named after its contents, and laid out for the server to
//! embed. Each part is made again only when what it is made from has changed.
//!
//! In the finished folder: `pkg/teahouse.<hash>.{js,wasm,css}`, everything of `public/` at the root, a `.br` and a
//! `.gz` beside each file that gains from it, and `site.json`, which says what the three are called.

mod names;
mod precompress;
mod publish;
mod style;
mod wasm;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use serde_json::json;
use walkdir::WalkDir;

use crate::fingerprint;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// The file that says what the others are called.
pub(crate) const MANIFEST: &str = "site.json";

/// A site's files by their paths below its root, with `/` between folders.
type Files = BTreeMap<String, Vec<u8>>;

/// Builds the site, installing the tools for it as needed, and returns its folder.
pub(crate) fn build(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    tools::require_basics()?;
    tools::ensure_wasm_target(steps)?;
    // The tools are not needed before the crate is compiled, and installing them from nothing takes minutes.
    let (module, wasm_bindgen, npm) = thread::scope(|scope| {
        let wasm_bindgen = scope.spawn(|| tools::ensure_wasm_bindgen(workspace, steps));
        let npm = scope.spawn(|| tools::ensure_npm(workspace, steps));
        let module = wasm::compile(workspace, steps);
        (module, wasm_bindgen.join(), npm.join())
    });
    let panicked = |_| anyhow!("installing a tool ended in a panic");
    let (module, wasm_bindgen, npm) = (module?, wasm_bindgen.map_err(panicked)??, npm.map_err(panicked)??);

    let mut files = public_files(workspace)?;
    let mut manifest = serde_json::Map::new();
    let mut add_named = |files: &mut Files, extension: &str, contents: Vec<u8>| {
        let path = format!("pkg/{}", fingerprint::file_name("teahouse", extension, &contents));
        manifest.insert(extension.to_owned(), json!(format!("/{path}")));
        files.insert(path, contents);
    };
    let bound = wasm::bind(workspace, steps, &module, &wasm_bindgen, &npm)?;
    add_named(&mut files, "js", bound.script);
    add_named(&mut files, "wasm", bound.module);
    add_named(&mut files, "css", style::bundle(workspace, steps, &npm)?);
    for (path, contents) in bound.snippets {
        files.insert(format!("pkg/snippets/{path}"), contents);
    }

    precompress::add_siblings(workspace, steps, &npm, &mut files)?;
    files.insert(MANIFEST.to_owned(), serde_json::to_vec_pretty(&manifest)?);
    let site = workspace.site();
    publish::publish(&files, &site, &workspace.cache("publish"))
        .with_context(|| format!("cannot write the site to {}", site.display()))?;
    Ok(site)
}

fn public_files(workspace: &Workspace) -> Result<Files> {
    read_folder(&workspace.join("public"))
}

/// The files of a folder and of those inside it; none if there is no such folder.
fn read_folder(folder: &std::path::Path) -> Result<Files> {
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
