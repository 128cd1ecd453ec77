//! The Model Context Protocol, in both directions.
//!
//! It knows neither the engine nor the gateway: what it offers agents are [`octi_extension::tool::Tool`]s like any other.

pub mod client;
