//! The chat view: the room list, the active room and its members.
//!
//! The first render depends on the injected [`Model`] alone.

use leptos::prelude::*;

use crate::{
    banner::Banner,
    composer::Composer,
    header::Header,
    live::Live,
    members::Members,
    model::{Model, use_model},
    place::Reader,
    rooms::Rooms,
    search_panel::SearchPanel,
    strings::{room_title, strings},
    timeline::{Timeline, scrolled},
    ui::{ROOM, Ui},
};
use i18n::strings::Strings;

/// The chat view. Requires a [`Model`] and actions in its context.
#[component]
pub fn Chat() -> impl IntoView {
    let model = use_model();
    provide_context(Ui::new());
    // Keep the document's title and language in sync.
    Effect::new(move |_| {
        let language = model.language.get();
        document().set_title(&title(&model));
        if let Some(page) = document().document_element() {
            // Fails only for invalid attribute names; this one is valid.
            let _ = page.set_attribute("lang", language.tag());
        }
    });
    // A language change redraws everything in place; typed text and focus survive.
    move || {
        model.language.track();
        view! { <House/> }
    }
}

#[component]
fn House() -> impl IntoView {
    let model = use_model();
    let reader = Reader::at_newest();
    provide_context(reader);
    Effect::new(move |_| reader.watch_sizes());
    view! {
        <div class="chat">
            <a class="skip" href="#composer">{strings().skip}</a>
            <Rooms/>
            <Header/>
            <main class="room" id=ROOM on:scroll:capture=scrolled()>
                <Banner/>
                <div class="room__timeline">
                    <Timeline/>
                </div>
                <p class="typing">{move || Live(typing(&model))}</p>
                <Composer/>
            </main>
            <Members/>
            <SearchPanel/>
        </div>
    }
}

/// Returns the page title: the unread count, the room and the instance's name.
pub(crate) fn title(model: &Model) -> String {
    let strings = model.language.get().strings();
    let unread = model.tabs.with(|tabs| tabs.iter().map(|tab| tab.unread).sum::<usize>());
    let title = page_title(strings, model.room.get().as_str());
    if unread > 0 { format!("({unread}) {title}") } else { title }
}

fn page_title(strings: &Strings, room: &str) -> String {
    format!("{} · {}", room_title(strings, room), strings.brand)
}

fn typing(model: &Model) -> String {
    model.typists.with(|typists| {
        let names: Vec<&str> = typists.iter().map(|user| &*user.name).collect();
        if names.is_empty() { String::new() } else { (strings().typing)(&names) }
    })
}
