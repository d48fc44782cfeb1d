//! The room list: the instance's name, the open rooms with their unread counts, the field for another room,
//! and the account block. A column where there is space for one; on phones it slides in.

use chat::room_name::{RoomName, RoomNameError};
use leptos::{
    ev::{MouseEvent, SubmitEvent},
    prelude::*,
};
use web_sys::HtmlInputElement;

use crate::{
    account::Account,
    action::{Action, use_actions},
    address::path,
    close::Close,
    field::Field,
    live::Live,
    model::{Tab, use_model},
    spelling,
    strings::{room_title, strings},
    ui::{ROOMS, element, go_on},
};

/// The id of the field for a room's name.
const FIELD: &str = "go-to-room";

/// The room list.
#[component]
pub fn Rooms() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    // As many lines as rooms, each redrawn in place, so that a clicked link keeps the focus.
    let rooms = move || links(model.tabs.get()).into_iter().map(room).collect::<Vec<_>>();
    view! {
        <nav class="rooms" id=ROOMS popover="auto" aria-label=strings.rooms >
            <p class="brand">
                <img src="/mark.svg" alt="" width="36" height="36"/>
                <span>{strings.brand}</span>
            </p>
            <Close of="rooms"/>
            <ul class="rooms__list">{rooms}</ul>
            <GoToRoom/>
            <Account/>
        </nav>
    }
}

/// Renders the number of unread messages, if there are any.
pub(crate) fn badge(unread: usize) -> impl IntoView {
    (unread > 0).then(|| {
        view! {
            <span class="badge">
                <span aria-hidden="true">{Live(unread.to_string())}</span>
                <span class="hidden">{Live((strings().unread)(unread))}</span>
            </span>
        }
    })
}

/// A room in the list.
struct Link {
    tab: Tab,
    /// Whether the user can leave it.
    leaves: bool,
}

/// Returns the open rooms and always the lobby. The lobby cannot be left when it is the only open room,
/// because leaving leads to it; a room with pending messages cannot be left either.
fn links(tabs: Vec<Tab>) -> Vec<Link> {
    let lobby = RoomName::lobby();
    let (only, has_lobby) = (tabs.len() == 1, tabs.iter().any(|tab| tab.room == lobby));
    let mut links: Vec<Link> =
        tabs.into_iter().map(|tab| Link { leaves: !(tab.waits || only && tab.room == lobby), tab }).collect();
    if !has_lobby {
        links.push(Link { tab: Tab { room: lobby, unread: 0, active: false, waits: false }, leaves: false });
    }
    links
}

fn room(link: Link) -> impl IntoView {
    let strings = strings();
    let Link { tab: Tab { room, unread, active, .. }, leaves } = link;
    let title = room_title(strings, room.as_str());
    let leave_label = (strings.leave)(&title);
    let (actions, name) = (use_actions(), room.clone());
    let visit = move |event: MouseEvent| {
        // Leave other clicks to the browser: a new tab, a new window, a menu.
        let aside = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.button() == 0 && !aside {
            event.prevent_default();
            actions.perform(Action::Visit(name.clone()));
            go_on();
        }
    };
    let (actions, name) = (use_actions(), room.clone());
    let leave = move |event: SubmitEvent| {
        event.prevent_default();
        actions.perform(Action::Leave(name.clone()));
        go_on();
    };
    view! {
        <li class="rooms__room">
            <a class="rooms__link" href=path(&room) aria-current=active.then_some("page") on:click=visit>
                <span class="hash" aria-hidden="true">"#"</span>
                <bdi class="rooms__name" translate="no">{Live(title)}</bdi>
                {badge(unread)}
            </a>
            // Without scripts, leaving a room leads to the lobby.
            <form class="rooms__leaving" method="get" action="/chat" on:submit=leave>
                <button
                    class="rooms__leave quiet"
                    type="submit"
                    aria-label=leave_label.clone()
                    title=leave_label
                    hidden=!leaves
                >
                    <span aria-hidden="true">"×"</span>
                </button>
            </form>
        </li>
    }
}

#[component]
fn GoToRoom() -> impl IntoView {
    let strings = strings();
    let problem = Field::new(None::<RoomNameError>);
    let actions = use_actions();
    let go = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = element::<HtmlInputElement>(FIELD) else { return };
        match spelling::room(&field.value()) {
            Ok(room) => {
                field.set_value("");
                problem.set(None);
                actions.perform(Action::Visit(room));
                go_on();
            }
            Err(error) => problem.set(Some(error)),
        }
    };
    let sentence = move || Live(problem.get().map(strings.room_unfit).unwrap_or_default());
    view! {
        <form class="go-to-room" method="get" action="/chat" on:submit=go>
            <label class="go-to-room__label" for=FIELD>{strings.go_to_room}</label>
            <div class="go-to-room__row">
                <span class="hash" aria-hidden="true">"#"</span>
                <input
                    id=FIELD
                    name="room"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    enterkeyhint="go"
                    maxlength="100"
                    placeholder=strings.room_example
                    aria-describedby="go-to-room-problem"
                    aria-invalid=move || problem.get().map(|_| "true")
                    on:input=move |_| problem.set(None)
                />
                <button class="quiet" type="submit">{strings.go}</button>
            </div>
            <p class="problem" id="go-to-room-problem" role="status">{sentence}</p>
        </form>
    }
}
