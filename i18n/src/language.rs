//! The languages that Teahouse speaks, and which one a reader asks for. The words themselves are in [`crate::strings`].

use serde::{Serialize, Serializer};

/// A language that Teahouse speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, in simplified characters.
    Chinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// What `?lang=` and the cookie call it.
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// What `<html lang>` calls it (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The language of a code or tag, by its primary part; `None` for one that Teahouse does not speak.
    pub fn from_code(code: &str) -> Option<Language> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary.trim()))
    }

    /// The spoken language that an `Accept-Language` header likes best (RFC 9110, section 12.5.4); English if none.
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
