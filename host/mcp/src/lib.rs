//! The Model Context Protocol.
//!
//! This crate must not know axum or SQL: HTTP comes and goes as the types of `http`, and what only the host can do comes in
//! through ports.

pub mod bridge;
pub mod server;
