//! The browser's clock and time zone.

use app::row::Zone;
use chat::time::Millis;
use js_sys::Date;
use wasm_bindgen::JsValue;

/// The present moment.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the milliseconds since 1970 fit"
)]
pub fn now() -> Millis {
    Millis(Date::now() as u64)
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
