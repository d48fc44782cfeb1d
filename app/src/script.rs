//! The small scripts that pages embed, independent of the WebAssembly program.

/// Strips comments and indentation from a script, to save bytes in every page.
pub(crate) fn code(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//") && !line.starts_with("/**")).collect::<Vec<_>>().join("\n")
}
