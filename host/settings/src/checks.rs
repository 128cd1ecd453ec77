//! Whether a value may be set, with what only higher crates can tell.

use octi_config::settings::{Definition, Problem, key};
use octi_security::sandbox::egress::PrivateTargets;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Checks a value that is to be stored, or that was.
pub(crate) fn check(definition: &Definition, value: &Value) -> Result<(), Problem> {
    octi_config::settings::check(definition, value)?;
    match (definition.key, value) {
        (key::LOG_FILTER, Value::String(text)) => EnvFilter::builder()
            .parse(text)
            .map(drop)
            .map_err(|error| Problem::whole(format!("it is not a log filter such as `info,octi_agents=debug`: {error}"))),
        (key::PRIVATE_TARGETS, Value::Array(items)) => {
            for (at, item) in items.iter().filter_map(Value::as_str).enumerate() {
                PrivateTargets::parse([item]).map_err(|error| Problem::at(format!("[{at}]"), error.to_string()))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
