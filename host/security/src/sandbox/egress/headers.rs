//! Which headers a caller may set, and which of an answer it sees.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use octi_domain::limits;

use super::EgressError;

/// Hop-by-hop headers (RFC 9110, 7.6.1) and those that frame a message: they belong to whoever holds the connection.
const OF_THE_CONNECTION: [&str; 12] = [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "content-length",
];

/// What only this host says: whom it speaks to, how, and for whom.
const OF_THE_HOST: [&str; 12] = [
    "host",
    "expect",
    "accept-encoding",
    "via",
    "forwarded",
    "traceparent",
    "tracestate",
    "baggage",
    "alt-used",
    "early-data",
    "x-real-ip",
    "true-client-ip",
];

/// Beginnings of names that count as [`OF_THE_HOST`].
const OF_THE_HOST_BEGIN: [&str; 4] = ["proxy-", "x-forwarded-", "sec-", "x-original-"];

/// Reads a caller's headers. A header that is not the caller's to set is an error: dropping it would hide a mistake.
///
/// # Errors
/// Names the header, and why.
pub fn request_headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<HeaderMap, EgressError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let bad = |why: &str| EgressError::Invalid(format!("header `{}`: {why}", name.escape_debug()));
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("this is not the name of a header"))?;
        let key = parsed.as_str();
        let reserved = OF_THE_CONNECTION.contains(&key)
            || OF_THE_HOST.contains(&key)
            || OF_THE_HOST_BEGIN.iter().any(|begin| key.starts_with(begin));
        if reserved {
            return Err(bad("the host sets this one itself: leave it out"));
        }
        let value = HeaderValue::from_bytes(value).map_err(|_| bad("the value holds a control character"))?;
        if headers.len() >= limits::EGRESS_HEADERS_MAX {
            return Err(EgressError::Limit { what: "headers of a request", max: limits::EGRESS_HEADERS_MAX as u64 });
        }
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// Takes out of an answer what was for this host: hop-by-hop headers, named ones and those that `connection` names, and what no
/// longer holds once the body was decompressed.
pub(super) fn clean_answer(headers: &mut HeaderMap, decompressed: bool) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in OF_THE_CONNECTION.iter().filter(|name| **name != "content-length") {
        headers.remove(*name);
    }
    headers.remove("alt-svc");
    if decompressed {
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
    }
}

/// Bytes of headers as they stand on a connection.
pub(super) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn headers_that_are_not_the_callers_are_refused_by_name() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Proxy-Authorization",
            "Proxy-Anything",
            "Expect",
            "Accept-Encoding",
            "traceparent",
            "X-Forwarded-For",
            "Forwarded",
            "Via",
            "Sec-Fetch-Mode",
        ] {
            let error = request_headers([(name, &b"x"[..])]).unwrap_err();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
        for (name, value) in [("x y", &b"x"[..]), ("", b"x"), ("x-a", b"a\r\nhost: evil"), ("x-a", b"a\0")] {
            assert!(matches!(request_headers([(name, value)]), Err(EgressError::Invalid(_))), "{name:?} {value:?}");
        }
    }

    #[test]
    fn more_headers_than_the_limit_are_refused() {
        let many = |count: usize| request_headers((0..count).map(|_| ("x-a", &b"1"[..]))).map(|headers| headers.len());
        assert_eq!(many(limits::EGRESS_HEADERS_MAX), Ok(limits::EGRESS_HEADERS_MAX));
        assert!(matches!(many(limits::EGRESS_HEADERS_MAX + 1), Err(EgressError::Limit { .. })));
    }

    #[test]
    fn an_answer_loses_what_belonged_to_the_connection() {
        let mut headers: HeaderMap = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("proxy-authenticate", "Basic"),
            ("content-encoding", "gzip"),
            ("content-length", "10"),
            ("etag", "\"a\""),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        let mut plain = headers.clone();
        let names = |headers: &HeaderMap| headers.keys().map(|name| name.as_str().to_owned()).collect::<BTreeSet<_>>();
        clean_answer(&mut plain, false);
        assert_eq!(names(&plain), ["content-encoding", "content-length", "etag"].map(str::to_owned).into());
        clean_answer(&mut headers, true);
        assert_eq!(names(&headers), ["etag"].map(str::to_owned).into());
    }
}
