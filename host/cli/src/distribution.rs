//! Opening a registry from a command: who dials, who one is there, what is remembered of it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use octi_config::env::Environment;
use octi_config::{Config, env};
use octi_distribution::{Access, Credentials, DistributionError, Ledger, LedgerError, Location, OciLocation, Place, Progress};
use octi_domain::ambient::Ambient;
use octi_registry::source::SourceError;
use octi_registry::{RegistryError, SecretKey};

use crate::command::Context;
use crate::compose;
use crate::failure::{Failure, Outcome};
use crate::output::{Printer, human_bytes};

/// With what a command opens this registry.
pub(crate) fn access(context: &Context, location: &Location) -> Outcome<Access> {
    access_of(&context.config, &context.environment, location)
}

/// With what this registry is opened.
pub(crate) fn access_of(config: &Config, environment: &Environment, location: &Location) -> Outcome<Access> {
    let mut access = Access::new(compose::open_egress(config)?, Ambient::system());
    if let Location::Oci(oci) = location {
        access.credentials = credentials(environment, oci)?;
        let plain = environment.get(env::OCTI_REGISTRY_PLAIN).unwrap_or_default();
        access.plain_http = plain.split(',').any(|registry| registry.trim() == oci.authority());
    }
    Ok(access)
}

/// Those of the environment are for the one registry that it names: another one that asks is not told them.
fn credentials(environment: &Environment, location: &OciLocation) -> Outcome<Option<Credentials>> {
    let given = [env::OCTI_REGISTRY_HOST, env::OCTI_REGISTRY_USER, env::OCTI_REGISTRY_PASSWORD].map(|name| environment.get(name));
    match given {
        [Some(host), Some(user), Some(password)] if host == location.authority() => {
            return Ok(Some(Credentials { user: user.to_owned(), password: password.into() }));
        }
        [Some(_), Some(_), Some(_)] | [None, None, None] => {}
        _ => {
            return Err(Failure::user(
                "of `OCTI_REGISTRY_HOST`, `OCTI_REGISTRY_USER` and `OCTI_REGISTRY_PASSWORD`, one is not set",
            )
            .hint("set all three, or none, and sign in with `docker login`"));
        }
    }
    let folder = environment.get(env::DOCKER_CONFIG).map(PathBuf::from);
    let Some(folder) = folder.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(".docker"))) else {
        return Ok(None);
    };
    Credentials::from_login(&folder.join("config.json"), location)
        .map_err(|error| Failure::user(error.to_string()).because(&error))
}

/// The folder of what is remembered of a registry.
pub(crate) fn memory(context: &Context, location: &Location) -> PathBuf {
    context.config.home.join("registries").join(location.slug())
}

/// The registry as its owner keeps it.
pub(crate) fn ledger(context: &Context, location: &Location, key: SecretKey, is_new: bool) -> Outcome<Ledger> {
    let open = if is_new { Place::create } else { Place::open };
    let place = open(location, &access(context, location)?)?;
    Ok(Ledger::new(place, key, &memory(context, location), Ambient::system()))
}

/// Shows a person on a terminal how far it is.
pub(crate) fn progress(printer: Printer) -> Option<Progress> {
    if printer.is_json() || !std::io::stderr().is_terminal() {
        return None;
    }
    Some(Arc::new(move |done, total| {
        let end = if done >= total { "\n" } else { "" };
        printer.err(&format!("\rpushed {} of {}   {end}", human_bytes(done), human_bytes(total)));
    }))
}

impl From<DistributionError> for Failure {
    fn from(error: DistributionError) -> Self {
        let failure = match &error {
            DistributionError::Source(SourceError::Unavailable { .. }) | DistributionError::NotTaken { .. } => {
                Self::external(error.to_string())
            }
            DistributionError::Stopped => Self::us(error.to_string()),
            _ => Self::user(error.to_string()),
        };
        failure.because(&error)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Distribution(error) => error.into(),
            LedgerError::Source(error) => DistributionError::from(error).into(),
            LedgerError::Registry(error) => error.into(),
            LedgerError::Stopped => Self::us(error.to_string()),
            error => Self::user(error.to_string()).because(&error),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Source(error) => DistributionError::from(error).into(),
            RegistryError::Stopped => Self::us(error.to_string()),
            error => Self::user(error.to_string()).because(&error),
        }
    }
}
