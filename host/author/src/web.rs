//! The web of a case: pages by address, behind the real egress door. Names ending in `.test` are at a public address; what is
//! dialled is a server on the loopback interface.

mod tls;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use octi_domain::limits;
use octi_security::sandbox::egress::{Authorities, EgressPolicy, Lookup, Route};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use tls::Identity;

/// Where every name is that leads nowhere else.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34));
/// Names that lead where nothing may go.
const INSIDE: [(&str, Ipv4Addr); 3] = [
    ("inside.test", Ipv4Addr::new(10, 0, 0, 1)),
    ("loopback.test", Ipv4Addr::LOCALHOST),
    ("cloud.test", Ipv4Addr::new(169, 254, 169, 254)),
];

/// Requests without a page that an author is told of.
const MISSED_MAX: usize = 5;

/// What a TLS connection begins with.
const TLS_HANDSHAKE: u8 = 0x16;

/// A page of a case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebPage {
    /// 200 when it is not given.
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: String,
    /// The body so many times.
    times: Option<usize>,
    /// Headers that a request must bring, such as one with a secret; without them the answer is 401.
    needs: BTreeMap<String, String>,
    /// What goes wrong instead of an answer.
    fault: Option<Fault>,
}

/// What may go wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    /// The connection is closed before anything is said.
    HangUp,
    /// The connection is closed in the middle of the body.
    CutShort,
    /// The request is taken, and nothing is ever said.
    Stall,
}

/// Pages by address.
pub(crate) type Pages = BTreeMap<String, WebPage>;

/// What is on the web, and what was asked for in vain.
#[derive(Debug, Default)]
struct Site {
    pages: Pages,
    missed: Vec<String>,
}

impl Site {
    /// Keeps in mind why a request got no page, for the author whose case fails.
    fn miss(&mut self, why: String) {
        if self.missed.len() < MISSED_MAX && !self.missed.contains(&why) {
            self.missed.push(why);
        }
    }
}

/// The bytes of a page's body, or how many there would be.
pub(crate) fn body_bytes(page: &WebPage) -> usize {
    page.body.len().saturating_mul(page.times.unwrap_or(1))
}

/// The web that a plugin reaches.
pub(crate) struct Web {
    site: Arc<Mutex<Site>>,
    address: SocketAddr,
    authorities: Authorities,
    _tasks: JoinSet<()>,
}

impl Web {
    /// An empty one.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let identity = Identity::new().ok_or_else(|| io::Error::other("no key can be made"))?;
        let authorities = identity.authorities().ok_or_else(|| io::Error::other("no certificate can be made"))?;
        let acceptor = identity.acceptor().ok_or_else(|| io::Error::other("TLS cannot be set up"))?;
        let site = Arc::new(Mutex::new(Site::default()));
        let known = Arc::clone(&site);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (known, acceptor) = (Arc::clone(&known), acceptor.clone());
                // Whoever hangs up in the middle has nobody to be told.
                open.spawn(async move { greet(socket, &acceptor, &known).await.unwrap_or_default() });
                while open.try_join_next().is_some() {}
            }
        });
        Ok(Self { site, address, authorities, _tasks: tasks })
    }

    /// What is on the web from now on.
    pub(crate) fn show(&self, pages: &Pages) {
        *locked(&self.site) = Site { pages: pages.clone(), missed: Vec::new() };
    }

    /// The requests since then that got no page, and why.
    pub(crate) fn missed(&self) -> Vec<String> {
        locked(&self.site).missed.clone()
    }

    /// The door to it.
    pub(crate) fn policy(&self) -> EgressPolicy {
        EgressPolicy {
            lookup: Arc::new(Names),
            route: Arc::new(Here(self.address)),
            authorities: self.authorities.clone(),
            ..EgressPolicy::default()
        }
    }
}

fn locked(site: &Mutex<Site>) -> MutexGuard<'_, Site> {
    site.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Names;

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let inside = INSIDE.iter().find(|(known, _)| *known == name);
        Ok(vec![inside.map_or(PUBLIC, |(_, address)| IpAddr::V4(*address))])
    }
}

/// Every vetted address is here.
struct Here(SocketAddr);

impl Route for Here {
    fn route(&self, _: SocketAddr) -> SocketAddr {
        self.0
    }
}

/// Speaks TLS with whoever begins a handshake.
async fn greet(socket: TcpStream, acceptor: &TlsAcceptor, site: &Mutex<Site>) -> io::Result<()> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE] {
        return serve(acceptor.accept(socket).await?, "https", site).await;
    }
    serve(socket, "http", site).await
}

async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, scheme: &str, site: &Mutex<Site>) -> io::Result<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if request.len() > limits::CASE_REQUEST_BYTES_MAX || socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let answer = answer(&mut locked(site), scheme, &String::from_utf8_lossy(&request));
    let Some(answer) = answer else {
        // Until whoever asked has waited long enough.
        while socket.read_buf(&mut request).await? > 0 {
            request.clear();
        }
        return Ok(());
    };
    socket.write_all(&answer).await?;
    socket.shutdown().await
}

/// Whether a request has arrived, its body included.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(request.get(..end).unwrap_or_default()).into_owned();
    let length = header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    request.len() - end - 4 >= length
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(':'))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The page at the address of a request, with its query if there is one with it, otherwise without; none for silence.
fn answer(site: &mut Site, scheme: &str, request: &str) -> Option<Vec<u8>> {
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or("GET"), words.next().unwrap_or("/"));
    let whole = format!("{scheme}://{}{path}", header(request, "host").unwrap_or_default());
    let bare = whole.split('?').next().unwrap_or(&whole);
    let missing = WebPage { status: Some(404), ..WebPage::default() };
    let refused = WebPage { status: Some(401), ..WebPage::default() };
    let found = site.pages.get(&whole).or_else(|| site.pages.get(bare)).cloned();
    let unmet = found.iter().flat_map(|page| &page.needs).find(|(name, value)| header(request, name) != Some(value));
    // Its value may be a secret of the case, and is not told.
    let why = match (&found, unmet) {
        (None, _) => Some(format!("{method} {whole} got 404: the case has no page there under `web`")),
        (Some(_), Some((name, _))) => {
            let fault = if header(request, name).is_none() { "is not in the request" } else { "has another value" };
            Some(format!("{method} {bare} got 401: the header `{name}`, which the page `needs`, {fault}"))
        }
        _ => None,
    };
    let is_refused = unmet.is_some();
    let page = if is_refused { refused } else { found.unwrap_or(missing) };
    why.into_iter().for_each(|why| site.miss(why));
    let body = page.body.repeat(page.times.unwrap_or(1));
    let headers: String = page.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let status = page.status.unwrap_or(200);
    let head = format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    match page.fault {
        Some(Fault::HangUp) => Some(Vec::new()),
        Some(Fault::CutShort) => Some((head + body.get(..body.len() / 2).unwrap_or_default()).into_bytes()),
        Some(Fault::Stall) => None,
        None => Some((head + &body).into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use octi_security::sandbox::egress::{Egress, HostAllow, Request};

    use super::*;

    fn pages(json: serde_json::Value) -> Pages {
        serde_json::from_value(json).unwrap()
    }

    fn site(json: serde_json::Value) -> Site {
        Site { pages: pages(json), missed: Vec::new() }
    }

    #[test]
    fn a_page_is_found_with_its_query_or_without() {
        let mut site = site(serde_json::json!({
            "http://a.test/x": { "body": "any" }, "http://a.test/x?q=1": { "status": 201, "body": "ab", "times": 2 },
        }));
        let mut asked = |path: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n");
            String::from_utf8(answer(&mut site, "http", &request).unwrap()).unwrap()
        };
        assert!(asked("/x?q=1").starts_with("HTTP/1.1 201 ") && asked("/x?q=1").ends_with("\r\n\r\nabab"));
        assert!(asked("/x?q=2").ends_with("\r\n\r\nany"));
        assert!(asked("/y").starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn what_a_page_needs_and_what_goes_wrong_is_played() {
        let mut site = site(serde_json::json!({
            "https://a.test/": { "needs": { "x-api-key": "k" }, "body": "in" },
            "https://a.test/gone": { "fault": "hang_up" },
            "https://a.test/half": { "fault": "cut_short", "body": "abcd" },
            "https://a.test/silent": { "fault": "stall" },
        }));
        assert_eq!(answer(&mut site, "https", "GET /silent HTTP/1.1\r\nhost: a.test\r\n\r\n"), None);
        let mut asked = |path: &str, more: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nhost: a.test\r\n{more}\r\n");
            String::from_utf8(answer(&mut site, "https", &request).unwrap()).unwrap()
        };
        assert!(asked("/", "").starts_with("HTTP/1.1 401 "));
        assert!(asked("/", "X-Api-Key: k\r\n").ends_with("in"));
        assert_eq!(asked("/gone", ""), "");
        assert!(asked("/half", "").contains("content-length: 4") && asked("/half", "").ends_with("\r\n\r\nab"));
        assert!(asked("/", "X-Api-Key: other\r\n").starts_with("HTTP/1.1 401 "));
        (0..=MISSED_MAX).for_each(|number| assert!(asked(&format!("/none/{number}"), "").starts_with("HTTP/1.1 404 ")));
        assert_eq!(site.missed.len(), MISSED_MAX);
        assert_eq!(
            site.missed[..3],
            [
                "GET https://a.test/ got 401: the header `x-api-key`, which the page `needs`, is not in the request",
                "GET https://a.test/ got 401: the header `x-api-key`, which the page `needs`, has another value",
                "GET https://a.test/none/0 got 404: the case has no page there under `web`",
            ]
        );
    }

    #[tokio::test]
    async fn the_door_believes_this_web_and_no_other() {
        let (web, other) = (Web::start().await.unwrap(), Web::start().await.unwrap());
        web.show(&pages(serde_json::json!({ "https://api.example.com/v1": { "body": "over TLS" } })));
        let url = url::Url::parse("https://api.example.com/v1").unwrap();
        let allow = HostAllow::parse(["api.example.com"].iter().copied()).unwrap();
        let egress = Egress::new(web.policy());
        let request = || Request::new(Method::GET, url.clone());
        assert_eq!(egress.fetch(&allow, request()).await.unwrap().status, 200);
        let stranger = EgressPolicy { authorities: other.authorities.clone(), ..web.policy() };
        assert!(Egress::new(stranger).fetch(&allow, request()).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_never_ends_is_not_kept() {
        let web = Web::start().await.unwrap();
        let mut socket = TcpStream::connect(web.address).await.unwrap();
        let line = [b'x'; 1 << 16];
        let mut sent = 0;
        // It hangs up once it has what is in its hands and one line more.
        while sent <= limits::CASE_REQUEST_BYTES_MAX * 16 && socket.write_all(&line).await.is_ok() {
            sent += line.len();
        }
        assert!(sent <= limits::CASE_REQUEST_BYTES_MAX * 16, "{sent} bytes were taken");
    }

    #[test]
    fn a_request_is_whole_with_its_body() {
        for (request, whole) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n", false),
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", false),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", true),
        ] {
            assert_eq!(is_whole(request.as_bytes()), whole, "{request:?}");
        }
    }
}
