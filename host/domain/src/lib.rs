//! The nouns of octi: ids, principals, sessions, messages, runs, permissions, events and limits.
//!
//! This crate has no input or output and no wire format: nothing here is `Serialize`, so storage and refactoring cannot
//! silently change what clients see. Wire twins live in `octi-api`.

pub mod ambient;
pub mod event;
pub mod file_name;
pub mod form;
pub mod ids;
pub mod limits;
pub mod message;
pub mod notification;
pub mod org;
pub mod permission;
pub mod persona;
pub mod plugin_access;
pub mod plugin_limits;
pub mod principal;
pub mod question;
pub mod run;
pub mod secret;
pub mod session;
pub mod telemetry;
pub mod text;
pub mod tool_name;
pub mod workspace;
