//! Operating-system packages that the tests and benches need: finds them, and installs missing ones where apt
//! is available.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::steps::Steps;

/// A Debian package, and how to detect it without Debian's tools.
#[derive(Clone, Copy, Debug)]
struct Package {
    name: &'static str,
    /// One of its programs. Fonts have none and count as present without apt: they only improve screenshots.
    program: Option<&'static str>,
    /// A Python module that the package provides, wherever that Python comes from.
    module: Option<&'static str>,
    /// The service that Debian starts with the package, now and on every boot. It is not wanted: the tests
    /// start their own servers on their own ports.
    service: Option<&'static str>,
}

const fn program(name: &'static str, program: &'static str) -> Package {
    Package { name, program: Some(program), module: None, service: None }
}

const fn server(name: &'static str) -> Package {
    Package { name, program: Some(name), module: None, service: Some(name) }
}

const fn font(name: &'static str) -> Package {
    Package { name, program: None, module: None, service: None }
}

const fn module(name: &'static str, module: &'static str) -> Package {
    Package { name, program: None, module: Some(module), service: None }
}

const FOR_TESTS: [Package; 10] = [
    program("chromium", "chromium"),
    program("chromium-driver", "chromedriver"),
    server("redis-server"),
    server("nginx"),
    program("openssl", "openssl"),
    program("curl", "curl"),
    program("python3", "python3"),
    module("python3-venv", "ensurepip"),
    font("fonts-noto-cjk"),
    font("fonts-noto-color-emoji"),
];

const FOR_ALL_BROWSERS: [Package; 3] = [
    program("firefox-esr", "firefox-esr"),
    program("webkit2gtk-driver", "WebKitWebDriver"),
    program("xvfb", "Xvfb"),
];

/// Installs all missing packages with one apt call.
pub(crate) fn ensure_packages(steps: Steps, all_browsers: bool) -> Result<()> {
    let has_apt = which::which("apt-get").is_ok() && which::which("dpkg-query").is_ok();
    let wanted = FOR_TESTS.iter().chain(FOR_ALL_BROWSERS.iter().filter(|_| all_browsers));
    let missing: Vec<&Package> = wanted.filter(|package| !is_present(package, has_apt)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let list = names.join(", ");
    if !has_apt {
        bail!("the tests need {list} (Debian's names), and there is no apt-get here: please install them");
    }
    steps
        .step(&format!("installing {list}"), || {
            process::run_hidden(apt_get(&["update"])?.arg("--quiet"))?;
            process::run_hidden(apt_get(&["install", "--yes", "--no-install-recommends"])?.args(&names))?;
            missing.iter().filter_map(|package| package.service).try_for_each(keep_from_running)
        })
        .with_context(|| format!("the tests need {list}: please install them"))
}

/// Returns a Debian server program: the installed one, or one unpacked into a folder from the package of the
/// same name, where it starts only when asked to and leaves the system unchanged.
pub(crate) fn ensure_program(name: &str, folder: &Path, steps: Steps) -> Result<PathBuf> {
    let unpacked = folder.join("usr/sbin").join(name);
    if let Some(program) = installed(name) {
        return Ok(program);
    }
    if !unpacked.is_file() {
        steps.step(&format!("unpacking {name} from Debian's package"), || {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            fs::create_dir_all(folder)?;
            process::run_hidden(Command::new("apt-get").args(["download", name]).current_dir(folder))?;
            let files = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
            let mut packages = files.iter().map(fs::DirEntry::path);
            let package = packages.find(|file| file.extension().is_some_and(|it| it == "deb"));
            let package = package.with_context(|| format!("apt-get downloaded no {name}"))?;
            process::run_hidden(Command::new("dpkg-deb").arg("--extract").arg(package).arg(folder))
        })?;
    }
    if !unpacked.is_file() {
        bail!("Debian's package has no {name} in usr/sbin");
    }
    Ok(unpacked)
}

/// Stops a service that a package brought along, and disables it on boot.
fn keep_from_running(service: &str) -> Result<()> {
    process::run_hidden(as_root("/usr/sbin/update-rc.d")?.args([service, "disable"]))?;
    process::run_hidden(as_root("/usr/sbin/invoke-rc.d")?.args([service, "stop"]))
}

fn is_present(package: &Package, has_apt: bool) -> bool {
    match (package.program, package.module) {
        (Some(program), _) => installed(program).is_some(),
        (None, Some(module)) => has_module(module),
        (None, None) if has_apt => process::read(Command::new("dpkg-query").args([
            "--show",
            "--showformat=${db:Status-Status}",
            package.name,
        ]))
        .is_ok_and(|status| status == "installed"),
        (None, None) => true,
    }
}

/// Returns whether Python has a module; Debian's Python lacks some standard ones.
fn has_module(module: &str) -> bool {
    process::read(Command::new("python3").args(["-c", &format!("import {module}")])).is_ok()
}

/// Returns the path of a program. Servers are in folders that only root's `PATH` contains.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    which::which(program).or_else(|_| which::which_in(program, Some("/usr/sbin:/sbin"), "/")).ok()
}

fn apt_get(arguments: &[&str]) -> Result<Command> {
    let mut command = as_root("apt-get")?;
    command.args(arguments);
    Ok(command)
}

fn as_root(program: &str) -> Result<Command> {
    let mut command = if is_root()? {
        Command::new(program)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", program]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(process::read(Command::new("id").arg("-u"))? == "0")
}

/// Returns the path of Chromium's driver.
pub(crate) fn chromedriver() -> Result<PathBuf> {
    which::which("chromedriver")
        .context("chromedriver is missing: please install it (Debian: chromium-driver)")
}
