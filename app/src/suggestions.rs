//! Whom one may mean: names of the room that go on from an `@` in the composer. What is written changes only by taking one.
//!
//! The focus stays in the text, which says by `aria-activedescendant` which name would be taken: what ARIA has for a list
//! beside a text of several lines, which can be no combobox.

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

/// What the ids of its names begin with.
const OPTION: &str = "mention-";

/// How many names are offered at once.
const MOST: usize = 6;

/// The names that are offered, and which of them would be taken: none before anything of a name is typed or one is chosen.
/// A copy is the same offer.
#[derive(Clone, Copy)]
pub(crate) struct Suggestions(Field<(Vec<User>, Option<usize>)>);

impl Suggestions {
    /// An offer of nothing.
    pub(crate) fn none() -> Suggestions {
        Suggestions(Field::new((Vec::new(), None)))
    }

    /// Offers what goes on from the mention that is begun at the caret, if one is.
    pub(crate) fn look(self, model: &Model) {
        let typed = composer().and_then(|area| Some(at_caret(&area)?.1));
        self.0.set(typed.map_or_else(Default::default, |typed| {
            (going_on_from(model, &typed), (!typed.is_empty()).then_some(0))
        }));
    }

    /// Offers nothing more.
    pub(crate) fn close(self) {
        self.0.update(|offer| offer.0.clear());
    }

    /// The id of the name that would be taken.
    pub(crate) fn active(self) -> Option<String> {
        self.0.with(|(offered, chosen)| chosen.filter(|_| !offered.is_empty()).map(id_of))
    }

    /// Whether this key was meant for what is offered; then it is done.
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

    /// Writes the name that was offered there where it was begun. False if the caret has left that.
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

/// The list, above the composer.
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
    // The focus stays in the text, and with it the keyboard of a phone.
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

/// The bots first, which are there to be asked, then people as the list of members has them. A name that is all there is
/// nothing to offer.
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

/// Where the caret is, as the browser counts, and what is written before it of a mention that has begun, if one has.
fn at_caret(area: &HtmlTextAreaElement) -> Option<(u32, String)> {
    let caret = area.selection_start().ok()??;
    let before = String::from(JsString::from(area.value()).slice(0, caret));
    begun(&before).map(|typed| (caret, typed.to_owned()))
}

/// How long a text is as the browser counts.
fn units(text: &str) -> u32 {
    JsString::from(text).length()
}
