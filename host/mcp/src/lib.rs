//! The Model Context Protocol, in both directions.
//!
//! This crate must know neither axum, SQL nor the engine: HTTP comes and goes as the types of `http`, what only the host can do
//! comes in through ports, and what it offers agents are [`octi_extension::tool::Tool`]s like any other.

pub mod bridge;
pub mod client;
pub mod server;
