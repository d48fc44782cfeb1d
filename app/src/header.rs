//! The head of the room: its name, and on a phone the ways to the other rooms and to those who are here.

use leptos::prelude::*;

use crate::{
    live::Live,
    model::use_model,
    rooms::badge,
    search_panel::SearchButton,
    strings::{room_title, strings},
};

/// The head of the room.
#[component]
pub fn Header() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let title = move || Live(room_title(strings, model.room.get().as_str()));
    let here = move || {
        Live(match model.here.get() {
            // Who reads this is here; that nobody is means that nothing has been heard yet.
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
