//! The state of the composer's form on a new page: a fresh nonce, and the id of the message sent by the
//! previous form.

use app::form::Form as ComposerForm;
use axum::http::{HeaderMap, HeaderValue};
use chat::id::{ClientId, FORM_NONCE_LIMIT};

use crate::{identity::cookie_header::cookie, random};

/// The cookie that tells the next page which message was sent, and its lifetime in seconds.
pub(super) const SENT: &str = "sent";
pub(super) const SENT_SECONDS: u32 = 60;

/// Returns the form of a new page for a logged-in user.
pub(super) fn new_form(headers: &HeaderMap) -> ComposerForm {
    let sent = cookie(headers, SENT).and_then(|id| ClientId::parse(&id).ok());
    ComposerForm { nonce: new_nonce(), sent, ..ComposerForm::default() }
}

/// Returns the `Set-Cookie` value that deletes this cookie.
pub(super) fn forget_sent() -> HeaderValue {
    HeaderValue::from_static("sent=; Path=/chat; Max-Age=0; HttpOnly; SameSite=Lax")
}

pub(super) fn new_nonce() -> String {
    random::client_id().to_string()
}

pub(super) fn is_nonce(text: &str) -> bool {
    text.len() <= FORM_NONCE_LIMIT && ClientId::parse(text).is_ok()
}
