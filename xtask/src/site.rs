//! The site: everything a browser fetches. Builds it, names its files after their contents, and lays it out
//! for the server to embed. Rebuilds each part only when its inputs have changed.
//!
//! The finished folder holds `pkg/teahouse.<hash>.{js,wasm,css}`, everything of `public/` at the root, a
//! `.br` and a `.gz` beside each file that benefits, and `site.json`, which lists the names of the three.

mod files;
mod names;
mod precompress;
mod publish;
mod style;
mod wasm;

use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use files::{Files, read_folder};

pub(crate) use files::MANIFEST;

use crate::fingerprint;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// Builds the site, installing its tools as needed, and returns its folder.
pub(crate) fn build(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    tools::require_basics()?;
    tools::ensure_wasm_target(steps)?;
    // Install npm's tools, which wait for the network, while compiling the crates, which keeps the CPU busy.
    let (bound, npm) = thread::scope(|scope| {
        let npm = scope.spawn(|| tools::ensure_npm(workspace, steps));
        let module = wasm::compile(workspace, steps);
        let bound = module.and_then(|module| Ok((module, tools::build_bindgen(workspace, steps)?)));
        (bound, npm.join())
    });
    let npm = npm.map_err(|_| anyhow!("installing a tool ended in a panic"))??;
    let (module, bindgen) = bound?;

    let mut files = public_files(workspace)?;
    let mut manifest = serde_json::Map::new();
    let mut add_named = |files: &mut Files, extension: &str, contents: Vec<u8>| {
        let path = format!("pkg/{}", fingerprint::file_name("teahouse", extension, &contents));
        manifest.insert(extension.to_owned(), json!(format!("/{path}")));
        files.insert(path, contents);
    };
    let bound = wasm::bind(workspace, steps, &module, &bindgen, &npm)?;
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
