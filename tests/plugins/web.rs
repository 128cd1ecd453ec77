//! The web of a case: pages by address, behind the real egress door. Names ending in `.test` are at a public address; what is dialled is
//! a server on the loopback interface.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use octi_security::sandbox::egress::{Egress, EgressPolicy, Endpoints};
use octi_testkit::egress::{Dials, Names, Server};
use serde::Deserialize;
use url::Url;

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
}

/// Pages by address.
pub(crate) type Pages = BTreeMap<String, WebPage>;

/// The web that plugins reach.
pub(crate) struct Web {
    pages: Arc<Mutex<Pages>>,
    server: Server,
}

impl Web {
    pub(crate) async fn start() -> Self {
        let pages = Arc::new(Mutex::new(Pages::new()));
        let known = Arc::clone(&pages);
        let server = Server::answering(move |request| answer(&known.lock().expect("no panic while it is held"), request)).await;
        Self { pages, server }
    }

    /// What is on the web from now on.
    pub(crate) fn show(&self, pages: &Pages) {
        self.pages.lock().expect("no panic while it is held").clone_from(pages);
    }

    /// The door, with names that lead to this web and some that lead inside.
    pub(crate) fn egress(&self) -> Egress {
        let names = Names::of(&[
            ("*", &[&["93.184.216.34"]]),
            ("inside.test", &[&["10.0.0.1"]]),
            ("loopback.test", &[&["127.0.0.1"]]),
            ("cloud.test", &[&["169.254.169.254"]]),
        ]);
        let route = Arc::new(Dials::to(self.server.address()));
        Egress::new(EgressPolicy { lookup: Arc::new(names), route, ..EgressPolicy::default() })
    }

    /// A search server at `http://searxng.test/`.
    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", Url::parse("http://searxng.test/").ok())
    }
}

/// The page at the address of a request, with its query if there is one with it, otherwise without.
fn answer(pages: &Pages, request: &str) -> Vec<u8> {
    let path = request.split(' ').nth(1).unwrap_or("/");
    let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let whole = format!("http://{host}{path}");
    let bare = whole.split('?').next().unwrap_or(&whole);
    let missing = WebPage { status: Some(404), ..WebPage::default() };
    let page = pages.get(&whole).or_else(|| pages.get(bare)).unwrap_or(&missing);
    let body = page.body.repeat(page.times.unwrap_or(1));
    let headers: String = page.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let status = page.status.unwrap_or(200);
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}
