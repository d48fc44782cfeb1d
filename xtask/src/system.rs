//! What the tests need from the operating system's packages: looked for, and installed where apt can.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::steps::Steps;

/// A package of Debian's, and how to tell that it is there without Debian's tools.
#[derive(Clone, Copy, Debug)]
struct Package {
    name: &'static str,
    /// One of its programs. Fonts have none, and without apt they count as present: they only make pictures prettier.
    program: Option<&'static str>,
}

const fn program(name: &'static str, program: &'static str) -> Package {
    Package { name, program: Some(program) }
}

const fn font(name: &'static str) -> Package {
    Package { name, program: None }
}

const FOR_TESTS: [Package; 5] = [
    program("chromium", "chromium"),
    program("chromium-driver", "chromedriver"),
    program("redis-server", "redis-server"),
    font("fonts-noto-cjk"),
    font("fonts-noto-color-emoji"),
];

const FOR_ALL_BROWSERS: [Package; 3] = [
    program("firefox-esr", "firefox-esr"),
    program("webkit2gtk-driver", "WebKitWebDriver"),
    program("xvfb", "Xvfb"),
];

/// Installs what is missing, with one call that names it all.
pub(crate) fn ensure_packages(steps: Steps, all_browsers: bool) -> Result<()> {
    let has_apt = which::which("apt-get").is_ok() && which::which("dpkg-query").is_ok();
    let wanted = FOR_TESTS.iter().chain(FOR_ALL_BROWSERS.iter().filter(|_| all_browsers));
    let missing: Vec<&str> =
        wanted.filter(|package| !is_present(package, has_apt)).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(", ");
    if !has_apt {
        bail!("the tests need {list} (Debian's names), and there is no apt-get here: please install them");
    }
    steps
        .step(&format!("installing {list}"), || {
            process::run_hidden(apt_get(&["update"])?.arg("--quiet"))?;
            process::run_hidden(apt_get(&["install", "--yes", "--no-install-recommends"])?.args(&missing))
        })
        .with_context(|| format!("the tests need {list}: please install them"))
}

fn is_present(package: &Package, has_apt: bool) -> bool {
    match package.program {
        Some(program) => which::which(program).is_ok(),
        None if has_apt => process::read(Command::new("dpkg-query").args([
            "--show",
            "--showformat=${db:Status-Status}",
            package.name,
        ]))
        .is_ok_and(|status| status == "installed"),
        None => true,
    }
}

fn apt_get(arguments: &[&str]) -> Result<Command> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(process::read(Command::new("id").arg("-u"))? == "0")
}

/// Where the driver for Chromium is.
pub(crate) fn chromedriver() -> Result<PathBuf> {
    which::which("chromedriver")
        .context("chromedriver is missing: please install it (Debian: chromium-driver)")
}
