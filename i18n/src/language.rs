//! The supported languages, and the choice of one for a user. The strings are in [`crate::strings`].

use serde::{Serialize, Serializer};

/// A supported language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All supported languages.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// Returns the language's code in `?lang=` and the cookie.
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// Returns the language's tag for `<html lang>` (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// Returns the language of a code or tag, by its primary part; `None` if it is not supported.
    pub fn from_code(code: &str) -> Option<Language> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary.trim()))
    }

    /// Returns the supported language that an `Accept-Language` header prefers (RFC 9110, section 12.5.4);
    /// English if none.
    pub fn accepted(header: &str) -> Language {
        let mut best = (0.0, Language::default());
        for range in header.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
            if let Some(language) = Language::from_code(tag)
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_best_liked_language_wins() {
        assert_eq!(Language::accepted("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::accepted("en;q=0.3, zh-TW;q=0.7"), Language::Chinese);
        assert_eq!(Language::accepted("en-GB,en;q=0.9,zh;q=0.8"), Language::English);
    }

    #[test]
    fn what_is_not_spoken_is_answered_in_english() {
        assert_eq!(Language::accepted("fr, de;q=0.5"), Language::English);
        assert_eq!(Language::accepted(";;q=,,zh;q=nonsense"), Language::English);
        assert_eq!(Language::accepted(""), Language::English);
    }
}
