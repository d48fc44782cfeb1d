//! The browser's half of the program: compiled by cargo, bound to JavaScript by wasm-bindgen, and made small
//! by wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{files::Files, names};

use crate::fingerprint;
use crate::process;
use crate::steps::Steps;
use crate::tools::{Bindgen, Npm, WasmOpt};
use crate::workspace::{WASM_TARGET, Workspace};

const PROFILE: &str = "wasm-release";

/// WebAssembly features, the same ones rustc enables for this target: with more, wasm-opt could emit code
/// that a current browser does not support.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Strips the list of target features, so that wasm-bindgen stores JavaScript values in a table of its own,
/// which takes less code than a WebAssembly table. The names stay, for [`OPTIMISE`].
const PREPARE: [&str; 3] = ["--debuginfo", "--strip-target-features", "--reorder-functions-by-name"];

/// Inlines and merges nothing: that makes the unpacked module larger but the transferred one smaller, because
/// brotli finds repetitions best where the code was left in place (7 % less than plain `-Oz`). Sorting
/// functions by name puts similar ones side by side, which saves another 1.5 %; the names themselves are
/// dropped at the end.
const OPTIMISE: [&str; 9] = [
    // A dependency of Leptos exports classes that nothing instantiates; their exports would retain all the
    // code they call.
    "--remove-exports=*intounderlying*",
    "-Oz",
    "--always-inline-max-function-size=0",
    "--flexible-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--skip-pass=local-cse",
    "--skip-pass=merge-similar-functions",
    "--reorder-functions-by-name",
    // The script is renamed to match: see `names`.
    "--minify-imports-and-exports-and-modules",
];

/// Strips from the script what only a person would read.
const SHRINK: [&str; 4] = ["--module", "--compress", "passes=3", "--mangle"];

/// The files a browser loads to start the program.
pub(super) struct Bound {
    pub(super) script: Vec<u8>,
    pub(super) module: Vec<u8>,
    /// JavaScript of dependencies, which the script imports from `./snippets/`.
    pub(super) snippets: Files,
}

/// Builds the module with cargo, which knows best whether it is up to date. Returns its path.
pub(super) fn compile(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    steps.step("compiling the browser's half to WebAssembly", || {
        process::run(workspace.cargo("build").args([
            "--package",
            "frontend",
            "--lib",
            "--profile",
            PROFILE,
            "--target",
            WASM_TARGET,
        ]))
    })?;
    Ok(workspace.target(WASM_TARGET).join(PROFILE).join("frontend.wasm"))
}

pub(super) fn bind(
    workspace: &Workspace,
    steps: Steps,
    module: &Path,
    bindgen: &Bindgen,
    npm: &Npm,
) -> Result<Bound> {
    let wasm_opt = WasmOpt::find(npm)?;
    let bound = workspace.cache("wasm");
    let (optimised, script) = (bound.join("teahouse.wasm"), bound.join("script.js"));
    let compiled = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let settings = [
        PREPARE.join(" "),
        OPTIMISE.join(" "),
        FEATURES.join(" "),
        SHRINK.join(" "),
        include_str!("../../bindgen/src/main.rs").to_owned(),
        bindgen.version.clone(),
        wasm_opt.version.clone(),
        npm.fingerprint.clone(),
    ];
    let inputs = fingerprint::of([compiled, settings.join("\n").into_bytes()]);
    let module = fingerprint::unless_fresh(&optimised, &inputs, || {
        if bound.is_dir() {
            fs::remove_dir_all(&bound)?;
        }
        fs::create_dir_all(&bound)?;
        let prepared = bound.join("prepared.wasm");
        let optimise = |passes: &[&str], from: &Path, to: &Path| {
            let mut command = Command::new(&wasm_opt.program);
            process::read(command.args(passes).args(FEATURES).arg(from).arg("--output").arg(to))
        };
        steps.step("binding the WebAssembly to JavaScript", || {
            optimise(&PREPARE, module, &prepared)?;
            process::run_hidden(Command::new(&bindgen.program).arg(&prepared).arg(&bound))
        })?;
        steps.step("making the WebAssembly and its script small", || {
            let names = optimise(&OPTIMISE, &bound.join("teahouse_bg.wasm"), &optimised)?;
            let renamed = bound.join("renamed.js");
            fs::write(&renamed, names::shorten(&fs::read_to_string(bound.join("teahouse.js"))?, &names)?)?;
            process::run_hidden(npm.program("terser").args(SHRINK).arg("--output").arg(&script).arg(&renamed))
        })
    })?;
    Ok(Bound {
        script: fs::read(&script).with_context(|| format!("cannot read {}", script.display()))?,
        module,
        snippets: super::files::read_folder(&bound.join("snippets"))?,
    })
}
