//! The door of octi: the REST API, the WebSocket at `/gateway` and the bus that carries events to whoever listens.
//!
//! It must not know the engine or SQL: plugins are seen through the extension registry, and what only the composition
//! root can do (installing plugins, setting up models) comes in through the ports of [`ports`].

pub mod bus;
pub mod ports;

mod assets;
mod credential;
mod error;
mod etag;
mod extract;
mod mcp;
mod middleware;
mod oauth;
mod openai;
mod openapi;
mod origin;
mod router;
mod serve;
mod state;
mod tickets;
mod v1;
mod ws;

pub use assets::WebFiles;
pub use openapi::document;
pub use state::{Gateway, GatewayState, RECHECK_TIME};
pub use v1::plugins::to_api as plugin_to_api;

#[cfg(test)]
mod tests;
