//! A registry that does everything wrong, one thing at a time, and what is said of it.

use std::io::Write as _;
use std::time::Duration;

use octi_domain::limits::{REGISTRY_ANSWER_BYTES_MAX, REGISTRY_ATTEMPTS_MAX};
use octi_registry::source::SourceError;

use super::faulty::{Reply, Server, serve};
use super::*;

const BLOB: &[u8] = b"a blob";

/// A registry whose manifests and blobs are answered like this.
async fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    serve(move |head| if head.contains(" /v2/ ") { Reply::of("200 OK", "", b"{}") } else { reply() }).await
}

async fn source(server: &Server) -> Arc<dyn Source> {
    let access = Access { patience: Duration::from_millis(300), ..access() };
    octi_distribution::open(&location(&format!("oci://{}/plugins", server.authority)), &access).unwrap()
}

fn digest() -> Digest {
    Digest::of(BLOB)
}

async fn blob(server: &Server) -> Result<Vec<u8>, SourceError> {
    source(server).await.blob(&name(), digest(), BLOB.len()).await
}

async fn manifest(server: &Server) -> Result<Vec<u8>, SourceError> {
    source(server).await.oci_manifest(&name(), digest(), BLOB.len()).await
}

#[tokio::test]
async fn what_was_asked_for_is_handed_over_byte_by_byte() {
    let server = answering(|| Reply::of("200 OK", "", BLOB)).await;
    assert_eq!(blob(&server).await.unwrap(), BLOB);
    assert_eq!(manifest(&server).await.unwrap(), BLOB);
}

#[tokio::test]
async fn each_fault_has_a_refusal_of_its_own() {
    type Fault = (&'static str, fn() -> Reply);
    let faults: [Fault; 12] = [
        ("nothing is there", || Reply::of("404 Not Found", "", br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}"#)),
        ("one has to sign in", || Reply::of("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b"")),
        ("one may not", || Reply::of("403 Forbidden", "", b"{}")),
        ("other bytes", || Reply::of("200 OK", "", b"a b1ob")),
        ("another digest in the header", || {
            let other = Digest::of(b"other");
            Reply::of("200 OK", &format!("Docker-Content-Digest: {other}\r\n"), BLOB)
        }),
        ("a byte too many", || Reply::of("200 OK", "", b"a blob!")),
        ("far too many", || Reply::of("200 OK", "", &vec![b' '; REGISTRY_ANSWER_BYTES_MAX + 1])),
        ("a body that breaks off", || Reply::truncated(BLOB)),
        ("an overloaded registry", || Reply::of("503 Service Unavailable", "", b"come\x1b[2J back")),
        ("a redirect to this machine", || Reply::of("307 Temporary Redirect", "Location: https://127.0.0.1:1/x\r\n", b"")),
        ("silence from the start", || Reply::Hang(Vec::new())),
        ("silence in the middle", || Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na b".to_vec())),
    ];
    let mut said = String::new();
    for (what, reply) in faults {
        let server = answering(reply).await;
        for (part, error) in [("blob", blob(&server).await), ("manifest", manifest(&server).await)] {
            let error = told(&error.unwrap_err()).replace(&server.authority, "REGISTRY");
            said.push_str(&format!("{what}, {part}:\n  {error}\n"));
        }
    }
    insta::assert_snapshot!(said.replace(&digest().to_string(), "sha256:…"));
}

#[tokio::test]
async fn a_compressed_answer_is_bounded_by_what_it_unpacks_to() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 2 * 1024 * 1024]).unwrap();
    let zeros = gzip.finish().unwrap();
    assert!(zeros.len() < 4 * 1024);
    let server = answering(move || Reply::of("200 OK", "Content-Encoding: gzip\r\n", &zeros)).await;
    assert!(matches!(blob(&server).await, Err(SourceError::TooLarge { .. })));
    assert!(matches!(manifest(&server).await, Err(SourceError::TooLarge { .. })));
}

#[tokio::test]
async fn a_registry_that_comes_to_itself_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(1);
    let server = answering(move || {
        let count = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if count < REGISTRY_ATTEMPTS_MAX { Reply::of("503 Service Unavailable", "", b"") } else { Reply::of("200 OK", "", BLOB) }
    })
    .await;
    assert_eq!(blob(&server).await.unwrap(), BLOB);
}

/// A registry that sends whoever has no token to that address for one.
async fn with_tokens(realm: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    serve(move |head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let is_signed = head.contains("Bearer a-token");
        if head.starts_with("GET /token?") {
            let scope = head.contains("scope=repository%3Aplugins%2Facme%2Fweather%3Apull") && head.contains("service=here");
            let basic = head.contains("authorization: Basic bWU6c2VjcmV0");
            return if scope && basic {
                Reply::of("200 OK", "", br#"{"token":"a-token"}"#)
            } else {
                Reply::of("401 No", "", b"")
            };
        }
        match is_signed {
            true => Reply::of("200 OK", "", BLOB),
            false => {
                let challenge = format!("WWW-Authenticate: Bearer realm=\"{}\",service=\"here\"\r\n", realm(host));
                Reply::of("401 Unauthorized", &challenge, b"{}")
            }
        }
    })
    .await
}

async fn signed_in(server: &Server) -> Result<Vec<u8>, SourceError> {
    let credentials = octi_distribution::Credentials { user: "me".to_owned(), password: "secret".into() };
    let access = Access { credentials: Some(credentials), ..access() };
    let source = octi_distribution::open(&location(&format!("oci://{}/plugins", server.authority)), &access).unwrap();
    source.blob(&name(), digest(), BLOB.len()).await
}

#[tokio::test]
async fn a_token_is_fetched_where_the_registry_says() {
    let server = with_tokens(|host| format!("http://{host}/token")).await;
    assert_eq!(signed_in(&server).await.unwrap(), BLOB);
}

#[tokio::test]
async fn a_password_is_neither_sent_in_the_clear_nor_to_what_is_not_public() {
    for (realm, expected) in [("http://tokens.example/token", "without encryption"), ("https://10.0.0.1/token", "10.0.0.1")] {
        let server = with_tokens(move |_| realm.to_owned()).await;
        let error = told(&signed_in(&server).await.unwrap_err());
        assert!(error.contains(expected), "{realm}: {error}");
    }
}
