//! Where one writes. The words stay the browser's until they are sent: what was typed before this program ran is kept,
//! and so is what cannot be sent.

use chat::{
    protocol::RefusalCode,
    text::{MessageText, TextError},
};
use leptos::{
    ev::{Event, KeyboardEvent, SubmitEvent},
    prelude::*,
};

use web_sys::{InputEvent, wasm_bindgen::JsCast};

use crate::{
    action::{Action, Actions, use_actions},
    address::path,
    edit::replace,
    field::Field,
    form::{self, as_content},
    live::Live,
    model::{Model, use_model},
    paste::written,
    strings::strings,
    suggestions::{LIST, Suggestions, suggested},
    ui::{COMPOSER, Ui, composer, go_to_newest, use_ui},
};

/// What `keyCode` says of a key that an input method took: in Safari the Enter that ends a composition comes after it.
const TAKEN_BY_INPUT_METHOD: u32 = 229;
/// How many lines the composer grows to before it scrolls.
const ROWS: usize = 8;

/// Where one writes.
#[component]
pub fn Composer() -> impl IntoView {
    let model = use_model();
    let ui = use_ui();
    let suggestions = Suggestions::none();
    let state = ComposerState { model, ui, suggestions, unseen: Field::new(false) };
    let strings = strings();
    let actions = use_actions();
    Effect::new(move |_| {
        model.room.track();
        suggestions.close();
    });
    let submit = {
        let actions = actions.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            state.say(&actions);
        }
    };
    let key = {
        let actions = actions.clone();
        move |event: KeyboardEvent| {
            let composing = event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD;
            if composing {
                return;
            }
            if !event.shift_key() && suggestions.key(&event.key(), &actions) {
                event.prevent_default();
            } else if event.key() == "Enter" && !event.shift_key() {
                event.prevent_default();
                state.say(&actions);
            }
        }
    };
    let input = move |event: Event| {
        state.unseen.show(false);
        if let Some(area) = composer() {
            written(&model, &area);
            actions.perform(Action::Write(area.value()));
        }
        // What an input method is putting together is no name yet.
        if event.unchecked_ref::<InputEvent>().is_composing() {
            suggestions.close();
        } else {
            suggestions.look(&model);
        }
    };

    let rows =
        move || state.measure(|text| text.lines().count() + usize::from(text.ends_with('\n'))).clamp(1, ROWS);
    let over = move || matches!(state.room(), Room::Over(_)).then_some("true");
    // What the server gave back can be changed and sent where no program runs, which would say so.
    let disabled = move || over().filter(|_| model.problem.with(String::is_empty));
    let address = move || model.room.with(path);
    let content = model.draft.with_untracked(|draft| as_content(draft));
    view! {
        // Where no program runs, the browser posts it.
        <form class="composer" method="post" action=address on:submit=submit>
            {suggested(suggestions)}
            <input type="hidden" name=form::NONCE id=form::NONCE_ID value=move || model.nonce.get()/>
            <input type="hidden" name=form::KEY value=move || model.form_key.get()/>
            <label class="hidden" for=COMPOSER>{strings.composer}</label>
            <textarea
                class="composer__text"
                id=COMPOSER
                name=form::TEXT
                // The browser does not bring back what was sent already; the page keeps what was not.
                autocomplete="off"
                rows="1"
                prop:rows=rows
                dir="auto"
                enterkeyhint="send"
                placeholder=strings.placeholder
                aria-describedby="composer-count composer-problem"
                aria-invalid=over
                aria-autocomplete="list"
                aria-controls=LIST
                aria-activedescendant=move || suggestions.active()
                on:keydown=key
                on:input=input
                on:compositionend=move |_| suggestions.look(&model)
                inner_html=content
            ></textarea>
            // The focus stays in the text, and with it the keyboard of a phone.
            <button
                class="composer__send"
                type="submit"
                aria-disabled=disabled
                on:mousedown=|event| event.prevent_default()
            >
                {strings.send}
            </button>
            <Notes state/>
        </form>
    }
}

/// What was typed before this program ran.
pub fn typed(model: &Model) -> String {
    let area = composer();
    area.map_or_else(String::new, |area| {
        written(model, &area);
        area.value()
    })
}

/// Lays out a draft, unless it stands there.
pub fn lay_out(draft: &str) {
    if let Some(area) = composer()
        && area.value() != draft
    {
        area.set_value(draft);
    }
}

/// Begins what is written with the name of somebody who is called, and goes on with writing.
pub(crate) fn call(name: &str, actions: &Actions) {
    if let Some(area) = composer() {
        let (mention, written) = (format!("@{name} "), area.value());
        if !written.starts_with(&mention) {
            let _ = area.focus();
            replace(&area, &mention, 0, 0, actions);
            let end = area.text_length();
            // It fails only where the range is none, and this is one.
            let _ = area.set_selection_range(end, end);
        }
        let _ = area.focus();
    }
}

/// What lies before the writer: the text that the browser holds, and what is known of it.
#[derive(Clone, Copy)]
struct ComposerState {
    model: Model,
    ui: Ui,
    suggestions: Suggestions,
    /// Whether what was to be sent shows nothing, though something is there.
    unseen: Field<bool>,
}

impl ComposerState {
    /// Says what is written, if it can be said; otherwise the words stay, and below it says why.
    fn say(self, actions: &Actions) {
        let Some(area) = composer() else {
            return;
        };
        let written = area.value();
        let said = MessageText::parse(&written, self.model.text_limit.get_untracked());
        self.unseen.show(is_unseen(&written));
        if let Ok(text) = said
            && !self.model.outbox_full.get_untracked()
        {
            actions.perform(Action::Say(text.as_str().to_owned()));
            area.set_value("");
            self.model.note.show(String::new());
            self.suggestions.close();
            actions.perform(Action::Write(String::new()));
            go_to_newest(self.ui, actions);
        }
        let _ = area.focus();
    }

    /// How much room the text leaves.
    fn room(self) -> Room {
        Room::left(self.measure(length), self.model.text_limit.get())
    }

    fn measure(self, measure: fn(&str) -> usize) -> usize {
        self.model.draft.with(|draft| measure(draft))
    }
}

/// What there is to say about the text: how much room it leaves, and why it cannot be sent.
#[component]
fn Notes(state: ComposerState) -> impl IntoView {
    let strings = strings();
    let count = move || {
        Live(match state.room() {
            Room::Plenty => String::new(),
            Room::Left(left) => (strings.characters_left)(left),
            Room::Over(over) => (strings.characters_over)(over),
        })
    };
    let problem = move || {
        match state.room() {
            Room::Over(_) => strings.too_long.to_owned(),
            _ if state.model.problem.with(|problem| !problem.is_empty()) => state.model.problem.get(),
            Room::Plenty | Room::Left(_) if state.model.outbox_full.get() => strings.outbox_full.to_owned(),
            // Another room's draft may stand there by now.
            Room::Plenty | Room::Left(_)
                if state.unseen.get() && state.measure(|text| is_unseen(text).into()) > 0 =>
            {
                (strings.not_sent)((strings.refusal)(RefusalCode::TextEmpty).unwrap_or_default())
            }
            Room::Plenty | Room::Left(_) => String::new(),
        }
    };
    view! {
        <p class="composer__notes">
            <span class="composer__count" id="composer-count">{count}</span>
            <span class="composer__problem problem" id="composer-problem" role="status">{move || Live(with_note(state.model.note.get(), &problem()))}</span>
        </p>
    }
}

fn with_note(note: String, problem: &str) -> String {
    if note.is_empty() || problem.is_empty() { note + problem } else { note + " " + problem }
}

/// How many characters a text counts for, as the server counts them.
fn length(text: &str) -> usize {
    MessageText::parse(text, 0).map_or(0, |text| text.as_str().chars().count())
}

/// Whether something was written, and nothing of it can be seen. White space alone needs no words.
fn is_unseen(text: &str) -> bool {
    !text.trim().is_empty() && MessageText::parse(text, 0) == Err(TextError::Empty)
}

/// How much room a text leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Plenty,
    /// So many characters, and that is not many.
    Left(usize),
    /// So many characters too many.
    Over(usize),
}

impl Room {
    fn left(length: usize, limit: usize) -> Room {
        // A twentieth of the limit is worth a warning.
        let few = (limit / 20).max(10);
        match limit.checked_sub(length) {
            _ if limit == 0 => Room::Plenty,
            None => Room::Over(length - limit),
            Some(left) if left <= few && left < limit => Room::Left(left),
            Some(_) => Room::Plenty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Room, is_unseen};

    #[test]
    fn what_shows_nothing_is_told_from_white_space() {
        assert!(is_unseen("\u{200B}") && is_unseen(" \u{2060}\n\u{3164} "));
        assert!(!is_unseen("") && !is_unseen(" \n\t\u{3000}") && !is_unseen("a\u{200B}"));
    }

    #[test]
    fn room_is_spoken_of_only_when_there_is_little() {
        assert_eq!(Room::left(3_799, 4_000), Room::Plenty);
        assert_eq!(Room::left(3_800, 4_000), Room::Left(200));
        assert_eq!(Room::left(4_000, 4_000), Room::Left(0));
        assert_eq!(Room::left(4_001, 4_000), Room::Over(1));
        assert_eq!(Room::left(1_000_000, 0), Room::Plenty);
    }
}
