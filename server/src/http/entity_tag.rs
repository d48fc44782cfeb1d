//! Conditional requests: compares `If-None-Match` with an entity tag.

use axum::http::{HeaderMap, header};

/// Returns whether `If-None-Match` contains this tag or `*`. The comparison is weak (RFC 9110, section
/// 13.1.2), because a proxy that compresses the response may have weakened the tag.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::is_known;

    #[test]
    fn a_tag_is_known_in_every_way_to_write_it() {
        let known = |value: &'static str| {
            is_known(
                &HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]),
                "\"a\"",
            )
        };
        for yes in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(known(yes), "{yes}");
        }
        for no in ["", "a", "\"ab\"", "\"b\""] {
            assert!(!known(no), "{no}");
        }
    }
}
