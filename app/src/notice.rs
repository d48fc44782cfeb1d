//! Pages for errors: a plain sentence and a link back.

use leptos::prelude::*;

use i18n::{Language, strings::PageStrings};

/// Why the requested page cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// There is no such page (404).
    NotFound,
    /// The room name is invalid (404).
    RoomUnfit,
    /// There is no such message (404).
    NoMessage,
    /// The message existed but is no longer retained (410).
    MessageGone,
    /// The request came from another site, or is forbidden for another reason (403).
    Forbidden,
    /// The request is larger than allowed (413).
    TooLarge,
    /// Too many requests (429).
    TooMany {
        /// Seconds until a retry is allowed.
        seconds: u64,
    },
    /// An internal error (500).
    Broken,
    /// The server is temporarily unable to answer (503).
    Unavailable,
}

impl Notice {
    /// Returns the HTTP status of the notice.
    pub const fn status(self) -> u16 {
        match self {
            Notice::NotFound | Notice::RoomUnfit | Notice::NoMessage => 404,
            Notice::MessageGone => 410,
            Notice::Forbidden => 403,
            Notice::TooLarge => 413,
            Notice::TooMany { .. } => 429,
            Notice::Broken => 500,
            Notice::Unavailable => 503,
        }
    }

    /// Returns the title and the sentence of the notice.
    pub(crate) fn strings(self, language: Language) -> (&'static str, String) {
        let PageStrings {
            not_found,
            no_message,
            message_gone,
            forbidden,
            too_large,
            too_many,
            broken,
            unavailable,
            room_unfit,
            room_rule,
            ..
        } = language.page_strings();
        let (title, sentence) = match self {
            Notice::NotFound => *not_found,
            Notice::RoomUnfit => (*room_unfit, *room_rule),
            Notice::NoMessage => *no_message,
            Notice::MessageGone => *message_gone,
            Notice::Forbidden => *forbidden,
            Notice::TooLarge => *too_large,
            Notice::TooMany { seconds } => return (too_many.0, (too_many.1)(seconds)),
            Notice::Broken => *broken,
            Notice::Unavailable => *unavailable,
        };
        (title, sentence.to_owned())
    }
}

/// The content of a notice page.
#[component]
pub fn NoticeCard(
    /// The language of the page.
    language: Language,
    /// The notice to show.
    notice: Notice,
) -> impl IntoView {
    let strings = language.page_strings();
    let (title, sentence) = notice.strings(language);
    view! {
        <main class="card">
            <img class="card__mark" src="/mark.svg" alt="" width="96" height="96"/>
            <h1 class="card__title">{title}</h1>
            <p class="card__sentence">{sentence}</p>
            <p class="card__ways">
                <a class="button" href="/chat">{strings.back_to_lobby}</a>
                <a class="button quiet" href="/login">{strings.back_to_login}</a>
            </p>
        </main>
    }
}
