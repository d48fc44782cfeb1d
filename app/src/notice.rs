//! Pages for what cannot be shown: a sentence that a person would say, and a way back.

use leptos::prelude::*;

use i18n::{Language, strings::PageStrings};

/// Why there is something else than what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// There is no such page (404).
    NotFound,
    /// There can be no room of that name (404).
    RoomUnfit,
    /// Nobody has said such a message (404).
    NoMessage,
    /// The message was said, and is no longer kept (410).
    MessageGone,
    /// The request came from another site, or is not allowed for another reason (403).
    Forbidden,
    /// What was sent is larger than allowed (413).
    TooLarge,
    /// Too many requests (429).
    TooMany {
        /// In how many seconds to try again.
        seconds: u64,
    },
    /// Something broke (500).
    Broken,
    /// The server cannot answer at present (503).
    Unavailable,
}

impl Notice {
    /// The HTTP status that goes with it.
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

    /// Its title and its sentence.
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

/// The page's content.
#[component]
pub fn NoticeCard(
    /// The language of its words.
    language: Language,
    /// What it says.
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
