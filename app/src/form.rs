//! The composer's form: what it posts without scripts, and the outcome of the previous post.

use chat::{
    id::ClientId,
    json::{Misread, Object},
};
use serde::Serialize;

/// The name of the field for the message text.
pub const TEXT: &str = "text";
/// The name of the field for the form's nonce.
pub const NONCE: &str = "nonce";
/// The name of the field for the key that identifies the form's user.
pub const KEY: &str = "for";
/// The name of the field for the user to log out.
pub const USER: &str = "user";

/// The id of the nonce's element. If the answer to a post was lost, the start script restores that form's
/// nonce there.
pub const NONCE_ID: &str = "composer-nonce";

/// The initial state of a page's form. The default is an empty form that the server does not accept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Random and new for each page; together with the text it yields the message's id
    /// ([`ClientId::of_form`]).
    pub nonce: String,
    /// Proves to the server that it made the page for the user who posts it.
    pub key: String,
    /// Text that was posted but not sent; the composer shows it again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Why the text was not sent, in the user's language; empty if there is no problem.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// The id of the message that the previous page posted and the server sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<ClientId>,
}

impl Form {
    /// Parses a form from an object, or returns why it is malformed.
    ///
    /// # Errors
    /// Names the member that is missing or invalid.
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

/// Escapes a text as the content of an element that holds text only, so that nothing in it ends the element
/// or forms a character reference. Doubles a leading line break, because the first one is ignored (HTML,
/// section 13.1.2.6).
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
