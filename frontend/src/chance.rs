//! The browser's randomness: unique ids, and jitter.

use chat::id::ClientId;
use leptos::prelude::window;

/// Returns a uniformly distributed number from 0 up to, but not including, 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// Creates a message id. Also works on plain HTTP pages, where `randomUUID` is not available.
pub fn client_id() -> ClientId {
    let mut bytes = [0; 16];
    let drawn = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if drawn.is_err() {
        // A browser without it is older than WebAssembly; the jitter's source still makes ids distinct.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a byte is drawn")]
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    ClientId::from_bytes(bytes)
}
