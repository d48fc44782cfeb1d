//! A response body that holds a value, such as a permit, until it has been read or is dropped. Never looks at
//! the bytes.

use axum::body::Body;
use http_body_util::BodyExt as _;

/// Returns the same body, holding `held` until it ends or is dropped.
pub fn holding(body: Body, held: impl Send + 'static) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _held = &held;
        frame
    }))
}
