//! One tool call, from the model's wish to the record of what happened.

pub(crate) mod approval;
pub mod bound;
pub(crate) mod dispatch;
mod hooks;
pub(crate) mod keep;
pub(crate) mod llm;
mod progress;
pub(crate) mod questions;
pub(crate) mod record;
pub mod schema;
mod secrets;
pub(crate) mod settle;
mod target;
