//! What a plugin may be: its manifest, its capabilities and grants, the tools, roles and skills it offers, and the ports through
//! which it reaches the host.
//!
//! This crate must not know wasmtime: everything above the engine sees plugins only through the traits here, so most of
//! the host compiles and tests without a WASM runtime.

pub mod capability;
pub mod channel;
pub mod clock;
pub mod contract;
pub mod grant;
pub mod health;
pub mod hook;
pub mod host;
pub mod llm;
pub mod manifest;
pub mod offered;
pub mod person;
pub mod registry;
pub mod role;
pub mod schema;
pub mod served;
pub mod services;
pub mod skill;
pub mod tool;
