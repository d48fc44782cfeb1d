//! The chat: the house and its rooms, the room that is looked at, and who is in it.
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

/// The chat. It wants a model and actions in its context.
#[component]
pub fn Chat() -> impl IntoView {
    let model = use_model();
    provide_context(Ui::new());
    // The page outside of the chat follows it.
    Effect::new(move |_| {
        let language = model.language.get();
        document().set_title(&title(&model));
        if let Some(page) = document().document_element() {
            // It fails for names that are no attribute's; this is one.
            let _ = page.set_attribute("lang", language.tag());
        }
    });
    // Another language draws everything anew, in place: what is typed, and the focus, stay.
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

/// The title of the page: what is unread, the room, the house.
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
