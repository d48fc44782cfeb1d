//! The browser's randomness: ids that nobody else draws, and jitter.

use chat::id::ClientId;
use leptos::prelude::window;

/// A number drawn evenly from 0 up to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A new name for a message. Works on a page of plain http too, where `randomUUID` is not to be had.
pub fn client_id() -> ClientId {
    let mut bytes = [0; 16];
    let drawn = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if drawn.is_err() {
        // A browser without it is older than WebAssembly; the jitter's source still keeps ids apart.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a byte is drawn")]
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    ClientId::from_bytes(bytes)
}
