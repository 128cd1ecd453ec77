//! The door under attack: addresses in disguise, names that lie, redirects.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A name server under the control of an attacker: each question gets the next answer.
#[derive(Default)]
struct Table {
    answers: Mutex<HashMap<&'static str, Vec<Vec<&'static str>>>>,
}

impl Table {
    fn with(name: &'static str, answers: &[&[&'static str]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        Arc::new(Self { answers: Mutex::new(HashMap::from([(name, answers)])) })
    }
}

#[async_trait]
impl Lookup for Table {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.answers.lock().unwrap();
        let known = answers.get_mut(name).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))?;
        let answer = if known.len() > 1 { known.pop().unwrap() } else { known[0].clone() };
        Ok(answer.iter().map(|text| text.parse().unwrap()).collect())
    }
}

fn egress(lookup: Arc<dyn Lookup>) -> Egress {
    // A second installation in the same process is refused, and means the first is there.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Egress::new(EgressPolicy { lookup, connect_timeout: Duration::from_secs(2) })
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn get(text: &str) -> reqwest::Request {
    reqwest::Request::new(reqwest::Method::GET, url(text))
}

#[test]
fn literal_addresses_in_every_disguise_are_refused() {
    let egress = Egress::default();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.9.9",
        "169.254.169.254",
        "169.254.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "①②⑦.⓪.⓪.①",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
    ] {
        let url = url(&format!("https://{host}/"));
        // Even when somebody's list holds that very address: only the operator may name a private one.
        let allow = HostAllow::parse([url.host_str().unwrap()]).unwrap();
        let error = egress.vet_url(&url, &allow).unwrap_err();
        assert!(matches!(error, EgressError::Refused(_)), "{host}: {error}");
    }
    let url = url("https://1.1.1.1/");
    assert_eq!(egress.vet_url(&url, &HostAllow::parse(["1.1.1.1"]).unwrap()), Ok(()));
}

#[test]
fn only_listed_hosts_and_ports_pass() {
    let egress = Egress::default();
    let allow = HostAllow::parse(["api.example.com", "*.cdn.example.com", "alt.example.com:8443", "bücher.example"]).unwrap();
    for text in [
        "https://api.example.com/x?y",
        "https://API.EXAMPLE.COM/",
        "https://api.example.com./",
        "https://api.example.com:443/",
        "https://a.cdn.example.com/",
        "https://a.b.cdn.example.com/",
        "https://alt.example.com:8443/",
        "https://xn--bcher-kva.example/",
    ] {
        assert_eq!(egress.vet_url(&url(text), &allow), Ok(()), "{text}");
    }
    for text in [
        "https://example.com/",
        "https://evil-api.example.com/",
        "https://api.example.com.evil.test/",
        "https://api.example.com:8443/",
        "https://cdn.example.com/",
        "https://evilcdn.example.com/",
        "https://alt.example.com/",
        "https://1.1.1.1/",
        "https://[2606:4700::1]/",
        "http://api.example.com/",
        "http://api.example.com:443/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "data:,x",
        "https://user@api.example.com/",
        "https://user:pw@api.example.com/",
        "https://api.example.com@evil.test/",
        "https://evil.test#@api.example.com/",
        "https://evil.test\\@api.example.com/",
    ] {
        assert!(egress.vet_url(&url(text), &allow).is_err(), "{text}");
    }
    assert!(egress.vet_url(&url("https://api.example.com/"), &HostAllow::none()).unwrap_err().to_string().contains("no host"));
}

#[test]
fn host_lists_that_would_allow_too_much_are_refused() {
    for entry in [
        "*",
        "*.com",
        "*.",
        "",
        "a*.example.com",
        "https://x.test",
        "x.test/path",
        "u@x.test",
        "*.1.2.3.4",
        "x y",
        "x.test:99999",
    ] {
        let error = HostAllow::parse([entry]).unwrap_err();
        assert!(error.to_string().contains(&format!("`{entry}`")), "{entry}: {error}");
    }
}

#[test]
fn the_operator_may_name_a_private_host_but_never_a_metadata_service() {
    let egress = Egress::default();
    let ollama = url("http://127.0.0.1:11434/v1/");
    let allow = HostAllow::operator(&ollama).unwrap();
    assert_eq!(egress.vet_url(&ollama, &allow), Ok(()));
    assert!(egress.vet_url(&url("http://127.0.0.1:22/"), &allow).is_err());
    assert!(egress.vet_url(&url("http://127.0.0.2:11434/"), &allow).is_err());
    for text in [
        "http://169.254.169.254/latest/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/",
        "http://METADATA.google.internal./",
    ] {
        let named = url(text);
        let error = egress.vet_url(&named, &HostAllow::operator(&named).unwrap()).unwrap_err();
        assert!(error.to_string().contains("credentials"), "{text}: {error}");
    }
}

#[tokio::test]
async fn names_that_lead_inside_are_refused() {
    let allow = HostAllow::parse(["evil.test"]).unwrap();
    for answer in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["::1"],
        &["::ffff:192.168.0.1"],
        &["169.254.169.254"],
        &["100.64.0.7"],
        &["64:ff9b::a00:1"],
        &["1.1.1.1", "127.0.0.1"],
        &[],
    ] {
        let table = Table::with("evil.test", &[answer]);
        let error = egress(table).send(&allow, get("https://evil.test/")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("public internet") || text.contains("credentials") || text.contains("no address"),
            "{answer:?}: {text}"
        );
    }
}

#[tokio::test]
async fn a_client_looks_up_no_other_names() {
    let table = Table::with("other.test", &[&["1.1.1.1"]]);
    let client = egress(table).client(&HostAllow::parse(["good.test"]).unwrap()).unwrap();
    let error = client.execute(get("https://other.test/")).await.unwrap_err();
    assert!(sources(&error).contains("not among the hosts"), "{}", sources(&error));
}

/// Answers every connection with the same bytes; returns its port and how many came.
async fn server(answer: String) -> (u16, Arc<Mutex<usize>>, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&count);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            *seen.lock().unwrap() += 1;
            let mut request = [0; 4_096];
            let _read = socket.read(&mut request).await;
            let _sent = socket.write_all(answer.as_bytes()).await;
        }
    });
    (port, count, tasks)
}

#[tokio::test]
async fn a_host_that_the_operator_named_is_reached_and_its_redirects_are_not_followed() {
    let (target, visits, _target_task) =
        server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()).await;
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let (port, first, _first_task) = server(answer).await;
    let endpoint = format!("http://models.test:{port}/v1");
    let allow = HostAllow::operator(&url(&endpoint)).unwrap();
    let response = egress(Table::with("models.test", &[&["127.0.0.1"]])).send(&allow, get(&endpoint)).await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!((*first.lock().unwrap(), *visits.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let (port, visits, _task) = server(String::new()).await;
    // First public, so that a check before the connection passes; then inside, where the connection would go.
    let table = Table::with("rebind.test", &[&["1.1.1.1"], &["127.0.0.1"]]);
    let allow = HostAllow::parse([format!("rebind.test:{port}").as_str()]).unwrap();
    assert!(resolver::vetted(table.as_ref(), &allow, "rebind.test").await.is_ok());
    let error = egress(table).send(&allow, get(&format!("https://rebind.test:{port}/"))).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1, which is not on the public internet"), "{error}");
    assert_eq!(*visits.lock().unwrap(), 0);
}
