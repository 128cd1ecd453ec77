//! `octi version`.

use serde::Serialize;

use crate::bundle;
use crate::failure::Outcome;
use crate::output::Printer;

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How this program was built.
pub(crate) const BUILD: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

#[derive(Serialize)]
struct Version {
    version: &'static str,
    contract: String,
    plugins: Vec<&'static str>,
}

/// Says what this binary is and what it carries.
#[expect(clippy::unnecessary_wraps, reason = "every command gives an outcome")]
pub(crate) fn run(printer: Printer) -> Outcome {
    let plugins = bundle::PLUGINS.iter().map(|(name, _)| name.trim_end_matches(".wasm")).collect();
    let version = Version { version: VERSION, contract: octi_extension::served::range(), plugins };
    printer.data(&version, |printer| {
        printer.line(&format!(
            "octi {} (contract {}, {} plugins inside)",
            version.version,
            version.contract,
            version.plugins.len()
        ));
    });
    Ok(())
}
