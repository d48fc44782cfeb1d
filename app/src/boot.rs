//! What a page brings along from the server, so that the browser's first render is the server's to the letter.

use chat::{
    json::{Misread, Object},
    protocol::{Joined, Seq, User},
    time::Millis,
};
use serde::Serialize;

use crate::form::Form;
use i18n::Language;

/// Where the page keeps it: the id of a `<script type="application/json">`.
pub const ELEMENT_ID: &str = "boot";

/// What a chat page was rendered from.
#[derive(Clone, Debug, Serialize)]
pub struct Boot {
    /// Who the server takes the reader for.
    pub user: User,
    /// The language of the page.
    pub language: Language,
    /// The room as it stood, with its latest messages, or with those around `focus`.
    pub room: Joined,
    /// The message that the page was asked for; `None` for the room as it is now.
    pub focus: Option<Seq>,
    /// The composer's form.
    pub form: Form,
    /// What the server's clock showed: the browser's own may be set to anything.
    pub now: Millis,
    /// How far ahead of UTC the reader is in the zone that their browser last named, in minutes: from each of these moments
    /// on, for as long as the messages of `room` reach. The browser's own rules come after the first render.
    pub offsets: Vec<(Millis, i32)>,
}

impl Boot {
    /// What a text says, or why it says nothing that is understood.
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

    /// As JSON that can stand inside a `<script>` element: no `<` is left that could end it, and no `@` by which one that
    /// rewrites pages on their way would know an e-mail address.
    pub fn print(&self) -> String {
        serde_json::to_string(self)
            .expect("a page's data has string keys and no failing serializer")
            .replace('<', "\\u003c")
            .replace('@', "\\u0040")
    }
}
