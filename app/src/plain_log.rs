//! The log of a room where no program runs: lines that a frame loads anew every few seconds, beside the page in which one
//! writes, so that nobody is disturbed in writing.

use chat::{client::timeline::Earlier as Kept, room_name::RoomName};
use leptos::prelude::*;

use crate::{
    address::permalink,
    message::line,
    model::use_model,
    strings::{room_title, strings},
    ui::Ui,
};

/// How often the frame loads itself anew, in seconds.
pub(crate) const REFRESH_SECONDS: u32 = 15;

/// Where the log of a room is found. The lobby has a name here, as every other room.
pub(crate) fn log_path(room: &RoomName) -> String {
    format!("/chat/{room}/log")
}

/// The log.
#[component]
pub(crate) fn LogView() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    provide_context(Ui::new());
    let room = model.room.get_untracked();
    let earlier = match model.earlier.get_untracked() {
        Kept::Kept | Kept::Elsewhere => {
            let further = permalink(&room, model.first.get_untracked());
            Some(
                view! { <p class="opening opening--earlier"><a class="button" href=further>{strings.further_back}</a></p> },
            )
        }
        Kept::Gone | Kept::Nothing => None,
    };
    let rows = model.rows.get_untracked();
    let empty = rows.is_empty().then(|| view! { <p class="opening opening--empty">{strings.empty.0}</p> });
    view! {
        <div class="timeline" id="timeline" role="log" tabindex="0" aria-label=(strings.timeline)(&room_title(strings, room.as_str()))>
            <div class="timeline__paper">
                {earlier}
                {empty}
                <ol class="timeline__lines">{rows.into_iter().map(line).collect::<Vec<_>>()}</ol>
            </div>
        </div>
    }
}
