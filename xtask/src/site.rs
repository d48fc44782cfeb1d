//! The site: everything that a browser fetches, built, named after its contents, and laid out for the server to
//! embed. Each part is made again only when what it is made from has changed.
//!
//! In the finished folder: `pkg/teahouse.<hash>.{js,wasm,css}`, everything of `public/` at the root, a `.br` and a
//! `.gz` beside each file that gains from it, and `site.json`, which says what the three are called.

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

/// Builds the site, installing the tools for it as needed, and returns its folder.
pub(crate) fn build(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    tools::require_basics()?;
    tools::ensure_wasm_target(steps)?;
    // npm's tools come while the crates are compiled, which takes the processors.
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
