//! The browser part of Teahouse: it hydrates the page, opens the socket, and maintains the clock and the
//! address bar.
//!
//! `chat::client` decides what a client does, and `app` how it looks; here is only what requires a browser.
//! [`driver`] passes events to the client and performs its effects with the other modules.
//!
//! Empty on the host, so that no host build unifies Leptos' `hydrate` with the server's `ssr`.
#![cfg(target_arch = "wasm32")]

pub mod driver;

pub mod address;
pub mod chance;
pub mod clock;
pub mod page;
pub mod socket;
pub mod stopped;
pub mod storage;

use app::{boot::Boot, chat::Chat, model::Model};
use chat::{
    client::{Input, Now},
    room_name::RoomName,
    time::Ticks,
};
use driver::Driver;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page that the server rendered, provided that nothing has changed it since.
///
/// # Panics
/// If the page differs from what the server sent. After this or any later panic, the state of this instance
/// is unreliable: the start script stops it and has another instance redraw the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let (boot, root) = page::parts().expect("the start script runs in a page that has them");
    leptos::mount::hydrate_from(root, move || chat(&boot, None)).forget();
}

/// Renders the chat into the page's empty root element, with the room of the address bar active.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn draw() {
    console_error_panic_hook::set_once();
    let (boot, root) = page::parts().expect("the start script runs in a page that has them");
    leptos::mount::mount_to(root, move || chat(&boot, address::room())).forget();
}

/// Stops the program after a failure: it handles no more events, and its connection is closed.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn stop() {
    stopped::stop();
}

/// Renders the page from scratch, for the build without server rendering.
#[cfg(feature = "csr")]
#[wasm_bindgen(start)]
pub fn mount() {
    console_error_panic_hook::set_once();
    // Leptos' own `spawn` works only once something is mounted.
    wasm_bindgen_futures::spawn_local(async {
        let room = address::room().unwrap_or_else(chat::room_name::RoomName::lobby);
        let response = gloo_net::http::Request::get(&address::boot(&room)).send().await;
        let boot: Boot = match response {
            Ok(response) if response.ok() => match Boot::parse(&response.text().await.unwrap_or_default()) {
                Ok(boot) => boot,
                Err(error) => {
                    return leptos::logging::error!("the server's answer is not understood: {error}");
                }
            },
            Ok(_) => return address::login(None),
            Err(error) => return leptos::logging::error!("the server does not answer: {error}"),
        };
        leptos::mount::mount_to_body(move || chat(&boot, None));
    });
}

/// Creates the chat view and its client, with `room` active if that differs from the page's. The client
/// starts only after the first render, which it must not change.
fn chat(boot: &Boot, room: Option<RoomName>) -> impl IntoView + use<> {
    let mut client = app::model::client(boot);
    if let Some(room) = room.filter(|room| room != client.active().name()) {
        // No effects to perform: the active room is joined when the client connects.
        client.apply(Input::Visit(room), Now { at: clock::now(), ticks: Ticks(0), random: chance::random() });
    }
    let model = Model::new(&client, boot);
    let driver = Driver::new(client, model);
    provide_context(model);
    provide_context(Driver::actions(&driver));
    let (focus, posted) = (boot.focus, page::posted(boot));
    leptos::task::spawn_local(async move { driver.start(focus, posted.as_ref()) });
    view! { <Chat/> }
}
