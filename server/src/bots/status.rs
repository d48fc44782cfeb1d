//! Maps unsuccessful HTTP statuses to bot errors.

use reqwest::StatusCode;

use super::question::{BotError, BotErrorKind};

/// Returns the error for `status`. `more` is an optional detail for the log.
pub(crate) fn failure(from: &str, status: StatusCode, more: &str) -> BotError {
    let (trouble, meaning) = match status.as_u16() {
        429 => (BotErrorKind::Busy, "too much was asked"),
        // 529 is Anthropic's and some gateways' own status for "overloaded".
        503 | 529 => (BotErrorKind::Busy, "it is overloaded or still starting"),
        408 | 504 => (BotErrorKind::TooSlow, "it gave up waiting"),
        500..=599 => (BotErrorKind::Failing, "it has an error of its own"),
        401 | 403 => (BotErrorKind::Refused, "it wants another key, or none of ours"),
        404 => (BotErrorKind::Refused, "it knows no such path or model"),
        413 => (BotErrorKind::Refused, "it was asked at too great a length"),
        _ => (BotErrorKind::Refused, "it does not take what was asked"),
    };
    let status = status.as_u16();
    let more = if more.is_empty() { String::new() } else { format!(" ({more})") };
    BotError::new(trouble, format!("{from} answers with {status}: {meaning}{more}"))
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::failure;
    use crate::bots::question::BotErrorKind;

    #[test]
    fn a_status_says_whose_trouble_it_is() {
        let trouble = |status| failure("it", StatusCode::from_u16(status).unwrap(), "").trouble;
        assert_eq!([429, 503, 529].map(trouble), [BotErrorKind::Busy; 3]);
        assert_eq!([500, 502, 599].map(trouble), [BotErrorKind::Failing; 3]);
        assert_eq!([400, 401, 403, 404, 413, 418, 422].map(trouble), [BotErrorKind::Refused; 7]);
        assert_eq!([408, 504].map(trouble), [BotErrorKind::TooSlow; 2]);
    }
}
