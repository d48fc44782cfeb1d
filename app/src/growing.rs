//! The line of an answer that grows. It stands as the message will that takes its place, so that nothing moves then, and
//! is announced only as that message.

use chat::{
    id::{ClientId, UserId},
    protocol::{Growing, User},
};
use leptos::prelude::*;

use crate::{
    action::{Action, use_actions},
    message::author,
    model::use_model,
    text::text,
    ui::go_on,
    words::words,
};

/// What the ids of these lines begin with, in the page.
pub(crate) const ANCHOR: &str = "growing-";

/// Which answer it is: whose, and its id.
pub(crate) type Which = (UserId, ClientId);

/// Tells the answers of a room apart.
pub(crate) fn which(growing: &Growing) -> Which {
    (growing.user.id.clone(), growing.id.clone())
}

/// The line; `stops` if its reader may end it.
pub(crate) fn grows(user: &User, id: ClientId, leads: bool, stops: bool) -> impl IntoView + use<> {
    let model = use_model();
    let words = words();
    let name = user.name.clone();
    let anchor = format!("{ANCHOR}{}-{id}", user.id);
    let stop = stops.then(|| stop(id.clone(), leads));
    let this = (user.id.clone(), id);
    // All of it is another text each time; what is drawn from it changes where it stands.
    let so_far = move || {
        model.growing.with(|answers| {
            let answer = answers.iter().find(|answer| which(answer) == this);
            let so_far = answer.map_or("", |answer| answer.text.trim_start_matches('\n').trim_end());
            let state = if so_far.is_empty() { (words.thinking)(&name) } else { (words.typing)(&[&name]) };
            view! {
                {text(so_far)}
                <span class="hidden">{state}</span>
            }
        })
    };
    let class = if leads { "line line--leads growing" } else { "line growing" };
    view! {
        <li class=class id=anchor aria-live="off">
            {author(user, leads)}
            {stop}
            <div class="line__text" dir="auto">
                {so_far}
                <span class="growing__dots" aria-hidden="true"><i></i><i></i><i></i></span>
            </div>
        </li>
    }
}

/// Ends the answer. It stands in the place of the time that the line has not got yet; where that is narrow, without its word.
fn stop(id: ClientId, leads: bool) -> impl IntoView {
    let actions = use_actions();
    let stop = move |_| {
        actions.perform(Action::Stop(id.clone()));
        // The button goes away.
        go_on();
    };
    view! {
        <button
            class="growing__stop quiet"
            type="button"
            title=words().stop
            on:mousedown=|event| event.prevent_default()
            on:click=stop
        >
            <span class="growing__face">
                <span class="growing__square" aria-hidden="true"></span>
                <span class:hidden=!leads>{words().stop}</span>
            </span>
        </button>
    }
}
