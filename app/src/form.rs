//! The composer as a form: what it posts where no program runs, and what came of what was posted.

use chat::{
    id::ClientId,
    json::{Misread, Object},
};
use serde::Serialize;

/// The name of the field that holds the message.
pub const TEXT: &str = "text";
/// The name of the field that tells one form from another.
pub const NONCE: &str = "nonce";
/// The name of the field that says whose form it is.
pub const KEY: &str = "for";
/// The name of the field that says who is to be logged out.
pub const USER: &str = "user";

/// The id of the element of that field, in which the start script puts the nonce of a form whose answer was lost.
pub const NONCE_ID: &str = "composer-nonce";

/// What a page's form begins with. The default is an empty form that nobody can send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Random, and new with each page: with the text it makes the message's id ([`ClientId::of_form`]).
    pub nonce: String,
    /// Proves that the page was made for the user who posts it, to the server that made it.
    pub key: String,
    /// What was posted and not sent; stands in the composer again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Why it was not sent, as a sentence in the reader's language; empty if there is nothing to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// The id of what was posted from the page before, and was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<ClientId>,
}

impl Form {
    /// The form that an object describes, or why it describes none.
    ///
    /// # Errors
    /// Names the member that is missing or unfit.
    pub fn read(mut fields: Object<'_>) -> Result<Form, Misread> {
        let text = |found: Option<std::borrow::Cow<'_, str>>| found.map(Into::into).unwrap_or_default();
        Ok(Form {
            nonce: fields.text("nonce")?.into(),
            key: fields.text("key")?.into(),
            text: text(fields.text_if_any("text")?),
            problem: text(fields.text_if_any("problem")?),
            sent: fields.parsed_if_any("sent", "a message's id", ClientId::parse)?,
        })
    }
}

/// A text as the content of an element that holds text only: whatever is in it, it ends nothing and stands for nothing
/// else. A line break at the beginning would be taken for the element's own (HTML, section 13.1.2.6).
pub(crate) fn as_content(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    if text.starts_with('\n') { format!("\n{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::as_content;

    #[test]
    fn what_is_written_cannot_end_the_field_that_it_stands_in() {
        assert_eq!(as_content("</textarea><script>&lt;"), "&lt;/textarea>&lt;script>&amp;lt;");
        assert_eq!(as_content("\n\n  tea"), "\n\n\n  tea");
    }
}
