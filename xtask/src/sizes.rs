//! Size of a first visit in bytes, and whether it is within budget.
//!
//! Counts the whole site except pictures (`.png`), which a browser fetches only when it installs the page as
//! an app. The pages themselves, rendered for each visitor, come on top.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use crate::site::MANIFEST;

/// The budgets stated in CONTRIBUTING.md, in bytes after brotli, with 1,024 bytes to the KB. The budgets of
/// the pages themselves are in `end2end/tests/first-load.spec.ts`.
const WASM_BUDGET: u64 = 170 * 1_024;
const JS_BUDGET: u64 = 6 * 1_024;
const CSS_BUDGET: u64 = 6 * 1_024;
const TOTAL_BUDGET: u64 = 180 * 1_024;

/// Bytes on the wire by encoding. For a file without a compressed sibling, all three are its own length.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bytes {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Bytes {
    fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }
}

/// Sizes of a built site, by kind.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Sizes {
    wasm: Bytes,
    js: Bytes,
    css: Bytes,
    other: Bytes,
}

impl Sizes {
    pub(crate) fn of(site: &Path) -> Result<Self> {
        if !site.join(MANIFEST).is_file() {
            bail!("there is no site in {}: run `cargo xtask build` first", site.display());
        }
        let mut sizes = Self::default();
        for entry in WalkDir::new(site) {
            let entry = entry.with_context(|| format!("cannot read {}", site.display()))?;
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !entry.file_type().is_file()
                || matches!(extension, Some("br" | "gz" | "png"))
                || path == site.join(MANIFEST)
            {
                continue;
            }
            let raw = entry.metadata()?.len();
            let sibling = |encoding: &str| {
                let mut name = path.as_os_str().to_owned();
                name.push(encoding);
                fs::metadata(name).map_or(raw, |metadata| metadata.len())
            };
            let bytes = Bytes { raw, gzip: sibling(".gz"), brotli: sibling(".br") };
            match extension {
                Some("wasm") => sizes.wasm.add(bytes),
                Some("js") => sizes.js.add(bytes),
                Some("css") => sizes.css.add(bytes),
                _ => sizes.other.add(bytes),
            }
        }
        Ok(sizes)
    }

    fn total(&self) -> Bytes {
        let mut total = Bytes::default();
        for part in [self.wasm, self.js, self.css, self.other] {
            total.add(part);
        }
        total
    }

    /// Fails with an error that names each exceeded budget.
    pub(crate) fn check(&self) -> Result<()> {
        let mut over = String::new();
        for (what, brotli, budget) in [
            ("the WebAssembly", self.wasm.brotli, WASM_BUDGET),
            ("the script", self.js.brotli, JS_BUDGET),
            ("the style sheet", self.css.brotli, CSS_BUDGET),
            ("the first load", self.total().brotli, TOTAL_BUDGET),
        ] {
            if brotli > budget {
                // Writing to a String cannot fail.
                let _ = write!(over, "{what} takes {brotli} bytes of a budget of {budget}; ");
            }
        }
        if over.is_empty() { Ok(()) } else { bail!("{}", over.trim_end_matches("; ")) }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<8}{:>12}{:>12}{:>12}  budget (brotli)", "bytes", "brotli", "gzip", "raw")?;
        for (name, bytes, budget) in [
            ("wasm", self.wasm, Some(WASM_BUDGET)),
            ("js", self.js, Some(JS_BUDGET)),
            ("css", self.css, Some(CSS_BUDGET)),
            ("other", self.other, None),
            ("in all", self.total(), Some(TOTAL_BUDGET)),
        ] {
            let budget = budget.map_or_else(String::new, |budget| format!("  {budget}"));
            writeln!(f, "{name:<8}{:>12}{:>12}{:>12}{budget}", bytes.brotli, bytes.gzip, bytes.raw)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_brotli([wasm, js, css, other]: [u64; 4]) -> Sizes {
        let bytes = |brotli| Bytes { brotli, ..Bytes::default() };
        Sizes { wasm: bytes(wasm), js: bytes(js), css: bytes(css), other: bytes(other) }
    }

    #[test]
    fn a_site_is_weighed_by_what_goes_over_the_wire() {
        let site = tempfile::tempdir().unwrap();
        let files = [
            ("a.wasm", 10),
            ("a.wasm.br", 3),
            ("a.wasm.gz", 4),
            ("mark.svg", 7),
            // Fetched only when a user installs the page as an app.
            ("icon.png", 1_000),
            (MANIFEST, 99),
        ];
        for (path, length) in files {
            fs::write(site.path().join(path), vec![0; length]).unwrap();
        }
        let sizes = Sizes::of(site.path()).unwrap();
        assert_eq!(sizes.wasm, Bytes { raw: 10, gzip: 4, brotli: 3 });
        assert_eq!(sizes.total(), Bytes { raw: 17, gzip: 11, brotli: 10 });
    }

    #[test]
    fn each_budget_is_kept_on_its_own() {
        let parts = [WASM_BUDGET, JS_BUDGET, CSS_BUDGET];
        // The parts cannot all use up their budgets, so the WebAssembly gets only what the total leaves.
        let wasm = TOTAL_BUDGET - JS_BUDGET - CSS_BUDGET;
        let full = [
            wasm.min(WASM_BUDGET),
            JS_BUDGET,
            CSS_BUDGET,
            TOTAL_BUDGET.saturating_sub(parts.iter().sum::<u64>()),
        ];
        assert!(of_brotli(full).check().is_ok());
        let names = ["the WebAssembly", "the script", "the style sheet", "the first load"];
        for (index, name) in names.into_iter().enumerate() {
            // One byte over this part's budget, while the total has room.
            let mut sizes = if name == "the first load" { full } else { [0; 4] };
            sizes[index] = parts.get(index).unwrap_or(&full[index]) + 1;
            let error = of_brotli(sizes).check().unwrap_err().to_string();
            let others = names.iter().filter(|other| **other != name);
            assert!(
                error.contains(name) && !others.into_iter().any(|other| error.contains(other)),
                "{error}"
            );
        }
    }

    #[test]
    fn without_a_site_the_remedy_is_named() {
        let empty = tempfile::tempdir().unwrap();
        assert!(Sizes::of(empty.path()).unwrap_err().to_string().contains("cargo xtask build"));
    }
}
