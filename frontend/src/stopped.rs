//! Whether this instance of the program has failed and was stopped, and the resources that it then releases.
//!
//! After a panic, any of the driver's cells may stay borrowed forever, so this module does not depend on
//! them.

use std::cell::{Cell, RefCell};

use web_sys::WebSocket;

use crate::storage;

thread_local! {
    static STOPPED: Cell<bool> = const { Cell::new(false) };
    static CONNECTION: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
    static TAB: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether the program was stopped; then it ignores all events.
pub fn is_stopped() -> bool {
    STOPPED.get()
}

/// Registers the connection to close when the program stops, replacing the previous one.
pub fn close_at_stop(connection: &WebSocket) {
    CONNECTION.replace(Some(connection.clone()));
}

/// Registers the tab's name, so that the next instance continues with its drafts.
pub fn hand_on_at_stop(tab: &str) {
    TAB.replace(Some(tab.to_owned()));
}

/// Stops the program. Its timers and listeners check this and do nothing.
pub fn stop() {
    STOPPED.set(true);
    let connection = CONNECTION.with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take()));
    let tab = TAB.with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take()));
    storage::swap_tab_name(tab.as_deref());
    if let Some(connection) = connection {
        // It fails for a closed connection, which is fine.
        let _ = connection.close();
    }
}
