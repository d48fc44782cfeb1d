//! A response body that keeps something until it has been read, or is read no more: a place, or the notice of its end. Never
//! looks at the bytes.

use axum::body::Body;
use http_body_util::BodyExt as _;

/// Returns the same body, which holds `held` and drops it at its end.
pub fn holding(body: Body, held: impl Send + 'static) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _held = &held;
        frame
    }))
}
