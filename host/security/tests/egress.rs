//! The door to the network: the table of addresses, redirects, limits and reused connections, against servers on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test says why it cannot go on")]

#[path = "egress/connections.rs"]
mod connections;
#[path = "egress/limits.rs"]
mod limits;
#[path = "egress/redirects.rs"]
mod redirects;
#[path = "egress/tls.rs"]
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use octi_security::sandbox::egress::{
    Caps, Egress, EgressError, EgressPolicy, HostAllow, PrivateTargets, Request, Response, Route as _,
};
use octi_testkit::egress::{Allowed, Caller, Dials, Names, Row, Server, TABLE};
use url::Url;

fn allowed(row: &Row, url: &Url) -> Result<HostAllow, String> {
    let allow = match row.allowed {
        Allowed::Hosts(hosts) => HostAllow::parse(hosts.iter().copied()),
        Allowed::Operator => HostAllow::operator(url),
    };
    allow.map_err(|error| error.to_string())
}

/// The raw door.
struct Door;

#[async_trait]
impl Caller for Door {
    async fn try_to(&self, row: &Row, egress: Egress, _: &Dials) -> Result<(), String> {
        let url = url(row.url);
        match egress.fetch(&allowed(row, &url)?, Request::new(Method::GET, url)).await {
            // The server does not speak TLS: the connection was made.
            Ok(_) | Err(EgressError::Failed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_the_raw_door() {
    assert!(TABLE.len() >= 60, "{} rows", TABLE.len());
    octi_testkit::egress::run(&Door).await;
}

/// The decision without a connection: what it would dial counts as dialled.
struct Decision;

#[async_trait]
impl Caller for Decision {
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String> {
        let url = url(row.url);
        let addresses = egress.decide(&url, "GET", &allowed(row, &url)?).await.map_err(|error| error.to_string())?;
        for address in addresses {
            dials.route(SocketAddr::new(address, url.port_or_known_default().unwrap_or_default()));
        }
        Ok(())
    }
}

#[tokio::test]
async fn the_table_holds_for_the_decision_alone() {
    octi_testkit::egress::run(&Decision).await;
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A door that finds every name at 10.0.0.9, opened by the operator for port 80, and dials the server there.
fn door(server: &Server, caps: Caps) -> (Egress, Arc<Dials>) {
    let dials = Arc::new(Dials::to(server.address()));
    let egress = Egress::new(EgressPolicy {
        connect_timeout: Duration::from_secs(5),
        lookup: Arc::new(Names::of(&[("*", &[&["10.0.0.9"]])])),
        route: dials.clone(),
        private: PrivateTargets::parse(["10.0.0.0/8:80"]).unwrap(),
        caps,
        ..EgressPolicy::default()
    });
    (egress, dials)
}

fn allow(hosts: &[&str]) -> HostAllow {
    HostAllow::parse(hosts.iter().copied()).unwrap()
}

/// One request to `http://a.corp/`.
async fn get(server: &Server, caps: Caps) -> Result<Response, EgressError> {
    door(server, caps).0.fetch(&allow(&["a.corp:80"]), Request::new(Method::GET, url("http://a.corp/"))).await
}

async fn read_all(response: &mut Response) -> Result<Vec<u8>, EgressError> {
    let mut all = Vec::new();
    loop {
        let chunk = response.body.read(usize::MAX).await?;
        if chunk.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&chunk);
    }
}
