//! Finds the paths in one Rust file that lead into its own crate.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, ItemMod, ItemUse, Macro, Meta, UseTree,
    visit::{self, Visit},
};

/// Returns the absolute paths, without the leading `crate`, that the code of `module` names.
pub(crate) fn paths(code: &str, module: &[String]) -> Result<BTreeSet<Vec<String>>> {
    let file = syn::parse_file(code).context("this is not Rust")?;
    let children = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(child) if child.content.is_none() => Some(child.ident.to_string()),
        _ => None,
    });
    let mut reader = Reader { module: module.to_vec(), children: children.collect(), found: BTreeSet::new() };
    reader.visit_file(&file);
    Ok(reader.found)
}

struct Reader {
    module: Vec<String>,
    children: BTreeSet<String>,
    found: BTreeSet<Vec<String>>,
}

impl Reader {
    /// Records a path, if it leads into this crate.
    fn note(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let mut absolute = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            child if path.len() > 1 && self.children.contains(child) => self.module.clone(),
            _ => return,
        };
        for segment in path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(absolute.pop()),
                name => absolute.push(name.to_owned()),
            }
        }
        self.found.insert(absolute);
    }

    fn note_tree(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.note_tree(&step.tree, path);
                path.pop();
            }
            UseTree::Name(name) => self.note_leaf(name.ident.to_string(), path),
            UseTree::Rename(name) => self.note_leaf(name.ident.to_string(), path),
            UseTree::Glob(_) => self.note(path),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(tree, path)),
        }
    }

    fn note_leaf(&mut self, name: String, path: &mut Vec<String>) {
        path.push(name);
        self.note(path);
        path.pop();
    }

    /// Records the paths in a macro's arguments, as far as they are written out.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => colons += 1,
                other => {
                    self.note(&std::mem::take(&mut path));
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.note_tokens(group.stream()),
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                    }
                }
            }
        }
        self.note(&path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_none() {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    /// Skips visibilities: `pub(super)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.note_tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.note_tokens(list.tokens.clone());
        }
    }
}

/// Returns whether an attribute compiles its item for tests only.
fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
}

#[cfg(test)]
mod tests {
    use super::paths;

    fn found(code: &str) -> Vec<String> {
        let module = ["http".to_owned(), "api".to_owned()];
        paths(code, &module).unwrap().iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn every_way_to_name_a_module_is_an_arrow() {
        assert_eq!(
            found("use crate::{store::{Store, redis}, clock};"),
            ["clock", "store::Store", "store::redis"]
        );
        assert_eq!(found("use super::state::Shared;"), ["http::state::Shared"]);
        assert_eq!(found("mod sse; fn a() { sse::begin(); }"), ["http::api::sse::begin"]);
        assert_eq!(found("fn a(b: crate::clock::Now) {}"), ["clock::Now"]);
        assert_eq!(found("fn a() { assert!(crate::clock::now() > 1); }"), ["clock::now"]);
        assert_eq!(
            found("#[path(get, body = crate::http::api::schema::Trouble)] fn a() {}"),
            ["http::api::schema::Trouble"]
        );
        assert_eq!(found("mod a { use super::super::b::C; }"), ["http::b::C"]);
    }

    #[test]
    fn tests_and_other_crates_are_no_arrows() {
        assert!(found("#[cfg(test)] mod tests { use crate::store::Store; }").is_empty());
        assert!(found("#[cfg(test)] use crate::store::Store;").is_empty());
        assert!(found("use std::sync::Arc; fn a() { tokio::spawn(async {}); }").is_empty());
    }
}
