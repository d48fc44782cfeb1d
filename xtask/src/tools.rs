//! The build tools: found where they exist, installed where they do not, each in the version this checkout
//! pins.
//!
//! Installs from crates.io, npm, `PyPI` and rustup only; never downloads a prebuilt program from anywhere
//! else.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::fingerprint;
use crate::lock;
use crate::process;
use crate::steps::Steps;
use crate::workspace::{WASM_TARGET, Workspace};

/// The newest version that this checkout's Rust compiles.
const CARGO_LEPTOS: &str = "0.3.8";

/// The workspace's own program that binds the module to JavaScript.
pub(crate) struct Bindgen {
    pub(crate) program: PathBuf,
    /// Version of wasm-bindgen.
    pub(crate) version: String,
}

/// The tools from npm, and Node, which runs them.
pub(crate) struct Npm {
    node: PathBuf,
    bin: PathBuf,
    /// Changes with the versions of the tools.
    pub(crate) fingerprint: String,
}

impl Npm {
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.bin.join(name))
    }

    pub(crate) fn node(&self) -> Command {
        Command::new(&self.node)
    }
}

/// The wasm-opt program, with its version.
pub(crate) struct WasmOpt {
    pub(crate) program: PathBuf,
    pub(crate) version: String,
}

impl WasmOpt {
    /// Returns the wasm-opt on `PATH` if it is recent enough, because a native one takes half the time of
    /// npm's; otherwise npm's.
    pub(crate) fn find(npm: &Npm) -> Result<Self> {
        if let Ok(program) = which::which("wasm-opt")
            && let Ok(version) = process::read(Command::new(&program).arg("--version"))
            && is_recent_wasm_opt(&version)
        {
            return Ok(Self { program, version });
        }
        let program = npm.bin.join("wasm-opt");
        let version = process::read(Command::new(&program).arg("--version"))?;
        Ok(Self { program, version })
    }
}

/// Returns whether the output of `--version`, such as `wasm-opt version 132 (version_132)`, names the pinned
/// version or a later one: the output of an older one exceeds the size budget.
fn is_recent_wasm_opt(said: &str) -> bool {
    said.split_whitespace()
        .nth(2)
        .and_then(|version| version.parse().ok())
        .is_some_and(|version: u32| version >= 132)
}

/// Checks for the tools this program cannot install; the error says what is missing and where to get it.
pub(crate) fn require_basics() -> Result<()> {
    let basics = [
        ("cc", "a C compiler (Debian: apt-get install build-essential)"),
        ("node", "Node.js 18 or newer (https://nodejs.org)"),
        ("npm", "npm, which comes with Node.js (https://nodejs.org; Debian: apt-get install npm)"),
    ];
    for (program, remedy) in basics {
        if which::which(program).is_err() {
            bail!("`{program}` is missing: please install {remedy}");
        }
    }
    Ok(())
}

pub(crate) fn ensure_wasm_target(steps: Steps) -> Result<()> {
    let library =
        process::read(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(&library).is_dir() {
        return Ok(());
    }
    if which::which("rustup").is_err() {
        bail!(
            "Rust's {WASM_TARGET} target is missing and there is no rustup to add it: install rustup (https://rustup.rs)"
        );
    }
    steps.step("adding Rust's WebAssembly target", || {
        process::run_hidden(Command::new("rustup").args(["target", "add", WASM_TARGET]))
    })
}

/// Builds the workspace's own program that binds the module to JavaScript, unless it is up to date.
pub(crate) fn build_bindgen(workspace: &Workspace, steps: Steps) -> Result<Bindgen> {
    steps.step("building what binds WebAssembly to JavaScript", || {
        process::run(workspace.cargo("build").args(["--package", "xtask-bindgen", "--profile", "tool"]))
    })?;
    let version = lock::version(&workspace.join("Cargo.lock"), "wasm-bindgen")?;
    Ok(Bindgen { program: workspace.target("tool/xtask-bindgen"), version })
}

/// Installs wasm-bindgen's command-line tools, which `cargo leptos` and the browser tests need. The tools and
/// the crate must have exactly the same version. Returns the path of the test runner.
pub(crate) fn ensure_wasm_bindgen(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    let version = lock::version(&workspace.join("Cargo.lock"), "wasm-bindgen")?;
    let options = ["--config", "profile.release.opt-level=1"];
    let package = CargoPackage {
        name: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: &version,
        options: &options,
    };
    Ok(package.ensure(workspace, steps)?.with_file_name("wasm-bindgen-test-runner"))
}

/// Installs cargo-leptos, unoptimised: an optimised build would take twice as long, more than it would ever
/// save.
pub(crate) fn ensure_cargo_leptos(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    CargoPackage {
        name: "cargo-leptos",
        program: "cargo-leptos",
        version: CARGO_LEPTOS,
        options: &["--debug", "--no-default-features", "--features", "no_downloads"],
    }
    .ensure(workspace, steps)
}

/// Installs wasm-opt and sass in the versions of `xtask/package-lock.json`.
pub(crate) fn ensure_npm(workspace: &Workspace, steps: Steps) -> Result<Npm> {
    let folder = workspace.join("xtask");
    let fingerprint = ensure_npm_packages(&folder, "the site's tools from npm", steps)?;
    Ok(Npm { node: which::which("node")?, bin: folder.join("node_modules/.bin"), fingerprint })
}

/// Brings a folder's `node_modules` in line with its lock file. Returns a fingerprint of that file.
pub(crate) fn ensure_npm_packages(folder: &Path, what: &str, steps: Steps) -> Result<String> {
    let lock_file = folder.join("package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let inputs = fingerprint::of([lock]);
    // npm writes this file last, when everything is in place.
    fingerprint::unless_fresh(&folder.join("node_modules/.package-lock.json"), &inputs, || {
        steps.step(&format!("installing {what}"), || {
            process::run_hidden(
                Command::new("npm")
                    .arg("ci")
                    .current_dir(folder)
                    .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
            )
        })
    })?;
    Ok(inputs)
}

/// Creates a Python virtual environment with the packages of a list that pins all of them.
pub(crate) fn ensure_python_packages(folder: &Path, list: &Path, what: &str, steps: Steps) -> Result<()> {
    let text = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    fingerprint::unless_fresh(&folder.join("installed"), &fingerprint::of([text]), || {
        steps.step(&format!("installing {what} from PyPI"), || {
            process::run_hidden(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
            process::run_hidden(pip.arg(list))?;
            fs::write(folder.join("installed"), "")?;
            Ok(())
        })
    })?;
    Ok(())
}

/// Returns a `PATH` for programs that look up these tools themselves.
pub(crate) fn path_with_tools(workspace: &Workspace) -> Result<OsString> {
    let own = [workspace.tools().join("bin"), workspace.join("xtask/node_modules/.bin")];
    let others = env::var_os("PATH").unwrap_or_default();
    env::join_paths(own.into_iter().chain(env::split_paths(&others)))
        .context("PATH holds a folder that cannot be in a PATH")
}

/// A program that cargo can build from crates.io.
struct CargoPackage<'a> {
    name: &'a str,
    program: &'a str,
    version: &'a str,
    options: &'a [&'a str],
}

impl CargoPackage<'_> {
    /// Returns the path of the program, after installing it if neither this checkout nor `PATH` has exactly
    /// that version.
    fn ensure(&self, workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
        let own = workspace.tools().join("bin").join(self.program);
        if self.is_version(&own) {
            return Ok(own);
        }
        if let Ok(found) = which::which(self.program)
            && self.is_version(&found)
        {
            return Ok(found);
        }
        let what = format!("installing {} {} from crates.io", self.name, self.version);
        steps.step(&what, || {
            process::run_hidden(
                workspace
                    .cargo("install")
                    .args(["--locked", "--force", self.name, "--version", self.version])
                    .args(self.options)
                    .arg("--root")
                    .arg(workspace.tools()),
            )
        })?;
        Ok(own)
    }

    fn is_version(&self, program: &Path) -> bool {
        program.is_file()
            && process::read(Command::new(program).arg("--version"))
                .is_ok_and(|said| is_that_version(&said, self.version))
    }
}

/// Returns whether the output of `--version`, such as `wasm-bindgen 0.2.129`, names this version.
fn is_that_version(said: &str, version: &str) -> bool {
    said.split_whitespace().nth(1) == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_wasm_opt_will_not_do() {
        assert!(is_recent_wasm_opt("wasm-opt version 132 (version_132)"));
        assert!(is_recent_wasm_opt("wasm-opt version 140"));
        assert!(!is_recent_wasm_opt("wasm-opt version 108 (version_108)"));
        assert!(!is_recent_wasm_opt("wasm-opt version 99"));
        assert!(!is_recent_wasm_opt("no version"));
    }

    #[test]
    fn only_the_very_version_will_do() {
        assert!(is_that_version("wasm-bindgen 0.2.129", "0.2.129"));
        assert!(is_that_version("wasm-bindgen 0.2.129 (a1b2c3d)", "0.2.129"));
        assert!(!is_that_version("wasm-bindgen 0.2.1290", "0.2.129"));
        assert!(!is_that_version("", "0.2.129"));
    }
}
