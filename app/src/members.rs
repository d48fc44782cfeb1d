//! Who is in the room: all, or a page of a crowd. A column where there is room for one; elsewhere it slides in.

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

/// Who is in the room.
#[component]
pub fn Members() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    // Before anything was heard, nobody is not a number.
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
    // Others take the place of those who are shown, and are read from the first on.
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

/// The reader first, then everybody by name, that of ASCII without regard to case. They are as few as the server names;
/// putting each in its place takes a fraction of what the library's sorting adds to the browser's program.
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

/// Those that answer here: always there, and so not counted.
pub(crate) fn bots(model: &Model) -> Vec<User> {
    model.bots.get()
}

fn member(user: &User, model: &Model) -> impl IntoView + use<> {
    let you = model.me.with_untracked(|me| me.id == user.id).then(strings);
    let class = if user.id.is_program() { "members__bot" } else { "members__member" };
    name(user, class, None, you.map(|strings| strings.you))
}

/// A name in a list, with the colour of who bears it. In a list to choose from it has an id, and may be the chosen one. The
/// lists share it, for each one of its own would cost the browser's program a kilobyte.
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
