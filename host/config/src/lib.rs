//! Where octi's settings come from: the environment, then `$OCTI_HOME/config.toml`, then defaults.
//!
//! This crate only reads and checks; it must not open databases, sockets or model connections.

pub mod env;
pub mod load;
pub mod registries;
pub mod sections;
pub mod settings;
pub mod shell;

pub use load::{Config, ConfigError};
