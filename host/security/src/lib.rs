//! Authority: who someone is, what they may do, where secrets are kept, and the two doors (processes, network) to the world.
//!
//! This crate must not know wasmtime, models or the gateway; they ask it.

pub mod audit;
pub mod auth;
pub mod guard;
pub mod permissions;
pub mod sandbox;
pub mod vault;
