//! The id of a login form: generated when the form is shown, and stored by the browser in a cookie as well.
//! It proves that the browser accepts cookies, and identifies a form that is submitted twice. It identifies
//! no user.

use axum::http::HeaderMap;
use cookie::{Cookie, SameSite, time::Duration};

use super::cookie_header;

use crate::{random, store::instance_id::InstanceId};

/// The kind of the cookie that accompanies the form.
const COOKIE: &str = "login-form";

/// The only path that receives the cookie.
const PATH: &str = "/login";

/// The length of an id in hexadecimal digits: 128 bits, so that it cannot be guessed.
const DIGITS: usize = 32;

/// A form's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormId(String);

impl FormId {
    /// Generates an id.
    pub(crate) fn draw() -> FormId {
        FormId(random::hex::<16>())
    }

    /// Parses the id in a form field; `None` for anything that this server's forms do not contain.
    pub(crate) fn parse(text: &str) -> Option<FormId> {
        let is_id =
            text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| FormId(text.to_owned()))
    }

    /// Returns the id in a request's cookie.
    pub(crate) fn of(headers: &HeaderMap, instance_id: &InstanceId) -> Option<FormId> {
        cookie_header::cookie(headers, &instance_id.cookie(COOKIE)).and_then(|value| FormId::parse(&value))
    }

    /// Returns the id as the form field contains it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the `Set-Cookie` value for the form, which lasts until the browser is closed.
    pub(crate) fn cookie(&self, instance_id: &InstanceId, secure: bool) -> String {
        dressed(instance_id, &self.0, secure).to_string()
    }

    /// Returns the `Set-Cookie` value that removes the cookie.
    pub(crate) fn forgotten(instance_id: &InstanceId, secure: bool) -> String {
        let mut cookie = dressed(instance_id, "", secure);
        cookie.set_max_age(Duration::ZERO);
        cookie.to_string()
    }
}

fn dressed<'a>(instance_id: &InstanceId, value: &'a str, secure: bool) -> Cookie<'a> {
    let mut cookie = Cookie::new(instance_id.cookie(COOKIE), value);
    cookie.set_path(PATH);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
    cookie
}

#[cfg(test)]
mod tests {
    use super::FormId;

    #[test]
    fn an_id_is_found_again_and_nothing_else_is_one() {
        let id = FormId::draw();
        assert_eq!(FormId::parse(id.as_str()), Some(id.clone()));
        assert_ne!(FormId::draw(), id);
        let long = format!("{}0", id.as_str());
        for other in ["", "1", &id.as_str()[1..], &long, &"A".repeat(32), &"g".repeat(32)] {
            assert_eq!(FormId::parse(other), None, "{other}");
        }
    }
}
