//! Talking to language models: one trait over every provider, and what a host needs around it.
//!
//! [`connect`] gives a [`ChatModel`] for a configured provider. Its stream is retried before the first event, bounded in
//! bytes and time, cancellable, and speaks one vocabulary ([`ChatEvent`], [`ModelError`]) whatever the provider's wire is.
//! [`demo::DemoModel`] needs no network, [`scripted::ScriptedModel`] is for tests.

mod able;
mod again;
mod answer;
mod attachment;
pub mod catalog;
pub mod chat;
mod classify;
mod connect;
pub mod cost;
pub mod demo;
mod embed;
pub mod error;
mod live;
pub mod provider;
mod request;
pub mod scripted;
mod target;
pub mod think;

pub use able::{Unable, unable};
pub use attachment::takes;
pub use chat::{ChatEvent, ChatMessage, ChatModel, ChatRequest, ChatStream, Files, Finish, ModelInfo, ToolChoice, ToolSchema};
pub use connect::{ModelConfig, Patience, connect, connect_with, with_connect_limit};
pub use embed::{EmbedRequest, Embeddings};
pub use error::{ModelError, Phase};
pub use provider::Provider;
