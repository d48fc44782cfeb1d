//! The log of a room without scripts: a frame beside the composer that reloads itself every few seconds, so
//! that it does not disturb typing.

use chat::{client::timeline::Earlier as EarlierMessages, room_name::RoomName};
use leptos::prelude::*;

use crate::{
    address::permalink,
    message::line,
    model::use_model,
    strings::{room_title, strings},
    ui::Ui,
};

/// The interval at which the frame reloads itself, in seconds.
pub(crate) const REFRESH_SECONDS: u32 = 15;

/// Returns the path of a room's log. Unlike the room's page, the lobby's log has the name in its path.
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
        EarlierMessages::Available | EarlierMessages::Elsewhere => {
            let further = permalink(&room, model.first.get_untracked());
            Some(
                view! { <p class="opening opening--earlier"><a class="button" href=further>{strings.further_back}</a></p> },
            )
        }
        EarlierMessages::Gone | EarlierMessages::Nothing => None,
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
