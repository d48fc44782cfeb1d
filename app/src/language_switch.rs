//! The switch to the other language: a form that works by itself; inside the room it is an action, so that nothing that
//! is typed gets lost.

use leptos::{ev::SubmitEvent, prelude::*};

use crate::action::{Action, Actions};
use i18n::Language;

/// The switch.
#[component]
pub fn LanguageSwitch(
    /// The language at present.
    language: Language,
    /// Where to come back to.
    next: String,
    /// Who switches; without, the server does.
    #[prop(optional)]
    actions: Option<Actions>,
) -> impl IntoView {
    let other = language.other();
    let switch = move |event: SubmitEvent| {
        if let Some(actions) = &actions {
            event.prevent_default();
            actions.perform(Action::Speak(other));
        }
    };
    view! {
        <form class="language" method="post" action="/language" on:submit=switch>
            <input type="hidden" name="lang" value=other.code()/>
            <input type="hidden" name="next" value=next/>
            <button class="quiet" type="submit" lang=other.tag()>
                {other.own_name()}
            </button>
        </form>
    }
}
