//! The destinations that a bot's requests may have: the URL of its service, and the hosts to which it may
//! redirect. Never resolves a name.

use std::fmt;

use reqwest::Url;
use serde::{Deserialize, Deserializer, de::Error as _};

/// The URL of a service: http or https, with a host and without a password. Printed without its path and
/// query, which may be as secret as a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServiceUrl(Url);

/// A host to which a service may redirect, with or without a port.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AllowedHost {
    /// In the form that a URL has.
    host: String,
    /// `None` for the default port of the scheme.
    port: Option<u16>,
}

/// All hosts to which one bot's requests may go.
#[derive(Clone)]
pub(crate) struct AllowedHosts {
    own: ServiceUrl,
    others: Vec<AllowedHost>,
}

impl ServiceUrl {
    pub(crate) fn parse(text: &str) -> Result<ServiceUrl, String> {
        let url = Url::parse(text).map_err(|error| format!("this is no URL: {error}"))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(format!("a URL begins with http:// or https:// here, not with {}:", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "a URL has no user and no password here; a key is read from a file or the environment"
                    .to_owned(),
            );
        }
        if url.fragment().is_some() {
            return Err("a URL has no # here: it would not be sent".to_owned());
        }
        Ok(ServiceUrl(url))
    }

    /// Returns this URL with another path, computed from its own.
    pub(crate) fn with_path(&self, path: impl FnOnce(&str) -> String) -> ServiceUrl {
        let mut url = self.0.clone();
        url.set_path(&path(self.0.path()));
        ServiceUrl(url)
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceUrl({})", origin(&self.0))
    }
}

impl<'de> Deserialize<'de> for ServiceUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ServiceUrl, D::Error> {
        ServiceUrl::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl AllowedHost {
    pub(crate) fn parse(text: &str) -> Result<AllowedHost, String> {
        let wrong = || "a host is written llm.example.org or llm.example.org:8443".to_owned();
        if text.contains(['/', '@', '?', '#', '\\']) || text.trim() != text {
            return Err(wrong());
        }
        let url = Url::parse(&format!("http://{text}")).map_err(|error| format!("{}: {error}", wrong()))?;
        // A parsed URL drops its scheme's default port, and under https the default is another one.
        let port = if text.ends_with(":80") { Some(80) } else { url.port() };
        Ok(AllowedHost { host: url.host_str().ok_or_else(wrong)?.to_owned(), port })
    }

    fn admits(&self, url: &Url) -> bool {
        let usual = if url.scheme() == "https" { 443 } else { 80 };
        let port = url.port().unwrap_or(usual);
        url.host_str() == Some(&self.host) && port == self.port.unwrap_or(usual)
    }
}

impl fmt::Debug for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({}, {:?})", self.host, self.port)
    }
}

impl<'de> Deserialize<'de> for AllowedHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AllowedHost, D::Error> {
        AllowedHost::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl AllowedHosts {
    pub(crate) fn new(own: ServiceUrl, others: Vec<AllowedHost>) -> AllowedHosts {
        AllowedHosts { own, others }
    }

    pub(crate) fn own(&self) -> &Url {
        self.own.as_url()
    }

    /// Returns whether a key may be sent to a URL: only to the origin for which it was configured.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.own().origin()
    }

    /// Returns whether a redirect may lead to a URL: to the service's own host at its own or the default
    /// port, or to one of the other hosts.
    pub(crate) fn admits(&self, url: &Url) -> bool {
        let own = self.own();
        let at_usual_port = url.host_str() == own.host_str() && url.port().is_none();
        self.is_own(url) || at_usual_port || self.others.iter().any(|place| place.admits(url))
    }
}

/// Returns the part of a URL that may be shown and logged: `https://llm.example.org:8443`.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{AllowedHost, AllowedHosts, ServiceUrl, origin};

    fn places(own: &str, others: &[&str]) -> AllowedHosts {
        let others = others.iter().map(|place| AllowedHost::parse(place).unwrap()).collect();
        AllowedHosts::new(ServiceUrl::parse(own).unwrap(), others)
    }

    #[test]
    fn a_service_is_reached_by_http_without_a_password_in_its_address() {
        for good in ["http://127.0.0.1:11434/v1", "https://llm.example.org", "http://[::1]:8080/v1?a=b"] {
            assert!(ServiceUrl::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "llm.example.org", "ftp://example.org", "file:///etc/passwd", "http://", "/v1"] {
            assert!(ServiceUrl::parse(bad).is_err(), "{bad}");
        }
        let error = ServiceUrl::parse("https://me:hush@example.org/").unwrap_err();
        assert!(error.contains("password") && !error.contains("hush"), "{error}");
    }

    #[test]
    fn an_address_is_printed_without_what_may_be_secret_in_it() {
        let url = ServiceUrl::parse("https://hooks.example.org:8443/t/hush?key=hush").unwrap();
        assert_eq!(format!("{url:?}"), "ServiceUrl(https://hooks.example.org:8443)");
        assert_eq!(origin(url.as_url()), "https://hooks.example.org:8443");
    }

    #[test]
    fn a_request_goes_to_the_configured_places_alone() {
        let places =
            places("http://llm.example.org:8080/v1", &["other.example.org", "third.example.org:8443"]);
        let admits = |url: &str| places.admits(&Url::parse(url).unwrap());
        assert!(admits("http://llm.example.org:8080/elsewhere"));
        assert!(admits("https://llm.example.org/v1"));
        assert!(!admits("http://llm.example.org:6379/"));
        assert!(admits("https://OTHER.example.org/"));
        assert!(!admits("https://other.example.org:8443/"));
        assert!(admits("https://third.example.org:8443/"));
        assert!(!admits("https://third.example.org/"));
        assert!(!admits("http://127.0.0.1:8080/v1"));
        assert!(!admits("http://llm.example.org.evil.example:8080/"));
        assert!(!admits("http://llm.example.org@evil.example:8080/"));
    }

    #[test]
    fn a_key_goes_to_its_own_origin_alone() {
        let places = places("https://llm.example.org/v1", &["other.example.org"]);
        let is_own = |url: &str| places.is_own(&Url::parse(url).unwrap());
        assert!(is_own("https://llm.example.org:443/x"));
        assert!(!is_own("http://llm.example.org/v1"));
        assert!(!is_own("https://llm.example.org:8443/v1"));
        assert!(!is_own("https://other.example.org/v1"));
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for good in ["example.org", "example.org:80", "127.0.0.1:9", "[::1]:9", "茶.example"] {
            assert!(AllowedHost::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "https://example.org", "example.org/v1", "a b", "example.org:x", "me@example.org"] {
            assert!(AllowedHost::parse(bad).is_err(), "{bad}");
        }
        let plain = Url::parse("http://example.org/").unwrap();
        let secure = Url::parse("https://example.org/").unwrap();
        assert!(AllowedHost::parse("example.org:80").unwrap().admits(&plain));
        assert!(!AllowedHost::parse("example.org:80").unwrap().admits(&secure));
    }
}
