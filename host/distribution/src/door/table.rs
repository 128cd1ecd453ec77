//! The table of addresses, for what the OCI client asks for: its registry as the operator wrote it, and what that leads to.

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_testkit::egress::{Allowed, Caller, Dials, Row, TABLE, run};

use super::*;
use crate::Location;

/// The OCI client, as the door sees it.
struct Client;

/// Where rows are asked for that a registry leads to: this registry itself is never asked.
const ELSEWHERE: &str = "oci://registry.corp/plugins";

#[async_trait]
impl Caller for Client {
    async fn try_to(&self, row: &Row, egress: Egress, _: &Dials) -> Result<(), String> {
        let url = Url::parse(row.url).map_err(|error| error.to_string())?;
        let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let is_registry = row.allowed == Allowed::Operator;
        let location = if is_registry { format!("oci://{authority}/plugins") } else { ELSEWHERE.to_owned() };
        let Ok(Location::Oci(location)) = location.parse() else { return Err(format!("`{location}` is no place")) };
        let mut access = Access::new(egress, Ambient::system());
        access.plain_http = url.scheme() == "http";
        let door = Door::open(&location, &access).map_err(|error| error.to_string())?;
        let uri = format!("http://{authority}/v2/").parse().map_err(|_| "this is no address".to_owned())?;
        let target = door.inside.target(&uri).map_err(|trouble| trouble.to_string())?;
        match door.inside.once(egress::Request::new(Method::GET, target)).await {
            // The connection was made; the server does not speak TLS.
            Ok(_) | Err(Trouble::Egress(EgressError::Failed(_))) => Ok(()),
            Err(trouble) => Err(trouble.to_string()),
        }
    }

    /// The client asks for what has a host, and a registry may lead to every public one.
    fn can_ask(&self, row: &Row) -> bool {
        let is_rule = matches!(row.allowed, Allowed::Operator | Allowed::Hosts(["*"]));
        is_rule && Url::parse(row.url).is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_the_oci_client() {
    let asked = TABLE.iter().filter(|row| Client.can_ask(row)).count();
    assert!(asked >= 20, "{asked} rows");
    run(&Client).await;
}
