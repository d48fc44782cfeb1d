//! Checks which module may use which: no import runs in a cycle, and in the server every import runs
//! downwards through the layers.
//!
//! Reads the source: parses every file, and treats each path that begins with `crate`, `super`, `self` or the
//! name of a child module as an arrow to the file that path leads into. Skips tests. A name that a module
//! re-exports (`pub use`) counts as that module's own, and code that a macro generates is not seen.

mod graph;
mod source;

use std::path::Path;

use graph::{Arrow, Graph};

/// The crates whose modules are checked.
const CRATES: [&str; 8] = ["chat", "i18n", "app", "frontend", "transport", "server", "loadtest", "xtask"];

/// The layers of the server, from the top down: a module uses only the layers below its own.
const LAYERS: [&str; 23] = [
    "command",
    "serve",
    "dispatch",
    "http",
    "realtime",
    "app_state",
    "bots",
    "archive",
    "service",
    "search",
    "rooms",
    "identity",
    "cluster",
    "store",
    "events",
    "budget",
    "net",
    "ops",
    "config",
    "time_zone",
    "clock",
    "truncate",
    "random",
];

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = CRATES.iter().flat_map(|name| {
        let circles = read(name).circles().iter().map(|circle| said(circle.iter())).collect::<Vec<_>>();
        circles.into_iter().map(move |circle| format!("{name}: these files use each other:\n{circle}"))
    });
    let circles: Vec<String> = circles.collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn in_the_server_every_module_uses_only_what_stands_below_it() {
    let graph = read("server");
    let up: Vec<Arrow<'_>> = graph.arrows().filter(runs_up).collect();
    assert!(up.is_empty(), "these run up through {}:\n{}", LAYERS.join(" → "), said(up.iter()));
    let unknown: Vec<&str> = graph.top_level().filter(|layer| !LAYERS.contains(layer)).collect();
    assert!(unknown.is_empty(), "these stand in no layer: {}", unknown.join(", "));
}

fn read(name: &str) -> Graph {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    Graph::read(&workspace.join(name).join("src")).unwrap_or_else(|error| panic!("{name}: {error:#}"))
}

fn said<'a>(arrows: impl Iterator<Item = &'a Arrow<'a>>) -> String {
    arrows.map(|arrow| format!("    {arrow}")).collect::<Vec<_>>().join("\n")
}

/// Returns whether an arrow leads to a layer above its own.
fn runs_up(arrow: &Arrow<'_>) -> bool {
    let place = |layer: &str| LAYERS.iter().position(|known| *known == layer);
    match (place(arrow.using_layer()), place(arrow.used_layer())) {
        (Some(from), Some(to)) => from > to,
        _ => false,
    }
}
