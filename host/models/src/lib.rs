//! Talking to language models: one trait over every provider, and what a host needs around it.
//!
//! A [`ChatModel`] streams its answer: retried before the first event, bounded in
//! bytes and time, cancellable, and speaks one vocabulary ([`ChatEvent`], [`ModelError`]) whatever the provider's wire is.
//! [`demo::DemoModel`] needs no network, [`scripted::ScriptedModel`] is for tests.

pub mod chat;
pub mod cost;
pub mod error;
pub mod provider;
pub mod scripted;

pub use chat::{ChatEvent, ChatMessage, ChatModel, ChatRequest, ChatStream, Finish, ModelInfo, ToolSchema};
pub use error::{ModelError, Phase};
pub use provider::Provider;
