//! The browser's clocks and time zone.

use app::row::Zone;
use chat::time::Millis;
use js_sys::Date;
use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// Returns the wall-clock time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the milliseconds since 1970 fit"
)]
pub fn now() -> Millis {
    Millis(Date::now() as u64)
}

/// Returns the milliseconds of the monotonic clock; `None` if there is none. In some browsers it stops while
/// the machine sleeps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page does not live that long")]
pub fn monotonic() -> Option<u64> {
    window().performance().map(|performance| performance.now() as u64)
}

/// Returns the user's time zone, including daylight saving time.
pub fn zone() -> Zone {
    Zone::new(offset_minutes)
}

/// Returns the user's UTC offset at a moment, in minutes; east is positive.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "moments and offsets are small"
)]
pub fn offset_minutes(at: Millis) -> i32 {
    -(Date::new(&JsValue::from_f64(at.0 as f64)).get_timezone_offset() as i32)
}
