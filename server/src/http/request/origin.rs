//! Origin checks: only pages of the server's own origin or of an explicitly allowed one may connect and
//! change state. Requests without an `Origin`, which do not come from pages (curl, websocat), pass.

use axum::http::{HeaderMap, header};

use crate::{config::Config, http::request::arrival::Arrival};

/// The most characters of an origin that are shown. Genuine origins are shorter.
const SHOWN: usize = 300;

/// The request comes from a page of another origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the origin {found} may not do this here; it is for pages of {own} (see --base-url and --allow-origin)"
)]
pub(crate) struct Foreign {
    found: String,
    own: String,
}

/// Refuses a request from a page of another origin (RFC 6454).
pub(crate) fn check(headers: &HeaderMap, arrival: &Arrival, config: &Config) -> Result<(), Foreign> {
    let Some(found) = headers.get(header::ORIGIN) else { return Ok(()) };
    let found = String::from_utf8_lossy(found.as_bytes()).to_ascii_lowercase();
    let own = match &config.base_url {
        Some(base) => Some(base.as_str().to_owned()),
        None => arrival.origin(),
    };
    let allowed =
        own.as_ref() == Some(&found) || config.allow_origin.iter().any(|origin| origin.as_str() == found);
    if allowed {
        return Ok(());
    }
    let found = found.chars().take(SHOWN).flat_map(char::escape_default).collect();
    Err(Foreign { found, own: own.unwrap_or_else(|| "no host".to_owned()) })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::check;
    use crate::{config::Config, http::request::arrival::Arrival};

    fn allowed(origin: &'static str, config: &Config) -> bool {
        let headers = HeaderMap::from_iter([
            (header::HOST, HeaderValue::from_static("tea.example:3000")),
            (header::ORIGIN, HeaderValue::from_static(origin)),
        ]);
        passes(&headers, config)
    }

    fn passes(headers: &HeaderMap, config: &Config) -> bool {
        let arrival = Arrival::read(([127, 0, 0, 1], 1).into(), headers, config);
        check(headers, &arrival, config).is_ok()
    }

    #[test]
    fn only_the_same_origin_passes_to_the_letter() {
        let config = Config::defaults();
        assert!(allowed("http://tea.example:3000", &config));
        for foreign in [
            "https://tea.example:3000",
            "http://tea.example",
            "http://tea.example:3000.evil.example",
            "null",
            "",
        ] {
            assert!(!allowed(foreign, &config), "{foreign}");
        }
    }

    #[test]
    fn the_base_url_stands_for_what_a_proxy_hides_and_others_are_allowed_by_name() {
        let mut config = Config::defaults();
        config.base_url = Some("https://chat.example".parse().unwrap());
        config.allow_origin = vec!["http://127.0.0.1:8080".parse().unwrap()];
        assert!(allowed("https://chat.example", &config));
        assert!(allowed("http://127.0.0.1:8080", &config));
        assert!(!allowed("http://tea.example:3000", &config));
    }

    #[test]
    fn a_request_that_is_no_page_s_passes() {
        assert!(passes(&HeaderMap::new(), &Config::defaults()));
    }
}
