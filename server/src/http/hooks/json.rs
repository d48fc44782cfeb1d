//! Lenient JSON: accepts raw line breaks, tabs and other control characters within strings, which JSON
//! forbids and scripts write. Knows nothing of messages.

use serde::de::DeserializeOwned;

/// Parses JSON, with control characters in strings taken literally.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let error = match serde_json::from_str(text) {
        Err(error) if error.is_syntax() => error,
        read => return read,
    };
    match with_controls_escaped(text) {
        Some(escaped) => serde_json::from_str(&escaped),
        None => Err(error),
    }
}

/// Escapes the control characters within strings; `None` if there are none.
fn with_controls_escaped(text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len() + 16);
    let (mut in_string, mut after_backslash, mut changed) = (false, false, false);
    for c in text.chars() {
        let was_after_backslash = std::mem::take(&mut after_backslash);
        match c {
            '\n' | '\r' | '\t' | '\0'..='\x1f' if in_string => {
                changed = true;
                // A preceding backslash serves as the escape.
                if !was_after_backslash {
                    escaped.push('\\');
                }
                match c {
                    '\n' => escaped.push('n'),
                    '\r' => escaped.push('r'),
                    '\t' => escaped.push('t'),
                    _ => {
                        let digits = [u32::from(c) >> 4, u32::from(c) & 15];
                        escaped.push_str("u00");
                        escaped.extend(digits.into_iter().filter_map(|digit| char::from_digit(digit, 16)));
                    }
                }
                continue;
            }
            '"' if !was_after_backslash => in_string = !in_string,
            '\\' if in_string && !was_after_backslash => after_backslash = true,
            _ => {}
        }
        escaped.push(c);
    }
    changed.then_some(escaped)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    #[test]
    fn control_characters_in_strings_are_read_as_meant() {
        for (text, meant) in [
            ("{\"text\": \"a\nb\tc\r\nd\"}", json!({ "text": "a\nb\tc\r\nd" })),
            ("{\n\t\"text\"\n:\t\"\u{1b}[1mtea\"\n}", json!({ "text": "\u{1b}[1mtea" })),
            ("{\"a\\\"\n\": \"\\\\\n\"}", json!({ "a\"\n": "\\\n" })),
            ("[\"a\\\nb\"]", json!(["a\nb"])),
            ("{\"text\": \"plain\"}", json!({ "text": "plain" })),
        ] {
            assert_eq!(read::<Value>(text).unwrap(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_broken_otherwise_stays_broken() {
        for text in ["", "{", "{\"text\": \"a\nb}", "{\"text\": tea\n}", "\"a\" \"\n\""] {
            assert!(read::<Value>(text).is_err(), "{text}");
        }
        let error = read::<Value>("{\n\"text\": tea}").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 10));
    }
}
