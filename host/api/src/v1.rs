//! The resources of the REST API, one file per resource, named like its path.

pub mod agents;
pub mod artifacts;
pub mod audit;
pub mod auth;
pub mod gateway;
pub mod health;
pub mod mcp;
pub mod messages;
pub mod models;
pub mod notifications;
pub mod orgs;
pub mod permissions;
pub mod plugin_access;
pub mod plugin_health;
pub mod plugin_offers;
pub mod plugins;
pub mod programs;
pub mod questions;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod skills;
pub mod tools;
pub mod workspaces;
