//! Whether this instance of the program has failed and was stopped, and what it then lets go of.
//!
//! After a panic any of the driver's cells may be borrowed for ever. What is here is reached without them.

use std::cell::{Cell, RefCell};

use web_sys::WebSocket;

use crate::storage;

thread_local! {
    static STOPPED: Cell<bool> = const { Cell::new(false) };
    static CONNECTION: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
    static TAB: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether the program was stopped; then nothing that happens concerns it any more.
pub fn is_stopped() -> bool {
    STOPPED.get()
}

/// Names the connection that is to be closed when the program is stopped; it takes the place of the one before.
pub fn close_at_stop(connection: &WebSocket) {
    CONNECTION.replace(Some(connection.clone()));
}

/// Names the tab, so that the instance that is started next goes on with its drafts.
pub fn hand_on_at_stop(tab: &str) {
    TAB.replace(Some(tab.to_owned()));
}

/// Stops the program. Its timers and listeners find it stopped, and do nothing.
pub fn stop() {
    STOPPED.set(true);
    let connection = CONNECTION.with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take()));
    let tab = TAB.with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take()));
    storage::swap_tab_name(tab.as_deref());
    if let Some(connection) = connection {
        // A connection that is closed already is what is wanted.
        let _ = connection.close();
    }
}
