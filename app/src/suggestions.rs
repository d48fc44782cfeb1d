//! Mention suggestions: the room's names that complete an `@` in the composer. The text changes only when the
//! user picks one.
//!
//! The focus stays in the text area, whose `aria-activedescendant` tells which name is selected. ARIA offers
//! this for a list beside a multi-line text, which cannot be a combobox.

use chat::protocol::User;
use js_sys::JsString;
use leptos::{ev::MouseEvent, prelude::*};
use web_sys::{Element, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::{
    action::{Actions, use_actions},
    edit::replace,
    field::Field,
    members::{bots, name, sorted},
    mention::{begun, goes_on},
    model::Model,
    strings::strings,
    ui::composer,
};

/// The id of the list.
pub(crate) const LIST: &str = "mentions";

/// The prefix of the ids of its options.
const OPTION: &str = "mention-";

/// The maximum number of names suggested at once.
const MOST: usize = 6;

/// The suggested names, and which one is selected: none until something is typed after the `@` or the user
/// selects one. Copies share the same state.
#[derive(Clone, Copy)]
pub(crate) struct Suggestions(Field<(Vec<User>, Option<usize>)>);

impl Suggestions {
    /// Creates an empty list of suggestions.
    pub(crate) fn none() -> Suggestions {
        Suggestions(Field::new((Vec::new(), None)))
    }

    /// Suggests names that complete the mention at the caret, if there is one.
    pub(crate) fn look(self, model: &Model) {
        let typed = composer().and_then(|area| Some(at_caret(&area)?.1));
        self.0.set(typed.map_or_else(Default::default, |typed| {
            (going_on_from(model, &typed), (!typed.is_empty()).then_some(0))
        }));
    }

    /// Closes the suggestions.
    pub(crate) fn close(self) {
        self.0.update(|offer| offer.0.clear());
    }

    /// Returns the id of the selected option.
    pub(crate) fn active(self) -> Option<String> {
        self.0.with(|(offered, chosen)| chosen.filter(|_| !offered.is_empty()).map(id_of))
    }

    /// Handles a key for the suggestions; returns whether it did.
    pub(crate) fn key(self, key: &str, actions: &Actions) -> bool {
        let (count, chosen) = self.0.with_untracked(|(offered, chosen)| (offered.len(), *chosen));
        if count == 0 {
            return false;
        }
        let choose = |chosen| self.0.update(|offer| offer.1 = Some(chosen % count));
        match key {
            "ArrowDown" => choose(chosen.map_or(0, |chosen| chosen + 1)),
            "ArrowUp" => choose(chosen.unwrap_or(count) + count - 1),
            "Enter" | "Tab" => return chosen.is_some_and(|chosen| self.take(chosen, actions)),
            "Escape" => self.close(),
            _ => return false,
        }
        true
    }

    /// Inserts the name at this index where the mention began. Returns false if the caret has left the
    /// mention.
    fn take(self, index: usize, actions: &Actions) -> bool {
        let name = self.0.with_untracked(|(offered, _)| offered.get(index).map(|user| user.name.clone()));
        self.close();
        let Some(name) = name else { return false };
        let Some(area) = composer() else { return false };
        let Some((caret, typed)) = at_caret(&area) else { return false };
        let mention = format!("@{name} ");
        let from = caret - units(&typed) - 1;
        replace(&area, &mention, from, caret, actions);
        true
    }
}

/// Renders the list above the composer.
pub(crate) fn suggested(suggestions: Suggestions) -> impl IntoView {
    let actions = use_actions();
    let options = move || {
        suggestions.0.with(|(offered, chosen)| {
            let option = |(index, user): (usize, &User)| {
                name(user, "mentions__one", Some((id_of(index), Some(index) == *chosen)), None)
            };
            offered.iter().enumerate().map(option).collect::<Vec<_>>()
        })
    };
    // Keeps the focus in the text area, so that a phone's keyboard stays open.
    let stay = |event: MouseEvent| event.prevent_default();
    let take = move |event: MouseEvent| {
        let on = event.target().and_then(|target| target.unchecked_into::<Element>().closest("li").ok()?);
        let index = on.and_then(|option| option.id().strip_prefix(OPTION)?.parse().ok());
        if let Some(index) = index {
            suggestions.take(index, &actions);
        }
    };
    view! {
        <ul
            class="mentions"
            id=LIST
            role="listbox"
            aria-label=strings().mentions
            on:mousedown=stay
            on:click=take
        >
            {options}
        </ul>
    }
}

fn id_of(index: usize) -> String {
    format!("{OPTION}{index}")
}

/// Returns the names that start with the typed part: bots first, then members in the order of their list.
/// None if the typed part is already complete.
fn going_on_from(model: &Model, typed: &str) -> Vec<User> {
    let me = model.me.get_untracked().id;
    let mut offered = bots(model);
    offered.append(&mut sorted(model));
    offered.retain(|user| user.id != me && goes_on(&user.name, typed));
    offered.truncate(MOST);
    if offered.iter().all(|user| user.name.len() == typed.len()) {
        offered.clear();
    }
    offered
}

/// Returns the caret's position in UTF-16 code units and the typed part of the mention before it, if there is
/// one.
fn at_caret(area: &HtmlTextAreaElement) -> Option<(u32, String)> {
    let caret = area.selection_start().ok()??;
    let before = String::from(JsString::from(area.value()).slice(0, caret));
    begun(&before).map(|typed| (caret, typed.to_owned()))
}

/// Returns the length of a text in UTF-16 code units.
fn units(text: &str) -> u32 {
    JsString::from(text).length()
}
