//! The strings of each language.

mod chinese;
mod english;

use crate::{
    Language,
    strings::{FormStrings, PageStrings, Strings},
};

impl Language {
    /// The words of the room in this language.
    pub const fn strings(self) -> &'static Strings {
        match self {
            Language::English => &english::STRINGS,
            Language::Chinese => &chinese::STRINGS,
        }
    }

    /// The words of the pages around it.
    pub const fn page_strings(self) -> &'static PageStrings {
        match self {
            Language::English => &english::PAGES,
            Language::Chinese => &chinese::PAGES,
        }
    }

    /// Why what a form posted was not sent.
    pub const fn form_strings(self) -> &'static FormStrings {
        match self {
            Language::English => &english::FORM,
            Language::Chinese => &chinese::FORM,
        }
    }

    /// What the language calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    /// The language to switch to from this one.
    #[must_use]
    pub const fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }
}
