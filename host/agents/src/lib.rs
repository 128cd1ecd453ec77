//! Agents at work: turns, tool calls, approvals and roles.
//!
//! This crate must not know wasmtime, HTTP or any provider: tools come through `octi_extension`, models through
//! `octi_models`, storage through `octi_store`.

pub mod roles;
pub mod runtime;
pub mod tools;
