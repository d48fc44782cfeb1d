//! The members panel: all members of the room, or one page of a crowded one. A column where there is space
//! for one; otherwise it slides in.

use chat::protocol::User;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::{
    action::{Action, use_actions},
    close::Close,
    live::Live,
    model::{Model, use_model},
    program::mark,
    strings::strings,
    ui::{MEMBERS, element},
};

/// The members panel.
#[component]
pub fn Members() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    // A count of 0 means that none has arrived yet.
    let count = move || {
        let count = Some(model.here.get()).filter(|count| *count > 0);
        Live(count.map(|count| count.to_string()).unwrap_or_default())
    };
    let list = |of: fn(&Model) -> Vec<User>| {
        move || of(&model).iter().map(|user| member(user, &model)).collect::<Vec<_>>()
    };
    let more = move || {
        let more = model.here.get().saturating_sub(model.members.with(Vec::len));
        Live(if more > 0 { (strings.more_members)(more) } else { String::new() })
    };
    let actions = use_actions();
    // The other members replace the ones shown; the list scrolls back to the top.
    let show_others = move |_| {
        actions.perform(Action::Members);
        if let Some(members) = element::<HtmlElement>(MEMBERS) {
            members.set_scroll_top(0);
        }
    };
    view! {
        <aside class="members" id=MEMBERS popover="auto" tabindex="0" aria-label=strings.members>
            <h2 class="members__title">
                <span>{strings.members}</span>
                <span class="members__count">{count}</span>
            </h2>
            <Close of="members"/>
            <ul class="members__list">{list(sorted)}</ul>
            <button class="members__more quiet" type="button" on:click=show_others>{more}</button>
            <ul class="members__bots" aria-label=strings.programs>{list(bots)}</ul>
        </aside>
    }
}

/// Returns the user first, then the other members by name, ignoring ASCII case. The server limits their
/// number, and inserting each in order adds far less code to the WebAssembly binary than the library's sort.
pub(crate) fn sorted(model: &Model) -> Vec<User> {
    let me = model.me.get().id;
    let key = |user: &User| (user.id != me, user.name.to_ascii_lowercase());
    let mut sorted = Vec::new();
    for user in model.members.get() {
        let place = sorted.partition_point(|(other, _)| *other <= key(&user));
        sorted.insert(place, (key(&user), user));
    }
    sorted.into_iter().map(|(_, user)| user).collect()
}

/// Returns the built-in bots, which are always present and therefore not counted.
pub(crate) fn bots(model: &Model) -> Vec<User> {
    model.bots.get()
}

fn member(user: &User, model: &Model) -> impl IntoView + use<> {
    let you = model.me.with_untracked(|me| me.id == user.id).then(strings);
    let class = if user.id.is_program() { "members__bot" } else { "members__member" };
    name(user, class, None, you.map(|strings| strings.you))
}

/// Renders a name with its user's color. `choice` makes it a list option with an id, which may be the
/// selected one. Shared by the lists because each variant of its own would add a kilobyte to the WebAssembly
/// binary.
pub(crate) fn name(
    user: &User,
    class: &'static str,
    choice: Option<(String, bool)>,
    remark: Option<&'static str>,
) -> impl IntoView + use<> {
    let role = choice.is_some().then_some("option");
    let chosen = choice.as_ref().map(|(_, chosen)| if *chosen { "true" } else { "false" });
    view! {
        <li class=class id=choice.map(|(id, _)| id) role=role aria-selected=chosen>
            <span class=format!("members__dot tint-{}", user.id.tint()) aria-hidden="true"></span>
            <bdi class="members__name" translate="no">{Live(user.name.to_string())}</bdi>
            {mark(user, strings())}
            {remark.map(|remark| view! { <span class="members__you">{remark}</span> })}
        </li>
    }
}
