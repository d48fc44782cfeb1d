//! The small scripts that stand in pages, beside the program or without it.

/// A script without its comments and indentation: it comes with every page.
pub(crate) fn code(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//") && !line.starts_with("/**")).collect::<Vec<_>>().join("\n")
}
