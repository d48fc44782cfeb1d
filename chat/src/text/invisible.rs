//! Characters that are invisible on the page.

/// Whether `c` is invisible on the page: the default-ignorable characters of Unicode
/// (`DerivedCoreProperties.txt`), and those whose glyph is blank nonetheless: the Braille pattern without
/// dots, the musical note without a head, the fillers of Khitan and of Egyptian hieroglyphs, and the joiners
/// of Tifinagh and Brahmi.
///
/// Written as ranges, because the browser uses it too. White space and controls are not included.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{2D7F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1107F}'
            | '\u{13441}'..='\u{13442}'
            | '\u{16FE4}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D159}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
