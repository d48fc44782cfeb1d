//! The account block: the user's name, the language switch and the logout forms.

use leptos::prelude::*;

use crate::{
    action::{Action, use_actions},
    address::path,
    form,
    language_switch::LanguageSwitch,
    live::Live,
    model::use_model,
    strings::strings,
};

/// The account block.
#[component]
pub fn Account() -> impl IntoView {
    let model = use_model();
    let name = move || Live(model.me.with(|me| me.name.to_string()));
    let tint = format!("account__name tint-{}", model.me.with_untracked(|me| me.id.tint()));
    let language = model.language.get_untracked();
    let actions = use_actions();
    let log_out = move |_| actions.perform(Action::LogOut);
    let here = path(&model.room.get_untracked());
    let there = here.clone();
    view! {
        <div class="account">
            <bdi class=tint>{name}</bdi>
            <LanguageSwitch language next=here actions=use_actions()/>
            <form method="post" action="/logout" on:submit=log_out>
                // Names the user, so that a stale page does not log out whoever has since logged in with this
                // browser.
                <input type="hidden" name=form::USER value=move || model.me.with(|me| me.id.to_string())/>
                <button class="quiet" type="submit">{strings().log_out}</button>
            </form>
            <form method="post" action="/logout/elsewhere">
                <input type="hidden" name=form::USER value=move || model.me.with(|me| me.id.to_string())/>
                <input type="hidden" name="next" value=there/>
                <button class="quiet" type="submit" title=strings().log_out_elsewhere_hint>{strings().log_out_elsewhere}</button>
            </form>
        </div>
    }
}
