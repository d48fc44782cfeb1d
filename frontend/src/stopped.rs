//! Whether this instance of the program has failed and was stopped, and the connection that it then lets go of.
//!
//! After a panic any of the driver's cells may be borrowed for ever. What is here is reached without them.

use std::cell::{Cell, RefCell};

use web_sys::WebSocket;

thread_local! {
    static STOPPED: Cell<bool> = const { Cell::new(false) };
    static CONNECTION: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
}

/// Whether the program was stopped; then nothing that happens concerns it any more.
pub fn is_stopped() -> bool {
    STOPPED.get()
}

/// Names the connection that is to be closed when the program is stopped; it takes the place of the one before.
pub fn close_at_stop(connection: &WebSocket) {
    CONNECTION.replace(Some(connection.clone()));
}

/// Stops the program. Its timers and listeners find it stopped, and do nothing.
pub fn stop() {
    STOPPED.set(true);
    let connection = CONNECTION.with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take()));
    if let Some(connection) = connection {
        // A connection that is closed already is what is wanted.
        let _ = connection.close();
    }
}
