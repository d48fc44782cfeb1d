//! Tells cargo that a server with the site inside depends on where the site is and what it is made of, and tells a release
//! which commit it is made from.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=TEAHOUSE_SITE");
    if std::env::var_os("CARGO_FEATURE_EMBED").is_none() {
        return;
    }
    if let Some(site) = std::env::var_os("TEAHOUSE_SITE") {
        println!("cargo:rerun-if-changed={}", site.to_string_lossy());
    }
    // Outside of a git repository the version alone has to do.
    if let (Some(commit), Some(log)) =
        (git(&["rev-parse", "--short=12", "HEAD"]), git(&["rev-parse", "--git-path", "logs/HEAD"]))
    {
        println!("cargo:rustc-env=TEAHOUSE_COMMIT={commit}");
        println!("cargo:rerun-if-changed={log}");
    }
}

/// The output of a git command.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok().filter(|output| output.status.success())?;
    let line = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}
