//! `xtask-bindgen MODULE FOLDER`: binds a WebAssembly module to JavaScript, as `teahouse.js` and
//! `teahouse_bg.wasm`.
//!
//! wasm-bindgen's command-line tool would do the same, but includes a test server that takes minutes to
//! compile.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let module = arguments.next().context("which module?")?;
    let folder = arguments.next().context("into which folder?")?;
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .out_name("teahouse")
        .typescript(false)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate(folder)
}
