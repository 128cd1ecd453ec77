//! The browser's pages, which are in the binary.
//!
//! Whatever is no file and no route of the API is the page itself: it knows its own routes. Files below `assets/` have a hash of
//! their content in their names and never change; everything else is asked for again and answered by its `ETag`.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use octi_api::error::ErrorCode;

use crate::error::ApiError;
use crate::etag;
use crate::state::Gateway;

/// Files by their path below the root, such as `assets/index-1a2b3c.js`.
pub type WebFiles = &'static [(&'static str, &'static [u8])];

const INDEX: &str = "index.html";
/// The viewer of the API, a page of its own, and where it is.
const DOCS: &str = "docs.html";
const DOCS_PATH: &str = "api/docs";
/// Shown by a binary that was built without the pages.
const UNBUILT: &[u8] = include_bytes!("assets/unbuilt.html");
/// Roots that belong to programs: what is unknown below them is an error and not a page.
const PROGRAMS: &[&str] =
    &["api", "v1", "gateway", "health", "metrics", "assets", "mcp", "sse", "messages", "oauth", ".well-known"];
/// Nothing comes from elsewhere, no script is written into a page, and no other site shows octi in a frame.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The files, ready to be sent.
#[derive(Debug)]
pub(crate) struct Web(HashMap<&'static str, File>);

#[derive(Debug)]
struct File {
    bytes: &'static [u8],
    kind: &'static str,
    etag: HeaderValue,
}

impl Web {
    /// The pages, or one that says how to build them.
    pub(crate) fn new(files: WebFiles) -> Self {
        let mut all: HashMap<_, _> = files.iter().map(|(path, bytes)| (*path, File::new(path, bytes))).collect();
        for page in [INDEX, DOCS] {
            all.entry(page).or_insert_with(|| File::new(page, UNBUILT));
        }
        Self(all)
    }

    /// The file of that path, or the page when no file is meant.
    fn find(&self, path: &str) -> Option<(&File, bool)> {
        let path = path.trim_start_matches('/');
        let path = if path == DOCS_PATH { DOCS } else { path };
        if let Some(file) = self.0.get(path) {
            return Some((file, path.starts_with("assets/")));
        }
        let root = path.split('/').next().unwrap_or_default();
        let is_page = !PROGRAMS.contains(&root) && !path.split('/').any(|part| part == "..");
        is_page.then(|| self.0.get(INDEX)).flatten().map(|page| (page, false))
    }
}

impl File {
    fn new(path: &str, bytes: &'static [u8]) -> Self {
        Self { bytes, kind: kind(path), etag: etag::of(bytes) }
    }
}

/// What a browser is told a file is: it is told to believe it.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Answers what no route answers.
pub(crate) async fn serve(State(gateway): State<Gateway>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let reads = method == Method::GET || method == Method::HEAD;
    let Some((file, is_fixed)) = gateway.shared().web.find(uri.path()).filter(|_| reads) else {
        let message = "there is no such route; `/api/openapi.json` lists them";
        return ApiError::new(ErrorCode::RouteNotFound, message).into_response();
    };
    let age = if is_fixed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let about: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (CACHE_CONTROL, HeaderValue::from_static(age)),
        (ETAG, file.etag.clone()),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    if etag::is_known(&headers, &file.etag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, file.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_without_pages_says_how_to_build_them() {
        let web = Web::new(&[]);
        for path in ["/chat", "/api/docs"] {
            let (page, _) = web.find(path).expect("a page");
            let text = String::from_utf8_lossy(page.bytes);
            assert!(text.contains("cargo xtask web"), "{path}: {text}");
        }
    }

    #[test]
    fn what_is_unknown_is_a_page_only_where_pages_are() {
        let web = Web::new(&[("index.html", b"page"), ("assets/a.js", b"script"), ("docs.html", b"viewer")]);
        let found = |path: &str| web.find(path).map(|(file, is_fixed)| (file.bytes, is_fixed));
        assert_eq!(found("/"), Some((b"page".as_slice(), false)));
        assert_eq!(found("/chat/7"), Some((b"page".as_slice(), false)));
        assert_eq!(found("/assets/a.js"), Some((b"script".as_slice(), true)));
        assert_eq!(found("/api/docs"), Some((b"viewer".as_slice(), false)));
        for path in ["/assets/b.js", "/api/x", "/v1/x", "/gateway/x", "/metrics/x", "/a/../b", "/.well-known/x", "/oauth/x"] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
