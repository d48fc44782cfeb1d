//! The composer's form as a page shows it: with a nonce of its own, and with what was sent by the one before.

use app::form::Form as ComposerForm;
use axum::http::{HeaderMap, HeaderValue};
use chat::id::{ClientId, FORM_NONCE_LIMIT};

use crate::{identity::cookie_header::cookie, random};

/// The cookie that tells the next page what was sent, and for how many seconds.
pub(super) const SENT: &str = "sent";
pub(super) const SENT_SECONDS: u32 = 60;

/// The form that a page begins with, for somebody who has logged in.
pub(super) fn new_form(headers: &HeaderMap) -> ComposerForm {
    let sent = cookie(headers, SENT).and_then(|id| ClientId::parse(&id).ok());
    ComposerForm { nonce: new_nonce(), sent, ..ComposerForm::default() }
}

/// The `Set-Cookie` value that takes back what the page has been told.
pub(super) fn forget_sent() -> HeaderValue {
    HeaderValue::from_static("sent=; Path=/chat; Max-Age=0; HttpOnly; SameSite=Lax")
}

pub(super) fn new_nonce() -> String {
    random::client_id().to_string()
}

pub(super) fn is_nonce(text: &str) -> bool {
    text.len() <= FORM_NONCE_LIMIT && ClientId::parse(text).is_ok()
}
