//! Versions of dependencies, read from `Cargo.lock`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Returns the locked version of a package that occurs only once.
pub(crate) fn version(lock_file: &Path, package: &str) -> Result<String> {
    let text =
        fs::read_to_string(lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    version_in(&text, package).with_context(|| format!("cannot find {package} in {}", lock_file.display()))
}

fn version_in(lock: &str, package: &str) -> Result<String> {
    let lock: toml::Table = lock.parse()?;
    lock.get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .and_then(|entry| entry.get("version")?.as_str())
        .map(str::to_owned)
        .context("no such package")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4

        [[package]]
        name = "wasm-bindgen-futures"
        version = "0.4.79"

        [[package]]
        name = "wasm-bindgen"
        version = "0.2.129"
        dependencies = ["cfg-if"]
    "#;

    #[test]
    fn the_version_is_of_that_package_to_the_letter() {
        assert_eq!(version_in(LOCK, "wasm-bindgen").unwrap(), "0.2.129");
    }

    #[test]
    fn a_package_that_is_not_locked_is_an_error() {
        assert!(version_in(LOCK, "wasm").is_err());
    }
}
