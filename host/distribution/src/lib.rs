//! Where plugins come from and go to: a folder, or any OCI registry.
//!
//! What the bytes are worth is for `octi-registry` to say. This crate brings them, within bounds, and every connection it needs is
//! made by the egress door: the OCI client speaks to a listener of this process alone ([`door`]).

mod credentials;
mod door;
mod error;
mod ledger;
mod location;
mod place;
mod remote;
mod search;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits::REGISTRY_SILENCE_SECONDS_MAX;
use octi_registry::Source;
use octi_security::sandbox::egress::Egress;

pub use credentials::{Credentials, CredentialsError};
pub use error::DistributionError;
pub use ledger::{Added, Books, Ledger, LedgerError};
pub use location::{Location, LocationError, OciLocation};
pub use place::{Place, Progress, Published};
pub use search::{Hit, search};

/// With what a registry is opened.
#[derive(Clone)]
pub struct Access {
    /// Who makes the connections.
    pub egress: Egress,
    pub ambient: Ambient,
    /// Who one is there; nobody unless told otherwise.
    pub credentials: Option<Credentials>,
    /// The operator said that this registry is spoken to without encryption. On this machine it always is.
    pub plain_http: bool,
    /// How long the registry may be silent.
    pub patience: Duration,
}

impl Access {
    /// Nobody, with encryption.
    #[must_use]
    pub const fn new(egress: Egress, ambient: Ambient) -> Self {
        let patience = Duration::from_secs(REGISTRY_SILENCE_SECONDS_MAX);
        Self { egress, ambient, credentials: None, plain_http: false, patience }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("credentials", &self.credentials)
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}

/// Opens a registry to read from. An OCI registry is not asked anything yet. It waits for the disk, and has to be called in a runtime.
///
/// # Errors
/// [`DistributionError`] when the folder is none of plugins, or this host cannot make connections.
pub fn open(location: &Location, access: &Access) -> Result<Arc<dyn Source>, DistributionError> {
    Ok(Place::open(location, access)?.source())
}
