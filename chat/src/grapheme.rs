//! The first user-perceived character of a name: a letter with its marks, a flag, a family of emoji, a
//! keycap.
//!
//! Approximates UAX #29 for the scripts and the emoji used in names, with a few ranges instead of its tables.
//! The browser runs it too, and so draws what the server drew.

/// Returns the first user-perceived character of `text`.
pub fn first(text: &str) -> &str {
    let mut chars = text.char_indices();
    let Some((_, base)) = chars.next() else { return "" };
    let mut before = base;
    // Whether a flag still lacks its second letter, and whether consonants were joined since the last one.
    let (mut half_flag, mut joined) = (is_regional(base), false);
    let mut picture = is_picture(base);
    for (at, c) in chars {
        let belongs = if is_regional(c) {
            half_flag && before == base
        } else if is_mark(c) {
            joined |= is_virama(c);
            true
        } else if is_picture(c) {
            picture && before == '\u{200D}'
        } else if joined && is_consonant(c) {
            joined = false;
            true
        } else {
            follows_jamo(before, c)
        };
        if !belongs {
            return &text[..at];
        }
        half_flag = false;
        picture = is_picture(c) || (picture && is_mark(c));
        before = c;
    }
    text
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Whether `c` is a pictograph that a zero-width joiner may join to another.
fn is_picture(c: char) -> bool {
    matches!(
        c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21AA}'
            | '\u{231A}'..='\u{23FF}' | '\u{24C2}' | '\u{25AA}'..='\u{27BF}' | '\u{2934}'..='\u{2B55}' | '\u{3030}'
            | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1F1E5}' | '\u{1F200}'..='\u{1F3FA}'
            | '\u{1F400}'..='\u{1FBFF}'
    )
}

/// Whether `c` belongs to the character before it: marks, joiners, variation selectors, skin tones, keycaps
/// and tags.
fn is_mark(c: char) -> bool {
    // What Rust escapes in debug output extends a grapheme or is invisible, and that table is in the program
    // anyway. The excluded signs and pictographs, which Unicode added later, are neither.
    let stands_alone = matches!(c, '\0'..='\u{2FF}' | '\u{2070}'..='\u{20CF}' | '\u{1F000}'..='\u{1FFFF}');
    let extends = !stands_alone && c.escape_debug().len() > 1;
    extends
        || match c {
            // The scripts of India share one layout: signs, then letters, then vowel signs and others.
            '\u{B83}' => false,
            '\u{900}'..='\u{D7F}' => {
                let sign = matches!(u32::from(c) & 0x7F, 3 | 0x3E..=0x4C);
                sign || matches!(
                    c,
                    '\u{93B}'
                        | '\u{94E}'
                        | '\u{94F}'
                        | '\u{CF3}'
                        | '\u{982}'
                        | '\u{C82}'
                        | '\u{C01}'
                        | '\u{C02}'
                        | '\u{D02}'
                        | '\u{B02}'
                )
            }
            _ => matches!(
                c,
                '\u{D82}' | '\u{D83}' | '\u{DD0}'..='\u{DDE}' | '\u{DF2}' | '\u{DF3}' | '\u{E33}' | '\u{EB3}'
                    | '\u{1031}' | '\u{103B}'..='\u{103E}' | '\u{1056}'..='\u{1059}' | '\u{17B6}'..='\u{17C8}'
                    | '\u{1F3FB}'..='\u{1F3FF}'
            ),
        }
}

/// Whether `c` joins the consonants on both sides of it into one sign.
fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{94D}' | '\u{9CD}' | '\u{ACD}' | '\u{B4D}' | '\u{C4D}' | '\u{D4D}' | '\u{1039}' | '\u{17D2}'
    )
}

fn is_consonant(c: char) -> bool {
    match c {
        '\u{900}'..='\u{D7F}' => matches!(u32::from(c) & 0x7F, 0x15..=0x39 | 0x58..=0x5F | 0x78..=0x7F),
        _ => matches!(c, '\u{1000}'..='\u{102A}' | '\u{1780}'..='\u{17B3}'),
    }
}

/// Whether two separately encoded Hangul letters are read as one syllable.
fn follows_jamo(before: char, c: char) -> bool {
    match before {
        '\u{1100}'..='\u{115F}' => matches!(c, '\u{1100}'..='\u{11A7}' | '\u{AC00}'..='\u{D7A3}'),
        '\u{1160}'..='\u{11A7}' => matches!(c, '\u{1160}'..='\u{11FF}'),
        '\u{11A8}'..='\u{11FF}' => matches!(c, '\u{11A8}'..='\u{11FF}'),
        // Only a syllable without a final consonant takes a vowel.
        '\u{AC00}'..='\u{D7A3}' => {
            let open = (u32::from(before) - 0xAC00) % 28 == 0;
            matches!(c, '\u{11A8}'..='\u{11FF}') || (open && matches!(c, '\u{1160}'..='\u{11A7}'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use unicode_segmentation::UnicodeSegmentation as _;

    use super::first;
    use crate::name::Nickname;

    fn wanted(name: &str) -> &str {
        name.graphemes(true).next().unwrap_or_default()
    }

    #[test]
    fn a_whole_character_is_taken_of_every_name() {
        for name in [
            "",
            "Ann",
            "é",
            "e\u{301}a",
            "小明",
            "🇨🇳",
            "🇨🇳🇩🇪",
            "🇨",
            "🏴\u{E0067}\u{E0062}\u{E007F}x",
            "👍🏽ok",
            "👨‍👩‍👧‍👦x",
            "👩🏽‍🚀",
            "❤️‍🔥",
            "1️⃣2",
            "#️⃣",
            "☕️",
            "🐈‍⬛",
            "🏳️‍🌈",
            "👍👍",
            "a\u{200D}b",
            "नमस्ते",
            "क्षत्रिय",
            "श्री",
            "ক্ষ",
            "தமிழ்",
            "ก็",
            "กำ",
            "ສໍາ",
            "မြန်",
            "ខ្មែរ",
            "한글",
            "\u{1112}\u{1161}\u{11ab}글",
            "\u{1100}가",
            "ガ",
            "カ\u{3099}",
            "שָׁלוֹם",
            "مُحَمَّد",
            "เ",
            "😀‍a",
            "Å",
            "葛\u{E0100}飾",
            "☕a",
            "🇨a",
            "🇨\u{301}🇳",
        ] {
            assert_eq!(first(name), wanted(name), "{name:?}");
        }
    }

    #[test]
    fn marks_of_the_scripts_in_use_stay_with_their_letters() {
        let scripts = (0x20..=0x6FF).chain(0x900..=0xEFF).chain(0x3040..=0xA48F).chain(0xAC00..=0xD7A3);
        let emoji = (0x2000..=0x2BFF).chain(0xFE00..=0xFE0F).chain(0x1F000..=0x1FAFF);
        // Only what a name may contain.
        let differs = |c: &char| {
            ["a", "क", "가", "葛", "א"].iter().any(|before| {
                let name = format!("{before}{c}x");
                Nickname::parse(&name).is_ok_and(|kept| kept.as_str() == name)
                    && first(&name) != wanted(&name)
            })
        };
        let all = scripts.chain(emoji).filter_map(char::from_u32);
        let different: Vec<String> = all.filter(differs).map(|c| format!("U+{:04X}", u32::from(c))).collect();
        assert!(different.is_empty(), "{different:?}");
    }
}
