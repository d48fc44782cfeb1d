//! A button that performs an action.

use leptos::prelude::*;

use crate::{
    action::{Action, use_actions},
    ui::go_on,
};

/// A button that performs an action once and then moves the focus back to the composer.
pub(crate) fn button(class: &'static str, label: &'static str, action: Action) -> impl IntoView {
    let actions = use_actions();
    let act = move |_| {
        actions.perform(action.clone());
        go_on();
    };
    view! { <button class=class type="button" on:click=act>{label}</button> }
}
