//! octi as a client: the tools of servers that others wrote.
//!
//! A server runs in the process sandbox ([`stdio`]) or is reached through the egress door ([`http`], [`sse`]). What it says is
//! data of strangers: bounded, made safe to show, and without the secrets that were joined to its requests.

mod admin;
mod asking;
mod breaker;
mod catalog;
mod config;
mod connect;
mod extism;
mod failure;
mod file;
mod form;
mod http;
mod hub;
mod oauth;
mod pin;
mod result;
mod secrets;
mod server;
mod sse;
mod stderr;
mod stdio;
mod stream;
mod tools;

pub use admin::{Admin, AdminError};
pub use breaker::BreakerState;
pub use config::{ConfigError, IdentityConfig, Kind, OAuthConfig, ServerConfig, check_name};
pub use extism::{ExtismError, ExtismFile, ExtismModules, WithModules};
pub use file::read_file;
pub use hub::{Declared, Doors, Hub, Joined, SignedIn, Source, Status, ToolStatus};
pub use oauth::tokens_in;
pub use pin::{Described, Pin, PinState};
pub use secrets::{NoSecrets, ServerSecrets};
