//! The modules of a crate and the arrows between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use anyhow::{Context, Result};

use super::source;

/// The files of a crate by module path; the root's path is empty.
pub(crate) struct Graph {
    /// For each module, the modules it uses, with the names it uses from each.
    uses: BTreeMap<Vec<String>, BTreeMap<Vec<String>, BTreeSet<String>>>,
}

/// One module's use of another.
pub(crate) struct Arrow<'a> {
    from: &'a [String],
    to: &'a [String],
    names: &'a BTreeSet<String>,
}

impl Graph {
    /// Reads every file below a `src` folder, except tests (`tests`, `test_*`, `conformance` and `scratch`).
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut sources = BTreeMap::new();
        read_folder(folder, &mut Vec::new(), &mut sources)?;
        let mut uses = BTreeMap::new();
        for (module, code) in &sources {
            let paths = source::paths(code, module).with_context(|| module.join("::"))?;
            let mut targets: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
            for path in paths {
                let known = (0..=path.len()).rev().find(|length| sources.contains_key(&path[..*length]));
                let Some(length) = known else { continue };
                let (target, name) = path.split_at(length);
                // The root only declares modules; its re-exports are for other crates.
                if target != module.as_slice() && !target.is_empty() {
                    targets.entry(target.to_vec()).or_default().insert(name.join("::"));
                }
            }
            uses.insert(module.clone(), targets);
        }
        Ok(Self { uses })
    }

    /// Returns every arrow.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = Arrow<'_>> {
        let arrows = self.uses.iter();
        arrows.flat_map(|(from, targets)| targets.iter().map(move |(to, names)| Arrow { from, to, names }))
    }

    /// Returns the top-level modules.
    pub(crate) fn top_level(&self) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> =
            self.uses.keys().filter_map(|module| module.first()).map(String::as_str).collect();
        names.into_iter()
    }

    /// Returns the arrows of each set of modules that all reach one another.
    pub(crate) fn circles(&self) -> Vec<Vec<Arrow<'_>>> {
        let reach: BTreeMap<&[String], BTreeSet<&[String]>> =
            self.uses.keys().map(|module| (module.as_slice(), self.reach(module))).collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for (module, reached) in &reach {
            if !reached.contains(module) || seen.contains(module) {
                continue;
            }
            let circle: BTreeSet<&[String]> =
                reached.iter().copied().filter(|other| reach[other].contains(module)).collect();
            let inside = |arrow: &Arrow<'_>| circle.contains(arrow.from) && circle.contains(arrow.to);
            circles.push(self.arrows().filter(inside).collect());
            seen.extend(circle);
        }
        circles
    }

    /// Returns every module that is reachable from a module by its arrows.
    fn reach(&self, module: &[String]) -> BTreeSet<&[String]> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&[String]> = vec![module];
        while let Some(next) = open.pop() {
            for target in self.uses.get(next).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(target.as_slice()) {
                    open.push(target);
                }
            }
        }
        reached
    }
}

impl Arrow<'_> {
    /// Returns the layer that uses.
    pub(crate) fn using_layer(&self) -> &str {
        self.from.first().map_or("", String::as_str)
    }

    /// Returns the layer that is used.
    pub(crate) fn used_layer(&self) -> &str {
        self.to.first().map_or("", String::as_str)
    }
}

impl fmt::Display for Arrow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            self.names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        write!(f, "{} → {} ({})", self.from.join("::"), self.to.join("::"), names.join(", "))
    }
}

fn read_folder(
    folder: &Path,
    module: &mut Vec<String>,
    into: &mut BTreeMap<Vec<String>, String>,
) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name == "tests" || name.starts_with("test_") || name == "conformance" || name == "scratch" {
            continue;
        }
        if path.is_dir() {
            module.push(name);
            read_folder(&path, module, into)?;
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut own = module.clone();
            if !matches!(&*name, "lib" | "main") {
                own.push(name.clone());
            }
            let code =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            // In a crate with both a library and a program, the program only wires what the library declares.
            if name == "lib" || !into.contains_key(&own) {
                into.insert(own, code);
            }
        }
    }
    Ok(())
}
