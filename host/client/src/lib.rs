//! A typed HTTP and WebSocket client of one octi server, used by the command line, the terminal UI and tests.
//!
//! It must know only the wire types and the domain's ids, never a part of the host. It talks to the server its user named
//! and to nothing else.

mod error;
mod http;
mod rest;
mod signature;
mod socket;

pub use error::ClientError;
pub use http::Client;
pub use octi_api as api;
pub use signature::SigningKey;
pub use socket::Socket;

#[cfg(test)]
mod tests;
