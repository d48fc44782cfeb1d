//! The browser's clocks and time zone.

use app::row::Zone;
use chat::time::Millis;
use js_sys::Date;
use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// What the wall clock shows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the milliseconds since 1970 fit"
)]
pub fn now() -> Millis {
    Millis(Date::now() as u64)
}

/// How many milliseconds the monotonic clock has counted; `None` where there is none. In some browsers it stands while the
/// machine sleeps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page does not live that long")]
pub fn monotonic() -> Option<u64> {
    window().performance().map(|performance| performance.now() as u64)
}

/// The reader's time zone, with its summer time at each moment.
pub fn zone() -> Zone {
    Zone::new(offset_minutes)
}

/// How far from UTC the reader is at a moment, in minutes; east is positive.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "moments and offsets are small"
)]
pub fn offset_minutes(at: Millis) -> i32 {
    -(Date::new(&JsValue::from_f64(at.0 as f64)).get_timezone_offset() as i32)
}
