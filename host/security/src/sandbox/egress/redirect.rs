//! Where a redirect leads, and what goes along (RFC 9110, 15.4).

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};
use url::Url;

use super::EgressError;

/// What goes along to another origin: words about the wanted answer. Everything else may be a credential.
const ACROSS_ORIGINS: [&str; 7] =
    ["accept", "accept-encoding", "accept-language", "content-encoding", "content-language", "content-type", "user-agent"];

/// What describes a body, and goes when the body goes.
const OF_A_BODY: [&str; 5] = ["content-encoding", "content-language", "content-location", "content-type", "digest"];

/// The address that an answer leads to; none when it is not a redirect that can be followed.
pub(super) fn target(status: StatusCode, headers: &HeaderMap, from: &Url) -> Result<Option<Url>, EgressError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else { return Ok(None) };
    let refuse = |why: &str| EgressError::Refused(format!("`{}` redirects {why}", from.host_str().unwrap_or_default()));
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| refuse("to something that is not an address"))?;
    let mut url = from.join(location).map_err(|error| refuse(&format!("to something that is not an address: {error}")))?;
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(refuse(&format!(
            "from `https` to `http` on `{}`, which is not encrypted",
            url.host_str().unwrap_or_default()
        )));
    }
    url.set_fragment(None);
    Ok(Some(url))
}

/// The method of the next request, and whether the body goes along.
pub(super) fn method(status: StatusCode, method: &Method) -> (Method, bool) {
    match status.as_u16() {
        303 if method == Method::HEAD => (Method::HEAD, false),
        303 => (Method::GET, false),
        // Every browser does this, and RFC 9110 allows it.
        301 | 302 if method == Method::POST => (Method::GET, false),
        _ => (method.clone(), true),
    }
}

/// Takes away what must not go along.
pub(super) fn prune(headers: &mut HeaderMap, from: &Url, to: &Url, with_body: bool) {
    if !with_body {
        for name in OF_A_BODY {
            headers.remove(name);
        }
    }
    if from.origin() == to.origin() {
        return;
    }
    let names: Vec<HeaderName> = headers.keys().filter(|name| !ACROSS_ORIGINS.contains(&name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    // What the host itself put in, wherever it stands.
    let sensitive: Vec<HeaderName> =
        headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
    for name in sensitive {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn to(location: &'static str, from: &str) -> Result<Option<Url>, EgressError> {
        let headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static(location))]);
        target(StatusCode::FOUND, &headers, &url(from))
    }

    #[test]
    fn methods_and_bodies_follow_the_standard() {
        let next = |status: u16, from: Method| method(StatusCode::from_u16(status).unwrap(), &from);
        for status in [301, 302] {
            assert_eq!(next(status, Method::POST), (Method::GET, false));
            assert_eq!(next(status, Method::GET), (Method::GET, true));
            assert_eq!(next(status, Method::PUT), (Method::PUT, true));
            assert_eq!(next(status, Method::DELETE), (Method::DELETE, true));
        }
        for from in [Method::POST, Method::PUT, Method::GET, Method::DELETE] {
            assert_eq!(next(303, from), (Method::GET, false));
        }
        assert_eq!(next(303, Method::HEAD), (Method::HEAD, false));
        for status in [307, 308] {
            assert_eq!(next(status, Method::POST), (Method::POST, true));
            assert_eq!(next(status, Method::PATCH), (Method::PATCH, true));
        }
    }

    #[test]
    fn only_the_redirects_that_can_be_followed_lead_somewhere() {
        let headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static("/b"))]);
        for status in [200, 201, 300, 304, 305, 306] {
            assert_eq!(target(StatusCode::from_u16(status).unwrap(), &headers, &url("https://a.test/a")), Ok(None), "{status}");
        }
        assert_eq!(target(StatusCode::FOUND, &HeaderMap::new(), &url("https://a.test/a")), Ok(None));
    }

    #[test]
    fn locations_are_read_against_the_address_they_came_from() {
        let found = |location, from| to(location, from).map(|url| url.unwrap().to_string());
        assert_eq!(found("/b?c#d", "https://a.test/x/y").as_deref(), Ok("https://a.test/b?c"));
        assert_eq!(found("z", "https://a.test/x/y").as_deref(), Ok("https://a.test/x/z"));
        assert_eq!(found("//b.test/", "https://a.test/x").as_deref(), Ok("https://b.test/"));
        assert_eq!(found("https://b.test/", "http://a.test/x").as_deref(), Ok("https://b.test/"));
        assert!(to("http://a.test/", "https://a.test/").unwrap_err().to_string().contains("not encrypted"));
        assert!(to("https://[oops", "https://a.test/").is_err());
    }

    #[test]
    fn nothing_that_may_be_a_credential_crosses_origins() {
        let mut secret = HeaderValue::from_static("text/plain");
        secret.set_sensitive(true);
        let all = HeaderMap::from_iter([
            (header::AUTHORIZATION, HeaderValue::from_static("Bearer x")),
            (header::COOKIE, HeaderValue::from_static("a=b")),
            (HeaderName::from_static("x-api-key"), HeaderValue::from_static("k")),
            (header::USER_AGENT, HeaderValue::from_static("u")),
            (header::ACCEPT, secret),
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        ]);
        for (from, to) in [
            ("https://a.test/", "https://b.test/"),
            ("https://a.test/", "https://a.test:8443/"),
            ("http://a.test/", "https://a.test/"),
        ] {
            let mut headers = all.clone();
            prune(&mut headers, &url(from), &url(to), true);
            let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
            left.sort_unstable();
            assert_eq!(left, ["content-type", "user-agent"], "{from} {to}");
        }
        let mut headers = all.clone();
        prune(&mut headers, &url("https://a.test/"), &url("https://a.test/b"), true);
        assert_eq!(headers, all);
        prune(&mut headers, &url("https://a.test/"), &url("https://a.test/b"), false);
        assert!(headers.contains_key("authorization") && !headers.contains_key("content-type"));
    }
}
