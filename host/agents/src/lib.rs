//! Agents at work: turns, tool calls, approvals and roles.
//!
//! This crate must not know wasmtime, HTTP or any provider: tools come through `octi_extension`, models through
//! `octi_models`, storage through `octi_store`.

mod agents;
mod error;
mod notifier;
mod publish;
pub mod roles;
mod runs;
pub mod runtime;
pub mod tools;
mod watchers;

pub use agents::{
    Agents, AgentsConfig, CallError, CallOptions, Compacted, Compacting, ModelSource, Move, Said, Sent, TurnOptions, Watch,
};
pub use error::AgentsError;
pub use runtime::embed_call::EmbedCall;
pub use runtime::model_call::ModelCall;
pub use tools::approval::AnswerOutcome;
pub use tools::dispatch::{RedactorOf, WorkspaceOf};
pub use tools::questions::{Answered, PersonAnswer};
pub use tools::settle::Outcome;
