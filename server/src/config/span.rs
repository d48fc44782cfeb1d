//! Durations in configuration values.

use std::{num::ParseIntError, str::FromStr, time::Duration};

/// A duration, written `10m`, `90s`, `1500ms` or a plain number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    /// Returns the duration in whole milliseconds.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number
            .parse()
            .map_err(|error: ParseIntError| format!("{error}; write a time as 90s, 10m, 1h or 500ms"))?;
        let millis = match unit {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(format!("`{unit}` is no unit of time; write it as 90s, 10m, 1h or 500ms")),
        };
        Ok(Span(Duration::from_millis(number.saturating_mul(millis))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Span;

    #[test]
    fn a_span_has_a_unit_or_is_in_seconds() {
        assert_eq!("10m".parse(), Ok(Span(Duration::from_mins(10))));
        assert_eq!("90".parse(), Ok(Span(Duration::from_secs(90))));
        assert_eq!("500ms".parse(), Ok(Span(Duration::from_millis(500))));
        assert!("5 fortnights".parse::<Span>().is_err());
        assert!("".parse::<Span>().is_err());
    }
}
