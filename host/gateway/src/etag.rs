//! Answers that need not be sent again (RFC 9110, section 13.1.2).

use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The tag of these bytes.
pub(crate) fn of(bytes: &[u8]) -> HeaderValue {
    let hash: String = Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    quoted(&hash)
}

/// The tag of something whose hash is known.
pub(crate) fn quoted(hash: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether the client has what is tagged so.
pub(crate) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    tags.any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
}

/// Says that the client has it.
pub(crate) fn not_modified(tag: HeaderValue) -> Response {
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_list_and_weak_or_strong() {
        let tag = of(b"x");
        let known = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(value).expect("a header"));
            is_known(&headers, &tag)
        };
        let text = tag.to_str().expect("plain");
        assert!(known(text) && known(&format!("\"a\", W/{text}")) && known("*"));
        assert!(!known("\"a\"") && !is_known(&HeaderMap::new(), &tag));
    }
}
