//! The room header: its name, and on phones the buttons for the room list and the members.

use leptos::prelude::*;

use crate::{
    live::Live,
    model::use_model,
    rooms::badge,
    search_panel::SearchButton,
    strings::{room_title, strings},
};

/// The room header.
#[component]
pub fn Header() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let title = move || Live(room_title(strings, model.room.get().as_str()));
    let here = move || {
        Live(match model.here.get() {
            // The user counts too, so 0 means that the count has not arrived yet.
            0 => strings.members.to_owned(),
            n => (strings.here)(n),
        })
    };
    let unread = move || badge(model.tabs.with(|tabs| tabs.iter().map(|tab| tab.unread).sum()));
    view! {
        <header class="header">
            <button class="header__rooms" type="button" popovertarget="rooms">
                <img src="/mark.svg" alt="" width="28" height="28"/>
                <span class="header__label">{strings.rooms}</span>
                {unread}
            </button>
            <h1 class="header__room"><span class="hash" aria-hidden="true">"#"</span><bdi translate="no">{title}</bdi></h1>
            <SearchButton/>
            <button class="header__members" type="button" popovertarget="members">{here}</button>
        </header>
    }
}
