//! The canonical addresses of rooms, messages and days.

use chat::{protocol::Seq, room_name::RoomName};
use jiff::civil::Date;

/// Returns the canonical address of a room.
pub(crate) fn room_path(room: &RoomName) -> String {
    if *room == RoomName::lobby() { "/chat".to_owned() } else { format!("/chat/{}", encoded(room.as_str())) }
}

/// Returns the permalink of a message.
pub(crate) fn message_path(room: &RoomName, seq: Seq) -> String {
    format!("/chat/{}/{seq}", encoded(room.as_str()))
}

/// Returns the address of the login page, which leads on to `next`.
pub(crate) fn login_path(next: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!("&why={why}")).unwrap_or_default();
    format!("/login?next={}{why}", encoded(next))
}

/// Percent-encodes a path segment as browsers do: everything but letters, digits and unreserved marks.
pub(crate) fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    const PART: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, PART)
}

/// Parses a seq in its canonical form. One that is too large becomes `Seq::MAX`, which is beyond every log.
pub(crate) fn canonical_seq(text: &str) -> Option<Seq> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().unwrap_or(Seq::MAX))
}

/// Parses a day, written as `2026-11-20`.
pub(crate) fn day(text: &str) -> Option<Date> {
    let digits = |range| text.get(range).filter(|part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()));
    if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return None;
    }
    let [year, month, day] = [digits(0..4)?, digits(5..7)?, digits(8..10)?];
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use chat::protocol::Seq;
    use jiff::civil::Date;

    use super::{canonical_seq, day};

    #[test]
    fn a_day_is_written_in_one_way_only() {
        assert_eq!(day("2026-11-20"), Some(Date::constant(2026, 11, 20)));
        assert_eq!(day("0001-01-01"), Some(Date::constant(1, 1, 1)));
        for nonsense in [
            "",
            "2026-02-30",
            "2026-13-01",
            "20261120",
            "2026-1-2",
            "+026-11-20",
            "2026-11-20 ",
            "yesterday",
            "二〇二六",
        ] {
            assert_eq!(day(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_seq_is_written_in_one_way_only() {
        assert_eq!(canonical_seq("0"), Some(0));
        assert_eq!(canonical_seq("1042"), Some(1_042));
        assert_eq!(canonical_seq("99999999999999999999999"), Some(Seq::MAX));
        for other in ["", "01", "+1", "-1", "1.0", "one", "１", " 1"] {
            assert_eq!(canonical_seq(other), None, "{other}");
        }
    }
}
