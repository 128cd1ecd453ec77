//! The routes of the REST API, one file per resource.

mod agents;
mod audit;
mod auth;
mod gateway;
mod health;
mod mcp;
mod models;
mod notifications;
mod orgs;
mod permissions;
mod plugin_offers;
mod plugins;
mod programs;
mod questions;
mod search;
mod secrets;
mod sessions;
mod settings;
mod skills;
mod tools;
mod workspaces;
