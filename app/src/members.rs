//! Who is in the room. A column where there is room for one; elsewhere it slides in.

use chat::protocol::User;
use leptos::prelude::*;

use crate::{
    close::Close,
    model::{Model, use_model},
    program::mark,
    words::words,
};

/// Who is in the room.
#[component]
pub fn Members() -> impl IntoView {
    let model = use_model();
    let words = words();
    // Before anything was heard, nobody is not a number.
    let count = move || model.members.with(|members| (members.count > 0).then(|| members.count.to_string()));
    let list = move || sorted(&model).iter().map(|user| member(user, &model)).collect::<Vec<_>>();
    let more = move || {
        let more = model.members.with(|members| members.count.saturating_sub(members.list.len()));
        (more > 0).then(|| (words.more_members)(more))
    };
    let bots = move || {
        let bots: Vec<_> = model.members.with(|members| members.bots.iter().map(bot).collect());
        (!bots.is_empty()).then(|| view! { <ul class="members__bots" aria-label=words.programs>{bots}</ul> })
    };
    view! {
        <aside class="members" id="members" popover="auto" tabindex="0" aria-label=words.members>
            <h2 class="members__title">
                <span>{words.members}</span>
                <span class="members__count">{count}</span>
            </h2>
            <Close of="members"/>
            <ul class="members__list">{list}</ul>
            <p class="members__more">{more}</p>
            {bots}
        </aside>
    }
}

/// The reader first, then everybody by name, that of ASCII without regard to case. They are as few as the server names;
/// putting each in its place takes a fraction of what the library's sorting adds to the browser's program.
pub(crate) fn sorted(model: &Model) -> Vec<User> {
    let me = model.me.get().id;
    let key = |user: &User| (user.id != me, user.name.to_ascii_lowercase());
    let mut sorted = Vec::new();
    for user in model.members.get().list {
        let place = sorted.partition_point(|(other, _)| *other <= key(&user));
        sorted.insert(place, (key(&user), user));
    }
    sorted.into_iter().map(|(_, user)| user).collect()
}

fn member(user: &User, model: &Model) -> impl IntoView + use<> {
    let you = model.me.with_untracked(|me| me.id == user.id);
    view! {
        <li class="members__member">
            <span class=format!("members__dot tint-{}", user.id.tint()) aria-hidden="true"></span>
            <bdi class="members__name">{user.name.to_string()}</bdi>
            {you.then(|| view! { <span class="members__you">{words().you}</span> })}
        </li>
    }
}

/// One that is always here.
fn bot(user: &User) -> impl IntoView + use<> {
    view! {
        <li class="members__bot">
            <span class=format!("members__dot tint-{}", user.id.tint()) aria-hidden="true"></span>
            <bdi class="members__name">{user.name.to_string()}</bdi>
            {mark(user, words(), "program")}
        </li>
    }
}
