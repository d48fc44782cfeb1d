//! The line of a streaming answer. It has the layout of the message that will replace it, so that nothing
//! moves then. Screen readers announce only that message.

use chat::{id::ClientId, protocol::User};
use leptos::prelude::*;

use crate::{
    action::Action, author::author, button::button, live::Live, model::use_model, row::GROWING_ANCHOR,
    strings::strings, ui::use_ui,
};

/// The line; `stops` if the user may stop the answer.
pub(crate) fn grows(user: &User, id: ClientId, leads: bool, stops: bool) -> impl IntoView + use<> {
    let model = use_model();
    let strings = strings();
    let name = user.name.clone();
    let anchor = format!("{GROWING_ANCHOR}{}-{id}", user.id);
    // Takes the place of the time that the final message will show.
    let stop = stops.then(|| button("growing__stop quiet", strings.stop, Action::Stop(id.clone())));
    // A user who watches the answer stream in sees all of it, and continues to once it is complete.
    use_ui().grown.add(&id);
    let this = (user.id.clone(), id);
    // Links are not rendered yet: a URL that is still streaming in points elsewhere.
    let so_far = move || {
        model.growing.with(|answers| {
            let answer = answers.iter().find(|answer| (&answer.user.id, &answer.id) == (&this.0, &this.1));
            let so_far = answer.map_or("", |answer| answer.text.trim());
            let state =
                if so_far.is_empty() { (strings.thinking)(&name) } else { (strings.typing)(&[&name]) };
            view! {
                <span>{Live(so_far.to_owned())}</span>
                <span class="hidden">{Live(state)}</span>
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
                <span class="growing__dots" aria-hidden="true"></span>
            </div>
        </li>
    }
}
