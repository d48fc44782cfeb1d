//! The strings of each language.

mod chinese;
mod english;

use crate::{
    Language,
    strings::{FormStrings, PageStrings, Strings},
};

impl Language {
    /// Returns the strings of the room in this language.
    pub const fn strings(self) -> &'static Strings {
        match self {
            Language::English => &english::STRINGS,
            Language::Chinese => &chinese::STRINGS,
        }
    }

    /// Returns the strings of the pages around the room.
    pub const fn page_strings(self) -> &'static PageStrings {
        match self {
            Language::English => &english::PAGES,
            Language::Chinese => &chinese::PAGES,
        }
    }

    /// Returns the strings about posted forms.
    pub const fn form_strings(self) -> &'static FormStrings {
        match self {
            Language::English => &english::FORM,
            Language::Chinese => &chinese::FORM,
        }
    }

    /// Returns the language's own name.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    /// Returns the language to switch to from this one.
    #[must_use]
    pub const fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }
}
