//! octi as a server: its tools and its own operations, for programs such as editors and desktop assistants.
//!
//! The protocol itself (messages, versions, streamable HTTP) is the official SDK's, `rmcp`. What is written here is what octi
//! adds: whose session it is, which tools a person may use, what a result looks like, and how much of everything there may be.

mod answer;
mod catalogue;
mod changes;
mod gate;
mod handler;
mod host;
mod legacy;
mod logging;
mod offers;
mod places;
mod reading;
mod service;
mod sessions;
mod talk;
mod watched;

pub use gate::Refused;
pub use host::{Call, Content, Effects, File, Files, Host, Operation, Reply};
pub use service::{Body, Server};
