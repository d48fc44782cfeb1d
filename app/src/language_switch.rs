//! The language switch: a form that works without scripts. In a room it is an action, so that typed text
//! survives.

use leptos::{ev::SubmitEvent, prelude::*};

use crate::action::{Action, Actions};
use i18n::Language;

/// The language switch.
#[component]
pub fn LanguageSwitch(
    /// The current language.
    language: Language,
    /// The path to return to.
    next: String,
    /// Performs the switch; without it, the form is posted to the server.
    #[prop(optional)]
    actions: Option<Actions>,
) -> impl IntoView {
    let other = language.other();
    let switch = move |event: SubmitEvent| {
        if let Some(actions) = &actions {
            event.prevent_default();
            actions.perform(Action::SetLanguage(other));
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
