//! Valid names of users and rooms and valid ids, and which names are equal.

use chat::id::{ClientId, Epoch, IdError, TINTS, UserId};
use chat::name::{self, Nickname, NicknameError, Skeleton};
use chat::room_name::{self, RoomName, RoomNameError};
use proptest::prelude::*;
use unicode_normalization::{UnicodeNormalization, is_nfkc};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

fn nickname(text: &str) -> Nickname {
    Nickname::parse(text).unwrap_or_else(|error| panic!("{text:?} is refused: {error}"))
}

fn skeleton(text: &str) -> Skeleton {
    nickname(text).skeleton()
}

fn room(text: &str) -> RoomName {
    RoomName::parse_any(text).unwrap_or_else(|error| panic!("{text:?} is refused: {error}"))
}

/// Generates text as users and vandals write it: scripts, marks, emoji, joiners, controls and spaces mixed.
fn mixed_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9 _~-]{1,6}",
        "[à-ÿА-яΑ-ωא-ת؀-ي]{1,4}",
        "[一-龥ぁ-ヶ가-힣Ａ-ｚｦ-ﾟ]{1,4}",
        "[ก-๛ऀ-ॿက-႟ក-៹]{1,5}",
        "[\u{300}-\u{36f}]{1,6}",
        "[\u{1f300}-\u{1f64f}\u{1f1e6}-\u{1f1ff}❤☕⌚]{1,3}",
        "[\u{fe0e}\u{fe0f}\u{200b}-\u{200f}\u{20e3}\u{1f3fb}-\u{1f3ff}]{1,2}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{ad}\u{2000}-\u{200a}\u{2028}-\u{202f}\u{2066}-\u{2069}\u{3000}]{1,3}",
        "[¨´¸ﷺ™ℹⅣ½ﬁ①㊗İẞςΣǅ]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

#[test]
fn nicknames_of_every_script_are_welcome() {
    for name in [
        "小明",
        "Ada Lovelace",
        "Zoë",
        "Наташа",
        "Νίκος",
        "דנה",
        "عمر",
        "さくら",
        "スーパーマン",
        "김민준",
        "สมหญิง",
        "हिन्दी",
        "தமிழ்",
        "မြို့",
        "ខ្ញុំ",
        "Nguyễn Thị Ngọc",
        "x",
        "7",
        "<b>",
        "O'Neil",
        "~~~",
        "$",
    ] {
        assert_eq!(nickname(name).as_str(), name);
    }
}

#[test]
fn emoji_are_kept_whole_in_nicknames() {
    for name in ["👩‍🚀", "❤️", "❤", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴‍☠️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽", "🇨🇳🇩🇪", "1️⃣", "❤️‍🔥", "🕵🏻‍♂️", "茶☕️"]
    {
        assert_eq!(nickname(name).as_str(), name);
    }
}

#[test]
fn a_nickname_has_one_spelling() {
    for (typed, canonical) in [
        ("  Ada \u{3000} Lovelace\n", "Ada Lovelace"),
        ("Ａｄａ", "Ada"),
        ("e\u{301}", "é"),
        ("ｶﾞ", "ガ"),
        ("Bob\u{2122}\u{fe0f}", "BobTM"),
        ("\u{a0}x\u{a0}\u{a0}y", "x y"),
    ] {
        assert_eq!(nickname(typed).as_str(), canonical);
    }
}

#[test]
fn unfit_nicknames_are_refused_with_the_rule_they_break() {
    use NicknameError as E;
    let long = "长".repeat(name::LIMIT + 1);
    for (text, error) in [
        ("", E::Empty),
        (" \t\u{3000}\n", E::Empty),
        (&long, E::TooLong),
        (&"👨‍👩‍👧‍👦".repeat(20), E::TooLong),
        (&"a".repeat(100_000), E::TooLong),
        ("a\0b", E::Control),
        ("a\tb", E::Control),
        ("a\r\nb", E::Control),
        ("a\u{85}b", E::Control),
        ("a\u{2028}b", E::Control),
        ("a\u{202e}b", E::Bidi),
        ("\u{2066}a\u{2069}", E::Bidi),
        ("a\u{200f}", E::Bidi),
        ("a\u{61c}b", E::Bidi),
        ("a\u{200b}b", E::Invisible),
        ("a\u{200d}b", E::Invisible),
        ("a\u{200c}b", E::Invisible),
        ("a\u{fe0f}", E::Invisible),
        ("1\u{fe0f}", E::Invisible),
        ("❤\u{200d}", E::Invisible),
        ("\u{feff}a", E::Invisible),
        ("a\u{ad}b", E::Invisible),
        ("a\u{34f}b", E::Invisible),
        ("a\u{2060}b", E::Invisible),
        ("\u{3164}", E::Invisible),
        ("\u{115f}", E::Invisible),
        ("\u{2800}", E::Invisible),
        ("Ann\u{1d159}", E::Invisible),
        ("Ann\u{16fe4}", E::Invisible),
        ("Ann\u{13441}", E::Invisible),
        ("Ann\u{13442}", E::Invisible),
        ("Ann\u{1107f}", E::Invisible),
        ("Ann\u{2d7f}", E::Invisible),
        ("Ann\u{1d173}", E::Invisible),
        ("Ann\u{64e}", E::StrayMark),
        ("Ann\u{5b7}", E::StrayMark),
        ("Ann\u{93c}", E::StrayMark),
        ("Ann\u{e38}", E::StrayMark),
        ("1\u{64e}", E::StrayMark),
        ("小\u{64e}明", E::StrayMark),
        ("हि\u{64e}", E::StrayMark),
        ("😀\u{e0041}\u{e007f}", E::Invisible),
        ("葛\u{e0100}", E::Invisible),
        ("\u{e000}", E::Unassigned),
        ("\u{378}", E::Unassigned),
        ("a\u{fffd}", E::Unassigned),
        ("\u{ffff}", E::Unassigned),
        ("\u{301}a", E::StrayMark),
        ("a \u{301}", E::StrayMark),
        ("¨", E::StrayMark),
        ("a\u{35f}\u{35f}\u{35f}\u{35f}\u{35f}", E::TooManyMarks),
        ("...", E::OnlyPunctuation),
        ("-_-", E::OnlyPunctuation),
        ("，。", E::OnlyPunctuation),
    ] {
        assert_eq!(Nickname::parse(text).map(|n| n.to_string()), Err(error), "{text:?}");
    }
}

#[test]
fn a_nickname_may_have_24_characters_as_people_count_them() {
    for cluster in ["长", "👍🏽", "e\u{301}\u{302}", "नि"] {
        let longest = cluster.repeat(name::LIMIT);
        assert_eq!(nickname(&longest).as_str().graphemes(true).count(), name::LIMIT);
        let longer = longest + cluster;
        assert_eq!(Nickname::parse(&longer), Err(NicknameError::TooLong));
    }
}

#[test]
fn joiners_are_kept_where_a_script_is_written_with_them() {
    for name in ["ශ්\u{200d}රී", "ക്\u{200d}", "क्\u{200c}ष"] {
        assert_eq!(nickname(name).as_str(), name);
    }
}

#[test]
fn every_nickname_error_is_found_by_its_code() {
    for error in NicknameError::ALL {
        assert_eq!(NicknameError::from_code(error.code()), Some(error));
        assert!(error.to_string().ends_with('.'), "{error} is a sentence");
    }
    assert_eq!(NicknameError::from_code("nickname_taken"), None);
}

#[test]
fn nobody_can_pose_as_somebody_else() {
    for (name, lookalike) in [
        ("a", "а"),
        ("Admin", "admin"),
        ("Admin", "ADMIN"),
        ("Admin", "ａｄｍｉｎ"),
        ("Admin", "Аdmin"),
        ("admin", "аԁмin"),
        ("Henry", "Нenry"),
        ("HENRY", "нenry"),
        ("Alice", "AIice"),
        ("Alice", "A1ice"),
        ("Bob", "B0b"),
        ("Viktor", "νiktor"),
        ("modern", "rnodern"),
        ("José", "Jose\u{301}"),
        ("Наташа", "НАТАША"),
        ("Νίκος", "ΝΊΚΟΣ"),
        ("Straße", "StraẞE"),
        ("スーパー", "ス一パ一"),
        ("❤️", "❤"),
        ("Ada  Lovelace", "ada\u{3000}lovelace"),
        ("Wanda", "vVanda"),
        ("wvw", "vvvvv"),
        ("José", "José\u{301}"),
        ("José", "Jose\u{301}\u{301}\u{301}"),
        ("हिन्दी", "हि\u{93f}न्दी"),
        ("modern", "ｒnodern"),
    ] {
        assert_eq!(skeleton(name), skeleton(lookalike), "{name} {lookalike}");
    }
}

#[test]
fn names_that_look_different_are_different() {
    for (name, other) in [
        ("Ada", "Eva"),
        ("Nina", "Viva"),
        ("小明", "小红"),
        ("José", "Jose"),
        ("Иван", "Иван2"),
        ("さくら", "サクラ"),
        ("❤️", "💔"),
        ("Ada Lovelace", "AdaLovelace"),
    ] {
        assert_ne!(skeleton(name), skeleton(other), "{name} {other}");
    }
}

#[test]
fn letters_bear_the_marks_of_their_own_script_and_the_general_ones() {
    for name in [
        "عُمَر",
        "דָּנָה",
        "ܡܰܪܝܰܡ",
        "क़ाज़ी",
        "ปิ่น",
        "ແກ້ວ",
        "か\u{3099}",
        "q\u{307}",
        "Ѣ\u{301}",
        "小\u{20dd}",
        "x\u{308}",
    ] {
        assert!(Nickname::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn rooms_whose_names_look_the_same_have_one_skeleton() {
    for (name, lookalike) in [
        ("cafe", "сafe"),
        ("cafe", "саfе"),
        ("morning", "rnorning"),
        ("wide", "vvide"),
        ("v1", "vl"),
        ("été", "été\u{301}"),
        ("fi", "ﬁ"),
        ("ス一プ", "スープ"),
    ] {
        assert_eq!(room(name).skeleton(), room(lookalike).skeleton(), "{name} {lookalike}");
    }
    for (name, other) in [("ai", "al"), ("tea", "茶"), ("cafe", "café"), ("room-1", "room-2"), ("a-b", "ab")]
    {
        assert_ne!(room(name).skeleton(), room(other).skeleton(), "{name} {other}");
    }
}

#[test]
fn the_skeleton_of_every_character_is_settled_and_blind_to_ascii_case() {
    for c in '\0'..=char::MAX {
        let Ok(name) = Nickname::parse(c.encode_utf8(&mut [0; 4])) else {
            continue;
        };
        let key = name.skeleton();
        assert!(!key.as_str().is_empty(), "{c:?}");
        // A skeleton need not be a nickname, nor in NFKC; if it is one, it is its own skeleton.
        if let Ok(again) = Nickname::parse(key.as_str())
            && again.as_str() == key.as_str()
        {
            assert_eq!(again.skeleton(), key, "{c:?} U+{:04X}", u32::from(c));
        }
        if c.is_ascii() {
            assert_eq!(skeleton(&name.as_str().to_uppercase()), key, "{c:?}");
        }
    }
}

#[test]
fn rooms_are_named_in_every_script() {
    for (typed, canonical) in [
        ("lobby", "lobby"),
        (" Lobby ", "lobby"),
        ("茶馆", "茶馆"),
        ("Rust_2024-edition", "rust_2024-edition"),
        ("ＲＵＳＴ１", "rust1"),
        ("Été", "été"),
        ("E\u{301}te\u{301}", "été"),
        ("q\u{307}", "q\u{307}"),
        ("T\u{308}", "\u{1e97}"),
        ("हिन्दी", "हिन्दी"),
        ("ห้องน้ำ", "ห้องน\u{e49}\u{e4d}า".nfkc().collect::<String>().as_str()),
        ("မြို့", "မြို့"),
        ("ΟΔΟΣ", "οδος"),
        ("カラオケ", "カラオケ"),
        ("İSTANBUL", "istanbul"),
        ("KIŞ", "kiş"),
        ("kış", "kiş"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("οδοσ", "οδος"),
        ("Ⓣea", "tea"),
        ("ｔｅａ", "tea"),
        ("ﾃﾞ", "デ"),
        ("ꭰ", "ꭰ"),
        ("Ꭰ", "ꭰ"),
        ("-", "-"),
    ] {
        assert_eq!(room(typed).as_str(), canonical);
        assert_eq!(RoomName::parse(canonical), Ok(room(typed)));
    }
    assert_eq!(RoomName::lobby(), room("Lobby"));
}

#[test]
fn unfit_rooms_are_refused_with_the_character_at_fault() {
    use RoomNameError as E;
    for (text, error) in [
        ("", E::Empty),
        ("  ", E::Empty),
        (&*"茶".repeat(room_name::LIMIT + 1), E::TooLong),
        (&"a".repeat(100_000), E::TooLong),
        ("a b", E::Unfit(' ')),
        ("a/b", E::Unfit('/')),
        ("..", E::Unfit('.')),
        ("#rust", E::Unfit('#')),
        ("茶。", E::Unfit('。')),
        ("☕", E::Unfit('☕')),
        ("a\0", E::Unfit('\0')),
        ("a\u{200d}b", E::Unfit('\u{200d}')),
        ("a\u{fe0f}", E::Unfit('\u{fe0f}')),
        ("a\u{34f}", E::Unfit('\u{34f}')),
        ("\u{3164}", E::Unfit('\u{1160}')),
        ("\u{301}a", E::Unfit('\u{301}')),
        ("a-\u{307}", E::Unfit('\u{307}')),
        ("a·b", E::Unfit('·')),
        ("カ・ラ", E::Unfit('・')),
        ("q\u{307}\u{307}\u{307}\u{307}\u{307}\u{307}\u{307}", E::Unfit('\u{307}')),
    ] {
        assert_eq!(RoomName::parse_any(text), Err(error), "{text:?}");
    }
    assert!(room(&"茶".repeat(room_name::LIMIT)).as_str().ends_with('茶'));
}

#[test]
fn a_program_must_spell_a_room_as_it_is() {
    assert_eq!(RoomName::parse("Lobby"), Err(RoomNameError::NotCanonical));
    assert_eq!(RoomName::parse(" lobby"), Err(RoomNameError::Unfit(' ')));
    for other in ["ｔｅａ", "cafe\u{301}", "ﾃﾞ", "straße", "οδοσ", "kış", "ﬁnance", "Ⅳ"] {
        assert_eq!(RoomName::parse(other).ok(), None, "{other}");
        assert!(RoomName::parse_any(other).is_ok(), "{other}");
    }
    assert!(serde_json::from_str::<RoomName>("\"Lobby\"").is_err());
    let escaped: RoomName = serde_json::from_str("\"\\u8336馆\"").unwrap();
    assert_eq!(serde_json::to_string(&escaped).unwrap(), "\"茶馆\"");
}

#[test]
fn rooms_are_named_by_letters_digits_marks_and_two_joints_of_all_unicode() {
    for c in '\0'..=char::MAX {
        let text = format!("a{c}");
        if let Ok(name) = RoomName::parse_any(&text) {
            assert_eq!(RoomName::parse(name.as_str()), Ok(name.clone()), "{c:?}");
            assert_eq!(RoomName::parse_any(name.as_str()), Ok(name.clone()), "{c:?}");
            assert!(is_nfkc(name.as_str()), "{c:?}");
            // Another case or normalization form means the same room.
            for other in
                [text.to_uppercase(), text.to_lowercase(), text.nfd().collect(), text.nfkc().collect()]
            {
                assert_eq!(RoomName::parse_any(&other), Ok(name.clone()), "{c:?} as {other:?}");
            }
        }
        if RoomName::parse(&text).is_ok() {
            use GeneralCategoryGroup::{Letter, Mark, Number};
            let fit = matches!(c.general_category_group(), Letter | Mark | Number);
            assert!(fit || c == '-' || c == '_', "{c:?} U+{:04X}", u32::from(c));
        }
    }
}

#[test]
fn ids_are_short_and_plain() {
    for id in ["a", "Z9_-", &"x".repeat(64)] {
        assert_eq!(ClientId::parse(id).unwrap().as_str(), id);
    }
    assert_eq!(ClientId::parse(""), Err(IdError::Empty));
    let error = IdError::TooLong { limit: 64, got: 65 };
    assert_eq!(ClientId::parse(&"x".repeat(65)), Err(error));
    for id in ["a b", "a.b", "é", "a\n", "a/"] {
        assert_eq!(ClientId::parse(id), Err(IdError::Unfit), "{id:?}");
    }
    assert!(UserId::parse(&"x".repeat(32)).is_ok());
    assert!(UserId::parse(&"x".repeat(33)).is_err());
    assert!(Epoch::parse(&"x".repeat(33)).is_err());
}

#[test]
fn minted_ids_are_ids() {
    let id = ClientId::from_bytes([0xa7; 16]);
    assert_eq!(id.as_str(), "a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7");
    assert_eq!(ClientId::parse(id.as_str()), Ok(id));
    let id = UserId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 255]);
    assert_eq!(id.as_str(), "000102030405060708ff");
    assert_eq!(UserId::parse(id.as_str()), Ok(id));
    let id = Epoch::from_bytes([0xff; 8]);
    assert_eq!(Epoch::parse(id.as_str()), Ok(id));
}

#[test]
fn an_unfit_id_does_not_come_off_the_wire() {
    let id: ClientId = serde_json::from_str("\"\\u0061b\"").unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"ab\"");
    assert!(serde_json::from_str::<ClientId>("\"a b\"").is_err());
    assert!(serde_json::from_str::<ClientId>("7").is_err());
}

#[test]
fn a_person_keeps_their_tint_for_ever() {
    let tint = |id| UserId::parse(id).unwrap().tint();
    assert_eq!([tint("ada"), tint("bob"), tint("u-1"), tint("0")], [2, 10, 2, 7]);
}

#[test]
fn tints_are_spread_evenly() {
    let mut seen = [0_u32; TINTS as usize];
    for n in 0..12_000_u64 {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        seen[usize::from(UserId::from_bytes(bytes).tint())] += 1;
    }
    assert!(seen.iter().all(|&n| (700..1_300).contains(&n)), "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn parsing_a_nickname_again_changes_nothing(text in prop_oneof![mixed_text(), any::<String>()]) {
        if let Ok(name) = Nickname::parse(&text) {
            prop_assert_eq!(Nickname::parse(name.as_str()), Ok(name.clone()));
            prop_assert!(is_nfkc(name.as_str()));
            prop_assert!(name.as_str().len() <= name::BYTES_LIMIT);
            prop_assert!((1..=name::LIMIT).contains(&name.as_str().graphemes(true).count()));
            prop_assert!(!name.skeleton().as_str().is_empty());
        }
    }

    #[test]
    fn spelling_never_makes_a_nickname_another(text in mixed_text()) {
        if let Ok(name) = Nickname::parse(&text) {
            let spelt_out: String = name.as_str().nfkd().collect();
            let again = Nickname::parse(&spelt_out);
            prop_assert_eq!(again.map(|n| n.skeleton()), Ok(name.skeleton()));
        }
    }

    #[test]
    fn case_never_makes_an_ascii_nickname_another(text in "[ -~]{1,24}") {
        if let Ok(name) = Nickname::parse(&text) {
            prop_assert_eq!(skeleton(&text.to_uppercase()), name.skeleton());
            prop_assert_eq!(skeleton(&text.to_lowercase()), name.skeleton());
        }
    }

    #[test]
    fn a_room_that_somebody_typed_is_spelt_for_programs(text in prop_oneof![mixed_text(), any::<String>()]) {
        if let Ok(name) = RoomName::parse_any(&text) {
            prop_assert_eq!(RoomName::parse_any(name.as_str()), Ok(name.clone()));
            prop_assert_eq!(RoomName::parse(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn any_text_is_an_id_or_an_error(text in any::<String>()) {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let wanted = (1..=64).contains(&text.len()) && text.chars().all(fit);
        prop_assert_eq!(ClientId::parse(&text).is_ok(), wanted);
    }
}
