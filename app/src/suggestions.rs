//! Whom one may mean: names of the room that go on from an `@` in the composer. What is written changes only by taking one.
//!
//! The focus stays in the text, which says by `aria-activedescendant` which name would be taken: what ARIA has for a list
//! beside a text of several lines, which can be no combobox.

use chat::protocol::User;
use js_sys::JsString;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use crate::{
    action::{Action, Actions, use_actions},
    field::Field,
    members::sorted,
    mention::{begun, goes_on},
    model::Model,
    program::mark,
    ui::composer,
    words::words,
};

/// The id of the list.
pub(crate) const LIST: &str = "mentions";

/// How many names are offered at once.
const MOST: usize = 6;

/// The names that are offered, and which of them would be taken. A copy is the same offer.
#[derive(Clone, Copy)]
pub(crate) struct Suggestions {
    offered: Field<Vec<User>>,
    chosen: Field<usize>,
}

impl Suggestions {
    /// An offer of nothing.
    pub(crate) fn none() -> Suggestions {
        Suggestions { offered: Field::new(Vec::new()), chosen: Field::new(0) }
    }

    /// Offers what goes on from the mention that is begun at the caret, if one is.
    pub(crate) fn look(self, model: &Model) {
        let typed = composer().and_then(|area| Some(at_caret(&area)?.1));
        self.chosen.show(0);
        self.offered.show(typed.map_or_else(Vec::new, |typed| going_on_from(model, &typed)));
    }

    /// Offers nothing more.
    pub(crate) fn close(self) {
        self.offered.show(Vec::new());
    }

    /// The id of the name that would be taken.
    pub(crate) fn active(self) -> Option<String> {
        let is_any = self.offered.with(|offered| !offered.is_empty());
        is_any.then(|| id_of(self.chosen.get()))
    }

    /// Whether this key was meant for what is offered; then it is done.
    pub(crate) fn key(self, key: &str, actions: &Actions) -> bool {
        let count = self.offered.with_untracked(Vec::len);
        if count == 0 {
            return false;
        }
        let chosen = self.chosen.get_untracked();
        match key {
            "ArrowDown" => self.chosen.set((chosen + 1) % count),
            "ArrowUp" => self.chosen.set((chosen + count - 1) % count),
            "Enter" | "Tab" => self.take(chosen, actions),
            "Escape" => self.close(),
            // Elsewhere in the text is no mention, or another one.
            "ArrowLeft" | "ArrowRight" | "Home" | "End" => {
                self.close();
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Writes the name that was offered there where it was begun.
    fn take(self, index: usize, actions: &Actions) {
        let name = self.offered.with_untracked(|offered| offered.get(index).map(|user| user.name.clone()));
        self.close();
        if let Some(name) = name
            && let Some(area) = composer()
            && let Some((caret, typed)) = at_caret(&area)
        {
            let written = units(&typed) + 1;
            let mention = format!("@{name} ");
            // These fail only where the range is none, and this is one.
            let _ = area.set_range_text_with_start_and_end(&mention, caret - written, caret);
            let after = caret - written + units(&mention);
            let _ = area.set_selection_range(after, after);
            actions.perform(Action::Write(area.value()));
        }
    }
}

/// The list, above the composer.
pub(crate) fn suggested(suggestions: Suggestions) -> impl IntoView {
    let actions = use_actions();
    let options = move || {
        let option = |(index, user): (usize, &User)| {
            let actions = actions.clone();
            view! {
                <li
                    class="mentions__one"
                    id=id_of(index)
                    role="option"
                    aria-selected=move || if suggestions.chosen.get() == index { "true" } else { "false" }
                    on:click=move |_| suggestions.take(index, &actions)
                >
                    <span class=format!("members__dot tint-{}", user.id.tint()) aria-hidden="true"></span>
                    <bdi class="members__name">{user.name.to_string()}</bdi>
                    {mark(user, words(), "program")}
                </li>
            }
        };
        suggestions.offered.with(|offered| offered.iter().enumerate().map(option).collect::<Vec<_>>())
    };
    let hidden = move || suggestions.offered.with(Vec::is_empty);
    view! {
        // The focus stays in the text, and with it the keyboard of a phone.
        <ul
            class="mentions"
            id=LIST
            role="listbox"
            aria-label=words().mentions
            hidden=hidden
            on:mousedown=|event| event.prevent_default()
        >
            {options}
        </ul>
    }
}

/// The bots first, which are there to be asked, then people as the list of members has them. A name that is all there is
/// nothing to offer.
fn going_on_from(model: &Model, typed: &str) -> Vec<User> {
    let me = model.me.get_untracked().id;
    let bots = model.members.get_untracked().bots;
    let people = sorted(model).into_iter().filter(|user| user.id != me);
    let mut offered: Vec<User> =
        bots.into_iter().chain(people).filter(|user| goes_on(&user.name, typed)).take(MOST).collect();
    if offered.iter().all(|user| user.name.len() == typed.len()) {
        offered.clear();
    }
    offered
}

fn id_of(index: usize) -> String {
    format!("mention-{index}")
}

/// Where the caret is, as the browser counts, and what is written before it of a mention that has begun; `None` where none
/// has, or where something is selected.
fn at_caret(area: &HtmlTextAreaElement) -> Option<(u32, String)> {
    let caret = area.selection_start().ok()??;
    let before = (area.selection_end().ok()?? == caret)
        .then(|| String::from(JsString::from(area.value()).slice(0, caret)))?;
    begun(&before).map(|typed| (caret, typed.to_owned()))
}

/// How long a text is as the browser counts.
fn units(text: &str) -> u32 {
    JsString::from(text).length()
}
