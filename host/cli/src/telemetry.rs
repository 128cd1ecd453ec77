//! Logs: one line an event, on standard error, as text or JSON.

use std::io::IsTerminal;

use octi_config::Config;
use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Outcome};

/// Starts logging. `default` is what is logged when `OCTI_LOG` is not set.
///
/// # Errors
/// When `OCTI_LOG` is not a filter.
pub(crate) fn start(config: &Config, default: &str) -> Outcome {
    let wanted = config.log_filter.as_deref().unwrap_or(default);
    let filter = EnvFilter::builder().parse(wanted).map_err(|error| {
        Failure::user(format!("environment variable `OCTI_LOG` is `{wanted}`, which is not a log filter"))
            .because(&error)
            .hint("write a level (`error`, `warn`, `info`, `debug`, `trace`) or `info,octi_agents=debug`")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if config.log_json {
        builder.json().try_init()
    } else {
        builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    started.map_err(|error| Failure::us(format!("logging cannot start: {error}")))
}
