//! Decides where a redirect leads and whether it may be followed. Follows none itself.

use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, LOCATION},
};

use crate::config::bots::place::{AllowedHosts, origin};

/// Returns the URL that the response to a POST at `from` redirects to, or why it must not be followed, as a
/// phrase to come after the service's name. A `confidential` request may go to the configured origin only.
pub(crate) fn next(
    places: &AllowedHosts,
    from: &Url,
    confidential: bool,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Url, String> {
    if ![StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&status) {
        return Err(format!("redirects with {}, after which a POST would not be one", status.as_u16()));
    }
    let location = headers.get(LOCATION).ok_or_else(|| "redirects without saying where to".to_owned())?;
    let url = location
        .to_str()
        .ok()
        .and_then(|location| from.join(location).ok())
        .filter(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| "redirects to what is no address of a service".to_owned())?;
    let to = origin(&url);
    match url.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Err(format!("redirects to {to}, which is not encrypted")),
        other => return Err(format!("redirects to {other}:, which is not HTTP")),
    }
    if !places.admits(&url) {
        return Err(format!("redirects to {to}, which is not configured (`hosts`)"));
    }
    if confidential && !places.is_own(&url) {
        return Err(format!("redirects to {to}, and the key would go along"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use reqwest::{
        StatusCode, Url,
        header::{HeaderMap, HeaderValue, LOCATION},
    };

    use super::next;
    use crate::config::bots::place::{AllowedHost, AllowedHosts, ServiceUrl};

    fn redirected(
        from: &str,
        status: u16,
        location: Option<&str>,
        confidential: bool,
    ) -> Result<String, String> {
        let others = vec![AllowedHost::parse("other.example").unwrap()];
        let places = AllowedHosts::new(ServiceUrl::parse(from).unwrap(), others);
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        next(&places, &Url::parse(from).unwrap(), confidential, status, &headers).map(String::from)
    }

    #[test]
    fn a_redirect_within_what_is_configured_is_followed() {
        let from = "http://a.example:81/v1";
        assert_eq!(redirected(from, 307, Some("/v2"), true), Ok("http://a.example:81/v2".to_owned()));
        assert_eq!(
            redirected(from, 308, Some("https://a.example/v1"), false),
            Ok("https://a.example/v1".to_owned())
        );
        assert_eq!(
            redirected(from, 308, Some("//other.example/"), false),
            Ok("http://other.example/".to_owned())
        );
    }

    #[test]
    fn a_post_stays_one() {
        for status in [300, 301, 302, 303, 304, 305] {
            let error = redirected("http://a.example/", status, Some("/b"), false).unwrap_err();
            assert!(error.contains(&status.to_string()), "{error}");
        }
    }

    #[test]
    fn a_redirect_elsewhere_is_not_followed() {
        let from = "https://a.example/v1";
        for elsewhere in [
            "https://b.example/",
            "https://a.example:8443/",
            "http://a.example/",
            "https://127.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "https://me:x@a.example/",
            "gopher://a.example/",
            "https://",
            "data:text/plain,x",
        ] {
            assert!(redirected(from, 307, Some(elsewhere), false).is_err(), "{elsewhere}");
        }
        assert!(redirected(from, 307, None, false).is_err());
    }

    #[test]
    fn what_holds_a_key_goes_to_its_own_origin_alone() {
        assert!(redirected("https://a.example/", 307, Some("https://other.example/"), false).is_ok());
        let error = redirected("https://a.example/", 307, Some("https://other.example/"), true).unwrap_err();
        assert!(error.contains("key"), "{error}");
    }
}
