//! The message composer. The browser owns the text until it is sent, so text that was typed before hydration,
//! and text that cannot be sent, stays in place.

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

/// The `keyCode` of a key that an input method handled. Safari reports it for the Enter that ends a
/// composition.
const TAKEN_BY_INPUT_METHOD: u32 = 229;
/// The number of lines that the composer grows to before it scrolls.
const ROWS: usize = 8;

/// The message composer.
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
            state.send(&actions);
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
                state.send(&actions);
            }
        }
    };
    let input = move |event: Event| {
        state.unseen.show(false);
        if let Some(area) = composer() {
            written(&model, &area);
            actions.perform(Action::Write(area.value()));
        }
        // Text still being composed by an input method is not a name yet.
        if event.unchecked_ref::<InputEvent>().is_composing() {
            suggestions.close();
        } else {
            suggestions.look(&model);
        }
    };

    let rows =
        move || state.measure(|text| text.lines().count() + usize::from(text.ends_with('\n'))).clamp(1, ROWS);
    let over = move || matches!(state.room(), Room::Over(_)).then_some("true");
    // A draft that the server returned with a problem stays editable and sendable without scripts; only a
    // script can enable the button again.
    let disabled = move || over().filter(|_| model.problem.with(String::is_empty));
    let address = move || model.room.with(path);
    let content = model.draft.with_untracked(|draft| as_content(draft));
    view! {
        // Without scripts, the browser posts the form.
        <form class="composer" method="post" action=address on:submit=submit>
            {suggested(suggestions)}
            <input type="hidden" name=form::NONCE id=form::NONCE_ID value=move || model.nonce.get()/>
            <input type="hidden" name=form::KEY value=move || model.form_key.get()/>
            <label class="hidden" for=COMPOSER>{strings.composer}</label>
            <textarea
                class="composer__text"
                id=COMPOSER
                name=form::TEXT
                // The browser must not restore text that was already sent; the page itself stores drafts.
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
            // Keeps the focus in the text area, so that a phone's keyboard stays open.
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

/// Returns the text that was typed before hydration.
pub fn typed(model: &Model) -> String {
    let area = composer();
    area.map_or_else(String::new, |area| {
        written(model, &area);
        area.value()
    })
}

/// Puts a draft into the composer, unless it is already there.
pub fn lay_out(draft: &str) {
    if let Some(area) = composer()
        && area.value() != draft
    {
        area.set_value(draft);
    }
}

/// Prefixes the text with a mention of a user and focuses the composer.
pub(crate) fn call(name: &str, actions: &Actions) {
    if let Some(area) = composer() {
        let (mention, written) = (format!("@{name} "), area.value());
        if !written.starts_with(&mention) {
            let _ = area.focus();
            replace(&area, &mention, 0, 0, actions);
            let end = area.text_length();
            // Fails only for an invalid range; this one is valid.
            let _ = area.set_selection_range(end, end);
        }
        let _ = area.focus();
    }
}

/// The composer's state: its model, suggestions and validation.
#[derive(Clone, Copy)]
struct ComposerState {
    model: Model,
    ui: Ui,
    suggestions: Suggestions,
    /// Whether the text to be sent consists of invisible characters only.
    unseen: Field<bool>,
}

impl ComposerState {
    /// Sends the text if it is valid; otherwise leaves it in place and shows why.
    fn send(self, actions: &Actions) {
        let Some(area) = composer() else {
            return;
        };
        let written = area.value();
        let said = MessageText::parse(&written, self.model.text_limit.get_untracked());
        self.unseen.show(is_unseen(&written));
        if let Ok(text) = said
            && !self.model.outbox_full.get_untracked()
        {
            actions.perform(Action::Send(text.as_str().to_owned()));
            area.set_value("");
            self.model.note.show(String::new());
            self.suggestions.close();
            actions.perform(Action::Write(String::new()));
            go_to_newest(self.ui, actions);
        }
        let _ = area.focus();
    }

    /// Returns how many characters are left.
    fn room(self) -> Room {
        Room::left(self.measure(length), self.model.text_limit.get())
    }

    fn measure(self, measure: fn(&str) -> usize) -> usize {
        self.model.draft.with(|draft| measure(draft))
    }
}

/// The notes below the text: the characters left, and why the text cannot be sent.
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
            // The composer may show another room's draft by now.
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

/// Returns the length of a text in characters, counted as the server counts it.
fn length(text: &str) -> usize {
    MessageText::parse(text, 0).map_or(0, |text| text.as_str().chars().count())
}

/// Whether a text consists of invisible characters only. White space alone needs no explanation.
fn is_unseen(text: &str) -> bool {
    !text.trim().is_empty() && MessageText::parse(text, 0) == Err(TextError::Empty)
}

/// The number of characters left in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Plenty,
    /// This many characters are left, which is few.
    Left(usize),
    /// This many characters exceed the limit.
    Over(usize),
}

impl Room {
    fn left(length: usize, limit: usize) -> Room {
        // Warn within the last twentieth of the limit.
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
