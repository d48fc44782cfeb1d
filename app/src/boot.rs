//! The data that a page carries from the server, so that the browser's first render matches the server's
//! exactly.

use chat::{
    json::{Misread, Object},
    protocol::{Joined, Seq, User},
    time::Millis,
};
use serde::Serialize;

use crate::form::Form;
use i18n::Language;

/// The id of the `<script type="application/json">` that holds the data.
pub const ELEMENT_ID: &str = "boot";

/// The data that a chat page was rendered from.
#[derive(Clone, Debug, Serialize)]
pub struct Boot {
    /// The user that the server has authenticated.
    pub user: User,
    /// The language of the page.
    pub language: Language,
    /// The room at render time, with its latest messages or those around `focus`.
    pub room: Joined,
    /// The message that the page was requested for; `None` for the latest messages.
    pub focus: Option<Seq>,
    /// The composer's form.
    pub form: Form,
    /// The server's clock at render time; the browser's clock may be wrong.
    pub now: Millis,
    /// The user's UTC offsets in minutes, each valid from the given moment on, for the time span of the
    /// messages in `room`. Computed from the time zone that the browser last reported; the browser applies
    /// its own rules after the first render.
    pub offsets: Vec<(Millis, i32)>,
}

impl Boot {
    /// Parses the data, or returns why it is malformed.
    pub fn parse(text: &str) -> Result<Boot, Misread> {
        let mut fields = Object::parse(text)?;
        let language = |code: &str| Language::from_code(code).ok_or(());
        Ok(Boot {
            user: User::read(fields.object("user")?)?,
            language: fields.parsed("language", "a language that is spoken here", language)?,
            focus: fields.number_if_any("focus")?,
            room: Joined::read(fields.object("room")?)?,
            form: Form::read(fields.object("form")?)?,
            now: Millis(fields.number("now")?),
            offsets: fields
                .pairs("offsets")?
                .into_iter()
                .map(|(at, minutes)| (Millis(at), minutes))
                .collect(),
        })
    }

    /// Serializes to JSON that is safe inside a `<script>` element: `<` is escaped so that nothing ends the
    /// element, and `@` so that proxies that rewrite pages do not recognize e-mail addresses.
    pub fn print(&self) -> String {
        serde_json::to_string(self)
            .expect("a page's data has string keys and no failing serializer")
            .replace('<', "\\u003c")
            .replace('@', "\\u0040")
    }
}
