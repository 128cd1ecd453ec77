//! The doors to the network under attack: one table of addresses, answers of a name server and grants, for every caller.
//!
//! A caller (the raw door, a model's client, a guest's request) is tried with each row. Nothing leaves the machine: vetted addresses are
//! dialled at a server on the loopback interface, and the dials are counted.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use octi_security::sandbox::egress::{Egress, EgressPolicy, Lookup, PrivateTargets, Route};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Who may connect where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Entries of a manifest.
    Hosts(&'static [&'static str]),
    /// The address itself, typed in by the operator.
    Operator,
}

/// What must happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A connection is dialled.
    Dialled,
    /// Nothing is dialled, and the refusal holds these words.
    Refused(&'static str),
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub url: &'static str,
    /// What the name server says when it is first asked, and what it says afterwards.
    pub answers: (&'static [&'static str], &'static [&'static str]),
    pub allowed: Allowed,
    /// The operator's private targets.
    pub private: &'static [&'static str],
    pub verdict: Verdict,
}

const PUBLIC: &[&str] = &["93.184.216.34"];
const API: Allowed = Allowed::Hosts(&["api.example.com", "*.cdn.example.com", "alt.example.com:8443", "bücher.example"]);
const ANY: Allowed = Allowed::Hosts(&["*"]);
const INSIDE: &str = "public internet";
const CLOUD: &str = "credentials";
const LIST: &str = "not among the hosts";
const CLEAR: &str = "without encryption";
const USER: &str = "user name";

const fn row(url: &'static str, answer: &'static [&'static str], allowed: Allowed, verdict: Verdict) -> Row {
    Row { url, answers: (answer, answer), allowed, private: &[], verdict }
}

const fn dialled(url: &'static str, answer: &'static [&'static str], allowed: Allowed) -> Row {
    row(url, answer, allowed, Verdict::Dialled)
}

const fn refused(url: &'static str, answer: &'static [&'static str], allowed: Allowed, says: &'static str) -> Row {
    row(url, answer, allowed, Verdict::Refused(says))
}

/// A literal address that a manifest names: the grant is there, the address is not public.
const fn literal(url: &'static str, host: &'static [&'static str], says: &'static str) -> Row {
    row(url, &[], Allowed::Hosts(host), Verdict::Refused(says))
}

const fn opened(url: &'static str, answer: &'static [&'static str], private: &'static [&'static str], verdict: Verdict) -> Row {
    Row { url, answers: (answer, answer), allowed: Allowed::Hosts(&["wiki.corp", "wiki.corp:80", "10.1.2.3"]), private, verdict }
}

/// The table.
pub const TABLE: &[Row] = &[
    // Names on the list, and their spellings.
    dialled("https://api.example.com/", PUBLIC, API),
    dialled("https://API.Example.COM/x?y#z", PUBLIC, API),
    dialled("https://api.example.com:443/", PUBLIC, API),
    dialled("https://api.example.com./", PUBLIC, API),
    dialled("https://api%2eexample.com/", PUBLIC, API),
    dialled("https://ａｐｉ.example.com/", PUBLIC, API),
    dialled("https://a.cdn.example.com/", PUBLIC, API),
    dialled("https://a.b.cdn.example.com/", &["2606:4700::1111", "93.184.216.34"], API),
    dialled("https://alt.example.com:8443/", PUBLIC, API),
    dialled("https://xn--bcher-kva.example/", PUBLIC, API),
    dialled("https://any.example/", PUBLIC, ANY),
    dialled("http://any.example/", PUBLIC, ANY),
    // Names that only look like one on the list.
    refused("https://example.com/", PUBLIC, API, LIST),
    refused("https://evil-api.example.com/", PUBLIC, API, LIST),
    refused("https://api.example.com.evil.test/", PUBLIC, API, LIST),
    refused("https://cdn.example.com/", PUBLIC, API, LIST),
    refused("https://evilcdn.example.com/", PUBLIC, API, LIST),
    refused("https://api.example.com../", PUBLIC, API, ""),
    refused("https://api.example.com:8443/", PUBLIC, API, LIST),
    refused("https://alt.example.com/", PUBLIC, API, LIST),
    refused("https://evil.test#@api.example.com/", PUBLIC, API, LIST),
    refused("https://evil.test\\@api.example.com/", PUBLIC, API, LIST),
    refused("https://api.example.com@evil.test/", PUBLIC, API, USER),
    refused("https://user@api.example.com/", PUBLIC, API, USER),
    refused("https://:pw@api.example.com/", PUBLIC, API, USER),
    refused("https://api.example.com/", PUBLIC, Allowed::Hosts(&[]), LIST),
    refused("https://1.1.1.1/", &[], API, LIST),
    refused("https://[2606:4700::1]/", &[], API, LIST),
    // Other ways to speak.
    refused("http://api.example.com/", PUBLIC, API, LIST),
    refused("http://api.example.com:443/", PUBLIC, API, CLEAR),
    refused("ftp://api.example.com/", PUBLIC, API, "ftp"),
    refused("file:///etc/passwd", &[], ANY, "file"),
    refused("data:,x", &[], ANY, "data"),
    refused("ws://api.example.com/", PUBLIC, API, "ws"),
    // Any web site is a name with a dot on a web port, at a public address.
    refused("https://any.example:8443/", PUBLIC, ANY, LIST),
    refused("https://intranet/", PUBLIC, ANY, LIST),
    refused("http://localhost/", &["127.0.0.1"], ANY, LIST),
    refused("https://1.1.1.1/", &[], ANY, LIST),
    refused("http://127.0.0.1/", &[], ANY, LIST),
    refused("http://2130706433/", &[], ANY, LIST),
    refused("http://[::1]/", &[], ANY, LIST),
    refused("http://any.example/", &["127.0.0.1"], ANY, INSIDE),
    refused("http://169.254.169.254.nip.example/", &["169.254.169.254"], ANY, CLOUD),
    // Literal addresses in disguise.
    literal("https://127.0.0.1/", &["127.0.0.1"], INSIDE),
    literal("https://127.1/", &["127.0.0.1"], INSIDE),
    literal("https://0x7f.1/", &["127.0.0.1"], INSIDE),
    literal("https://0x7f000001/", &["127.0.0.1"], INSIDE),
    literal("https://2130706433/", &["127.0.0.1"], INSIDE),
    literal("https://017700000001/", &["127.0.0.1"], INSIDE),
    literal("https://0177.0.0.1/", &["127.0.0.1"], INSIDE),
    literal("https://127.0.0.1./", &["127.0.0.1"], INSIDE),
    literal("https://１２７.０.０.１/", &["127.0.0.1"], INSIDE),
    literal("https://127。0。0。1/", &["127.0.0.1"], INSIDE),
    literal("https://127%2e0%2e0%2e1/", &["127.0.0.1"], INSIDE),
    literal("https://%31%32%37.0.0.1/", &["127.0.0.1"], INSIDE),
    literal("https://0/", &["0.0.0.0"], INSIDE),
    literal("https://10.0.0.1/", &["10.0.0.1"], INSIDE),
    literal("https://100.64.0.1/", &["100.64.0.1"], INSIDE),
    literal("https://192.0.0.8/", &["192.0.0.8"], INSIDE),
    literal("https://198.51.100.7/", &["198.51.100.7"], INSIDE),
    literal("https://224.0.0.1/", &["224.0.0.1"], INSIDE),
    literal("https://255.255.255.255/", &["255.255.255.255"], INSIDE),
    literal("https://[::1]/", &["[::1]"], INSIDE),
    literal("https://[::]/", &["[::]"], INSIDE),
    literal("https://[fe80::1]/", &["[fe80::1]"], INSIDE),
    literal("https://[fec0::1]/", &["[fec0::1]"], INSIDE),
    literal("https://[fd12:3456::1]/", &["[fd12:3456::1]"], INSIDE),
    literal("https://[ff02::1]/", &["[ff02::1]"], INSIDE),
    literal("https://[::ffff:127.0.0.1]/", &["[::ffff:127.0.0.1]"], INSIDE),
    literal("https://[::ffff:8.8.8.8]/", &["[::ffff:8.8.8.8]"], INSIDE),
    literal("https://[::127.0.0.1]/", &["[::127.0.0.1]"], INSIDE),
    literal("https://[64:ff9b::a00:1]/", &["[64:ff9b::a00:1]"], INSIDE),
    literal("https://[64:ff9b:1::a00:1]/", &["[64:ff9b:1::a00:1]"], INSIDE),
    literal("https://[2002:7f00:1::]/", &["[2002:7f00:1::]"], INSIDE),
    literal("https://[2001:0:7f00:1::1]/", &["[2001:0:7f00:1::1]"], INSIDE),
    literal("https://[2001:db8::1]/", &["[2001:db8::1]"], INSIDE),
    literal("https://169.254.169.254/", &["169.254.169.254"], CLOUD),
    literal("https://0xa9fea9fe/", &["169.254.169.254"], CLOUD),
    literal("https://100.100.100.200/", &["100.100.100.200"], CLOUD),
    literal("https://192.0.0.192/", &["192.0.0.192"], CLOUD),
    literal("https://[fd00:ec2::254]/", &["[fd00:ec2::254]"], CLOUD),
    literal("https://[::ffff:169.254.169.254]/", &["[::ffff:169.254.169.254]"], CLOUD),
    literal("https://[64:ff9b::a9fe:a9fe]/", &["[64:ff9b::a9fe:a9fe]"], CLOUD),
    // Names that lead inside.
    refused("https://api.example.com/", &["127.0.0.1"], API, INSIDE),
    refused("https://api.example.com/", &["10.0.0.1"], API, INSIDE),
    refused("https://api.example.com/", &["192.168.0.1"], API, INSIDE),
    refused("https://api.example.com/", &["172.16.9.9"], API, INSIDE),
    refused("https://api.example.com/", &["100.64.0.7"], API, INSIDE),
    refused("https://api.example.com/", &["0.0.0.0"], API, INSIDE),
    refused("https://api.example.com/", &["::1"], API, INSIDE),
    refused("https://api.example.com/", &["fd00::1"], API, INSIDE),
    refused("https://api.example.com/", &["fe80::1"], API, INSIDE),
    refused("https://api.example.com/", &["::ffff:192.168.0.1"], API, INSIDE),
    refused("https://api.example.com/", &["64:ff9b::a00:1"], API, INSIDE),
    refused("https://api.example.com/", &["64:ff9b:1::1"], API, INSIDE),
    refused("https://api.example.com/", &["2002:a00:1::1"], API, INSIDE),
    refused("https://api.example.com/", &["2001:0:4136:e378:8000:63bf:3fff:fdd2"], API, INSIDE),
    refused("https://api.example.com/", &["93.184.216.34", "127.0.0.1"], API, INSIDE),
    refused("https://api.example.com/", &["93.184.216.34", "169.254.169.254"], API, CLOUD),
    refused("https://api.example.com/", &["2002:a9fe:a9fe::1"], API, CLOUD),
    refused("https://api.example.com/", &[], API, "no address"),
    // A name server that changes its mind.
    Row { answers: (PUBLIC, &["127.0.0.1"]), ..dialled("https://api.example.com/", PUBLIC, API) },
    Row { answers: (&["127.0.0.1"], PUBLIC), ..refused("https://api.example.com/", PUBLIC, API, INSIDE) },
    // Where clouds keep credentials, whoever names it.
    refused("http://metadata.google.internal/", &["169.254.169.254"], Allowed::Operator, CLOUD),
    refused("http://METADATA.google.internal./", PUBLIC, Allowed::Operator, CLOUD),
    refused("http://169.254.169.254/latest/", &[], Allowed::Operator, CLOUD),
    refused("http://[fd00:ec2::254]/", &[], Allowed::Operator, CLOUD),
    refused("http://models.corp/", &["100.100.100.200"], Allowed::Operator, CLOUD),
    // What the operator typed in may be private, and in the clear.
    dialled("http://models.corp/v1/", &["10.0.0.9"], Allowed::Operator),
    dialled("http://models.corp:11434/v1/", &["127.0.0.1"], Allowed::Operator),
    dialled("https://models.corp/v1/", PUBLIC, Allowed::Operator),
    // Private targets that the operator opened for a grant.
    opened("https://wiki.corp/", &["10.1.2.3"], &[], Verdict::Refused(INSIDE)),
    opened("https://wiki.corp/", &["10.1.2.3"], &["wiki.corp:443"], Verdict::Dialled),
    opened("https://wiki.corp/", &["10.1.2.3"], &["wiki.corp:8443"], Verdict::Refused(INSIDE)),
    opened("https://wiki.corp/", &["10.1.2.3"], &["10.1.0.0/16:443"], Verdict::Dialled),
    opened("https://wiki.corp/", &["10.2.2.3"], &["10.1.0.0/16:443"], Verdict::Refused(INSIDE)),
    opened("https://wiki.corp/", &["10.1.2.3", "10.2.2.3"], &["10.1.0.0/16:443"], Verdict::Refused(INSIDE)),
    opened("https://wiki.corp/", &["fd00::9"], &["[fd00::/8]:443"], Verdict::Dialled),
    opened("https://wiki.corp/", &["169.254.169.254"], &["wiki.corp:443", "0.0.0.0/0:443"], Verdict::Refused(CLOUD)),
    opened("http://wiki.corp/", &["10.1.2.3"], &["wiki.corp:80"], Verdict::Dialled),
    opened("http://wiki.corp/", &["10.1.2.3"], &["10.1.0.0/16:80"], Verdict::Dialled),
    opened("http://wiki.corp/", PUBLIC, &["10.1.0.0/16:80"], Verdict::Refused(CLEAR)),
    opened("https://10.1.2.3/", &[], &["10.1.2.4:443"], Verdict::Refused(INSIDE)),
    Row { private: &["any.example:80", "10.0.0.0/8:80"], ..refused("http://any.example/", &["10.0.0.1"], ANY, INSIDE) },
];

/// Tries to connect.
#[async_trait]
pub trait Caller {
    /// Tries the row's address through this door. An error is the refusal's text; any other end, such as a broken TLS handshake with a
    /// server that does not speak it, is `Ok`. `dials` tells a caller whose errors do not say it whether there was a connection.
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String>;

    /// Whether this door can be asked for the row's address at all.
    fn can_ask(&self, row: &Row) -> bool {
        let _ = row;
        true
    }

    /// Whether a refusal's text gives the expected reason. A caller that must not say it, or says it in other words, decides for itself.
    fn says(&self, row: &Row, text: &str, reason: &str) -> bool {
        let _ = row;
        text.contains(reason)
    }
}

/// Runs the table against a caller.
///
/// # Panics
/// When a verdict is another than expected; names every such row.
pub async fn run(caller: &dyn Caller) {
    let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_owned()).await;
    let mut wrong = Vec::new();
    for (index, row) in TABLE.iter().enumerate().filter(|(_, row)| caller.can_ask(row)) {
        let names = Arc::new(Names::of(&[(name_of(row.url), &[row.answers.0, row.answers.1])]));
        let dials = Arc::new(Dials::to(server.address()));
        let private = PrivateTargets::parse(row.private.iter().copied()).unwrap_or_else(|error| panic!("{row:?}: {error}"));
        let egress = Egress::new(EgressPolicy {
            connect_timeout: Duration::from_secs(5),
            lookup: names,
            route: dials.clone(),
            private,
            ..EgressPolicy::default()
        });
        let outcome = caller.try_to(row, egress, &dials).await;
        let seen = dials.seen();
        let first: Vec<IpAddr> = row.answers.0.iter().map(|text| text.parse().unwrap_or_else(|_| panic!("{text}"))).collect();
        let right = match (row.verdict, &outcome) {
            (Verdict::Dialled, Ok(())) => !seen.is_empty() && seen.iter().all(|address| first.contains(&address.ip())),
            (Verdict::Refused(reason), Err(text)) => seen.is_empty() && caller.says(row, text, reason),
            _ => false,
        };
        if !right {
            wrong.push(format!(
                "row {index} {} {:?}: {outcome:?}, dialled {seen:?}, expected {:?}",
                row.url, row.answers, row.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

/// The name in an address, as a name server is asked for it.
fn name_of(url: &str) -> &'static str {
    for name in ["api.example.com", "wiki.corp", "models.corp"] {
        if url.to_ascii_lowercase().contains(name) && !url.contains(".evil.") && !url.contains("-api") {
            return name;
        }
    }
    "*"
}

/// A name server under the control of an attacker: each question about a name gets the next answer, and the last one for ever.
#[derive(Debug, Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

impl Names {
    /// Answers for some names; `*` is every other name.
    ///
    /// # Panics
    /// When something is not an address.
    #[must_use]
    pub fn of(table: &[(&str, &[&[&str]])]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap_or_else(|_| panic!("{text}"))).collect();
        let answers = table.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().rev().map(parse).collect()));
        Self { answers: Mutex::new(answers.collect()) }
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if answers.contains_key(name) { name } else { "*" };
        let known = answers.get_mut(key).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))?;
        let last = if known.len() > 1 { known.pop() } else { known.first().cloned() };
        Ok(last.unwrap_or_default())
    }
}

/// Dials one server whatever the address, and remembers what was asked for.
#[derive(Debug)]
pub struct Dials {
    server: SocketAddr,
    seen: Mutex<Vec<SocketAddr>>,
}

impl Dials {
    /// Every connection goes to that server.
    #[must_use]
    pub const fn to(server: SocketAddr) -> Self {
        Self { server, seen: Mutex::new(Vec::new()) }
    }

    /// The vetted addresses that were to be dialled.
    #[must_use]
    pub fn seen(&self) -> Vec<SocketAddr> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Route for Dials {
    fn route(&self, vetted: SocketAddr) -> SocketAddr {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(vetted);
        self.server
    }
}

/// A server on the loopback interface that answers every request with the same bytes, and keeps what it was sent.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts one.
    pub async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::answering(move |_| answer.clone()).await
    }

    /// Starts one whose answer depends on the request, head and what came with it.
    ///
    /// # Panics
    /// When there is no loopback interface.
    pub async fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no loopback: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                open.spawn(async move {
                    let mut request = Vec::new();
                    while socket.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
                        let text = String::from_utf8_lossy(&request).into_owned();
                        // The beginning of a TLS handshake is answered like a request, so that the client gives up.
                        if !is_whole(&text) && request.first() != Some(&0x16) {
                            continue;
                        }
                        request.clear();
                        let bytes = answer(&text);
                        let close = String::from_utf8_lossy(&bytes).contains("connection: close");
                        seen.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                        if socket.write_all(&bytes).await.is_err() || close {
                            break;
                        }
                    }
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self { address, requests, _tasks: tasks }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was sent so far, a text for each request.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether a request has arrived, its body included.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}
