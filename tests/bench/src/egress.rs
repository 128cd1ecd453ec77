//! What the egress door costs before anything is looked up or dialled.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_trait::async_trait;
use octi_extension::capability::{Capabilities, HttpRequest};
use octi_extension::grant::Grant;
use octi_security::sandbox::egress::{Egress, EgressPolicy, HostAllow, Lookup};
use octi_tests::report::{Goal, Group, Row, Times};
use url::Url;

use crate::{Effort, timed};

const CHECKS: usize = 50_000;
const URL: &str = "https://api.example.com/v1/items?page=2";
/// Four of them: as many as the first-party plugin with the most.
const HOSTS: [&str; 4] = ["example.org", "*.cdn.example.com", "alt.example.com:8443", "api.example.com"];
const NOTE: &str = "From the text of an address to the addresses that may be dialled; nothing is dialled, and the name server is a \
    table in memory. `whole check` is what a guest's request passes: parse the address, find the plugin's grant, \
    then the door. The grant has four hosts and the last one fits; the name has two addresses.";

/// Measures the checks of an address that is allowed, and of one that is not.
pub(crate) async fn measure(effort: Effort) -> anyhow::Result<Group> {
    let requests = HOSTS.map(|host| HttpRequest {
        host: Some(host.to_owned()),
        methods: vec!["GET".to_owned()],
        reason: "to measure".to_owned(),
        ..HttpRequest::default()
    });
    let grant = Grant::new("test/bench".to_owned(), Capabilities { http: requests.to_vec(), ..Capabilities::default() });
    let public = door([Ipv4Addr::new(93, 184, 216, 34), Ipv4Addr::new(93, 184, 216, 35)]);
    let inside = door([Ipv4Addr::new(93, 184, 216, 34), Ipv4Addr::new(10, 0, 0, 1)]);
    let (parsed, allow) = (Url::parse(URL)?, HostAllow::granted(&requests)?);
    let (mut whole, mut alone, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let checks = effort.samples(CHECKS);
    // The first round warms everything up and is forgotten.
    for round in 0..=1 {
        timed(&mut whole, checks, async || whole_check(&public, &grant, &allow).await).await?;
        timed(&mut alone, checks, async || {
            let found = public.decide(&parsed, "GET", &allow).await?;
            anyhow::ensure!(found.len() == 2, "two addresses were to be found, not {found:?}");
            Ok(())
        })
        .await?;
        timed(&mut refused, checks, async || {
            let found = inside.decide(&parsed, "GET", &allow).await;
            anyhow::ensure!(found.is_err(), "a private address was allowed: {found:?}");
            Ok(())
        })
        .await?;
        if round == 0 {
            [&mut whole, &mut alone, &mut refused].into_iter().for_each(Vec::clear);
        }
    }
    let none = || anyhow::anyhow!("nothing was sampled");
    let (whole, alone) = (Times::of(whole).ok_or_else(none)?, Times::of(alone).ok_or_else(none)?);
    let refused = Times::of(refused).ok_or_else(none)?;
    let rows = vec![
        Row::times("egress.whole", "allowed, whole check", whole).goal(Goal::at_most("p50", 5.0, whole.p50_us, "µs")),
        Row::times("egress.door", "allowed, the door alone", alone),
        Row::times("egress.refused", "refused, the door alone", refused),
    ];
    Ok(Group { id: "egress", title: "Egress check without DNS".to_owned(), note: NOTE.to_owned(), rows })
}

/// As `octi:http` does it.
async fn whole_check(door: &Egress, grant: &Grant, allow: &HostAllow) -> anyhow::Result<()> {
    let url = Url::parse(URL)?;
    let host = url.host_str().unwrap_or_default();
    grant.http(host, true, url.port_or_known_default().unwrap_or_default(), "GET").map_err(anyhow::Error::msg)?;
    let found = door.decide(&url, "GET", allow).await?;
    anyhow::ensure!(found.len() == 2, "two addresses were to be found, not {found:?}");
    Ok(())
}

fn door(found: [Ipv4Addr; 2]) -> Egress {
    Egress::new(EgressPolicy { lookup: Arc::new(Always(found.map(IpAddr::V4))), ..EgressPolicy::default() })
}

/// A name server that has looked it up already.
struct Always([IpAddr; 2]);

#[async_trait]
impl Lookup for Always {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.to_vec())
    }
}
