//! The table of addresses, for servers that are reached over HTTP: an entry grants the host that it names, and no private one that the
//! operator did not open.

use async_trait::async_trait;
use octi_security::sandbox::egress::Egress;
use octi_testkit::egress::{Allowed, Caller, Dials, Row, TABLE, run};
use serde_json::json;
use url::Url;

use crate::host::{Host, People, SECRET, Vault};

/// A server of that kind at the row's address.
struct Remote(&'static str);

#[async_trait]
impl Caller for Remote {
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String> {
        let host = Host::through(egress, Vault::of(SECRET), People::nobody());
        let config = json!({"type": self.0, "timeoutMs": 5_000, "url": row.url});
        host.declare("one", config, Vec::new()).map_err(|error| error.to_string())?;
        let outcome = host.call("one", "echo", json!({})).await.map(drop).map_err(|error| error.to_string());
        // What answers there is no such server.
        if dials.seen().is_empty() { outcome } else { Ok(()) }
    }

    /// Rows whose grant is the host of the address itself: an entry can say nothing else.
    fn can_ask(&self, row: &Row) -> bool {
        let place = |url: &Url| (url.host_str().map(|host| host.trim_end_matches('.').to_owned()), url.port_or_known_default());
        let (Allowed::Hosts(hosts), Ok(url)) = (row.allowed, Url::parse(row.url)) else { return false };
        hosts.iter().filter_map(|host| Url::parse(&format!("https://{host}/")).ok()).any(|named| place(&named) == place(&url))
    }

    /// A user in an address is refused when it is configured.
    fn says(&self, _: &Row, text: &str, reason: &str) -> bool {
        text.contains(reason) || text.contains("without a user")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_servers_over_streamable_http() {
    let asked = TABLE.iter().filter(|row| Remote("http").can_ask(row)).count();
    assert!(asked >= 60, "{asked} rows");
    run(&Remote("http")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_servers_over_server_sent_events() {
    run(&Remote("sse")).await;
}
