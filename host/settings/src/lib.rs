//! What can be set while octi runs.
//!
//! `octi_config` has the list of settings and what environment, file and defaults say. This crate puts the database above them, tells
//! whoever must obey a change, and looks for what another host changed on the same database. It must not know who asks: routes and
//! commands come through it, and it knows neither.

mod checks;
mod entry;
mod obeyed;
mod settings;

pub use octi_config::settings::{Base, DEFINITIONS, Definition, Effective, Kind, Problem, Source, definition, key};

pub use entry::{Entry, Snapshot};
pub use obeyed::GatewayLimits;
pub use settings::{OnChange, Settings, SettingsError, SettingsParts};

#[cfg(test)]
mod tests;
