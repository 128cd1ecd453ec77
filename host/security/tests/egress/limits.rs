//! Every limit of the door, tripped.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use octi_domain::limits as max;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn fetched(bytes: Vec<u8>, caps: Caps) -> Result<Vec<u8>, EgressError> {
    let server = Server::start(bytes).await;
    let mut response = get(&server, caps).await?;
    read_all(&mut response).await
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_sent() {
    let server = Server::start(answer("", b"ok")).await;
    let (egress, dials) = door(&server, Caps::default());
    let send = |bytes: usize| {
        let mut request = Request::new(Method::POST, url("http://a.corp/"));
        request.body = Bytes::from(vec![0; bytes]);
        let egress = egress.clone();
        async move { egress.fetch(&allow(&["a.corp:80"]), request).await.map(|response| response.status.as_u16()) }
    };
    let refused = send(max::EGRESS_REQUEST_BYTES_MAX).await;
    assert_eq!(refused, Err(EgressError::Limit { what: "bytes of a request", max: max::EGRESS_REQUEST_BYTES_MAX as u64 }));
    assert!(dials.seen().is_empty());
    assert_eq!(send(1_000).await, Ok(200));
    let long = format!("http://a.corp/{}", "x".repeat(max::EGRESS_REQUEST_BYTES_MAX));
    let refused = egress.fetch(&allow(&["a.corp:80"]), Request::new(Method::GET, url(&long))).await;
    assert!(matches!(refused, Err(EgressError::Limit { .. })), "{refused:?}");
}

#[tokio::test]
async fn headers_of_an_answer_are_bounded_in_bytes_and_number() {
    let wide = format!("x-wide: {}\r\n", "a".repeat(max::EGRESS_HEADER_BYTES_MAX));
    let refused = fetched(answer(&wide, b""), Caps::default()).await;
    let limit = EgressError::Limit { what: "bytes of an answer's headers", max: max::EGRESS_HEADER_BYTES_MAX as u64 };
    assert_eq!(refused, Err(limit.clone()));
    let many = |count: usize| (0..count).map(|index| format!("x-{index}: 1\r\n")).collect::<String>();
    assert!(fetched(answer(&many(max::EGRESS_HEADERS_MAX - 2), b""), Caps::default()).await.is_ok());
    assert_eq!(fetched(answer(&many(max::EGRESS_HEADERS_MAX + 1), b""), Caps::default()).await, Err(limit));
}

#[tokio::test]
async fn a_body_is_bounded_by_what_it_says_and_by_what_comes() {
    let limit = EgressError::Limit { what: "bytes of an answer on the network", max: max::EGRESS_WIRE_BYTES_MAX };
    let says = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", max::EGRESS_WIRE_BYTES_MAX + 1);
    assert_eq!(fetched(says.into_bytes(), Caps::default()).await, Err(limit.clone()));
    let mut comes = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    comes.resize(comes.len() + max::EGRESS_WIRE_BYTES_MAX as usize + 1, b'x');
    assert_eq!(fetched(comes, Caps::default()).await, Err(limit));
}

#[tokio::test]
async fn a_bomb_is_stopped_while_it_grows() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 128 << 10);
    let server = Server::start(answer("content-encoding: gzip\r\n", &bomb)).await;
    let mut response = get(&server, Caps::default()).await.unwrap();
    let mut seen = 0;
    let error = loop {
        match response.body.read(usize::MAX).await {
            Ok(chunk) => seen += chunk.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(error, EgressError::Limit { what: "times that decompressing may enlarge an answer", max: max::EGRESS_RATIO_MAX });
    assert!(seen < 32 << 20, "{seen} bytes of {} came through", 64 << 20);
    assert_eq!(response.body.read(10).await, Err(error), "it stays failed");
}

#[tokio::test]
async fn a_decompressed_body_is_bounded_too() {
    let text: Vec<u8> = (0..400_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let caps = Caps { body_bytes: 1 << 20, ..Caps::default() };
    let packed = answer("content-encoding: gzip\r\n", &gzip(&text));
    assert_eq!(fetched(packed.clone(), caps).await, Err(EgressError::Limit { what: "bytes of an answer", max: 1 << 20 }));
    assert_eq!(fetched(packed, Caps::default()).await, Ok(text));
    assert_eq!(Caps::default().body_bytes, max::EGRESS_BODY_BYTES_MAX);
}

#[tokio::test]
async fn what_was_decompressed_no_longer_says_so() {
    let server = Server::start(answer("content-encoding: x-gzip\r\netag: \"a\"\r\n", &gzip(b"hello"))).await;
    let mut response = get(&server, Caps::default()).await.unwrap();
    let names: Vec<&str> = response.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["etag"]);
    assert_eq!(read_all(&mut response).await.unwrap(), b"hello");
    assert!(server.requests()[0].contains("accept-encoding: gzip\r\n"), "{:?}", server.requests());
}

#[tokio::test]
async fn encodings_that_could_hide_a_bomb_are_refused() {
    for encoding in ["br", "zstd", "deflate", "gzip, gzip", "compress"] {
        let refused = fetched(answer(&format!("content-encoding: {encoding}\r\n"), b"x"), Caps::default()).await;
        assert!(matches!(&refused, Err(EgressError::Failed(text)) if text.contains("not asked for")), "{encoding}: {refused:?}");
    }
    let broken = fetched(answer("content-encoding: gzip\r\n", b"this is not gzip"), Caps::default()).await;
    assert!(matches!(broken, Err(EgressError::Failed(_))), "{broken:?}");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_over_with_its_time() {
    let caps = Caps { time: Duration::from_millis(200), ..Caps::default() };
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nonly"] {
        let server = Server::start(begun).await;
        let start = Instant::now();
        let ended = match get(&server, caps).await {
            Ok(mut response) => read_all(&mut response).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(ended, EgressError::Timeout { what: "the answer", ms: 200 });
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    assert_eq!(Caps::default().time, Duration::from_secs(max::EGRESS_SECONDS_MAX));
}

#[tokio::test]
async fn a_caller_can_give_less_time() {
    let server = Server::start("").await;
    let mut request = Request::new(Method::GET, url("http://a.corp/"));
    request.time_max = Duration::from_millis(100);
    let ended = door(&server, Caps::default()).0.fetch(&allow(&["a.corp:80"]), request).await;
    assert_eq!(ended.unwrap_err(), EgressError::Timeout { what: "the answer", ms: 100 });
}

/// A name server that never answers.
struct Silence;

#[async_trait]
impl octi_security::sandbox::egress::Lookup for Silence {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn connecting_is_bounded_from_the_look_up_to_the_handshake() {
    let policy = |connect_timeout| EgressPolicy { connect_timeout, ..EgressPolicy::default() };
    let short = Duration::from_millis(150);
    let limit = EgressError::Timeout { what: "connecting", ms: 150 };
    let silent = Egress::new(EgressPolicy { lookup: Arc::new(Silence), ..policy(short) });
    let refused = silent.fetch(&allow(&["a.test"]), Request::new(Method::GET, url("https://a.test/"))).await;
    assert_eq!(refused.unwrap_err(), limit);
    // Accepts the connection, and says nothing to the handshake.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lookup = Arc::new(Names::of(&[("*", &[&["93.184.216.34"]])]));
    let route = Arc::new(Dials::to(listener.local_addr().unwrap()));
    let mute = Egress::new(EgressPolicy { lookup, route, ..policy(short) });
    let refused = mute.fetch(&allow(&["a.test"]), Request::new(Method::GET, url("https://a.test/"))).await;
    assert_eq!(refused.unwrap_err(), limit);
    assert_eq!(EgressPolicy::default().connect_timeout, Duration::from_secs(max::EGRESS_CONNECT_SECONDS_MAX));
}

#[tokio::test]
async fn only_so_many_addresses_of_a_name_are_tried() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let many: Vec<String> = (0..max::EGRESS_ADDRESSES_MAX + 8).map(|index| format!("93.184.216.{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let dials = Arc::new(Dials::to(closed));
    let lookup = Arc::new(Names::of(&[("*", &[many.as_slice()])]));
    let egress = Egress::new(EgressPolicy { lookup, route: dials.clone(), ..EgressPolicy::default() });
    let refused = egress.fetch(&allow(&["a.test"]), Request::new(Method::GET, url("https://a.test/"))).await;
    assert!(matches!(refused, Err(EgressError::Failed(_))), "{refused:?}");
    assert_eq!(dials.seen().len(), max::EGRESS_ADDRESSES_MAX);
}
