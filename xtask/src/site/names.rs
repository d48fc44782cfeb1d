//! Shortens the names by which the WebAssembly and its script refer to each other: wasm-opt assigns short
//! ones in the module and prints the mapping, and this module rewrites the script accordingly. The long names
//! end in hash digits, which do not compress.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The key under which the script passes the module its imports, before and after wasm-opt.
const MODULE: (&str, &str) = ("\"./teahouse_bg.js\"", "\"a\"");

/// The prefix of an exported name in the script.
const EXPORTS: &str = "wasm.";

/// Returns the script with the names wasm-opt assigned, as it printed them. A name that the script does not
/// contain is an error: the page would never start.
pub(super) fn shorten(script: &str, printed: &str) -> Result<String> {
    let names: Value = serde_json::from_str(printed).context("wasm-opt printed no list of names")?;
    let mut imports = read(&names["imports"], 1)?;
    let exports = read(&names["exports"], 0)?;
    let mut short = String::with_capacity(script.len());
    for (word, is_name) in words(script) {
        let exported = is_name && short.ends_with(EXPORTS);
        let name = if exported { exports.get(word).copied() } else { imports.remove(word) };
        short.push_str(name.filter(|_| is_name).unwrap_or(word));
    }
    if let Some(name) = imports.keys().min() {
        bail!("the script that wasm-bindgen made gives the WebAssembly no `{name}`");
    }
    if !short.contains(MODULE.0) {
        bail!("the script that wasm-bindgen made names its module otherwise than {}", MODULE.0);
    }
    Ok(short.replace(MODULE.0, MODULE.1))
}

/// Returns a map from long names, at index `place` of each entry, to short ones, which come last.
fn read(entries: &Value, place: usize) -> Result<HashMap<&str, &str>> {
    let entries = entries.as_array().context("wasm-opt's list of names is not understood")?;
    entries
        .iter()
        .map(|entry| {
            let long = entry[place].as_str();
            let short = entry.as_array().and_then(|entry| entry.last()).and_then(Value::as_str);
            long.zip(short).context("wasm-opt's list of names is not understood")
        })
        .collect()
}

/// Splits a script into pieces, each with whether it consists of JavaScript identifier characters.
fn words(script: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    let mut rest = script;
    std::iter::from_fn(move || {
        let is_name = rest.chars().next().map(is_part)?;
        let end = rest.find(|c| is_part(c) != is_name).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some((word, is_name))
    })
}

#[cfg(test)]
mod tests {
    use super::shorten;

    const PRINTED: &str = r#"{
        "imports": [["./teahouse_bg.js", "__wbg_now_a1b2", "$"], ["./teahouse_bg.js", "__wbg_get_c3", "a"]],
        "exports": [["hydrate", "b"], ["memory", "c"]]
    }"#;

    #[test]
    fn the_script_calls_things_as_the_module_does() {
        let script = "export function hydrate() { wasm.hydrate(wasm.memory.buffer); }\n\
            const import0 = { __wbg_now_a1b2: function() {}, __wbg_get_c3: function(hydrate) {} };\n\
            return { \"./teahouse_bg.js\": import0, __wbg_now_a1b22: \"茶\" };";
        assert_eq!(
            shorten(script, PRINTED).unwrap(),
            "export function hydrate() { wasm.b(wasm.c.buffer); }\n\
            const import0 = { $: function() {}, a: function(hydrate) {} };\n\
            return { \"a\": import0, __wbg_now_a1b22: \"茶\" };"
        );
    }

    #[test]
    fn a_name_that_the_script_does_not_know_is_an_error() {
        let script = "({ \"./teahouse_bg.js\": { __wbg_now_a1b2: function() {} } })";
        let error = shorten(script, PRINTED).unwrap_err().to_string();
        assert!(error.contains("__wbg_get_c3"), "{error}");
        let script = "({ __wbg_now_a1b2: 1, __wbg_get_c3: 2, \"./other_bg.js\": 3 })";
        assert!(shorten(script, PRINTED).is_err());
        assert!(shorten(script, "no JSON").is_err());
    }
}
