//! The wire types of OpenAI's public API, as far as octi serves it under `/v1`.
//!
//! These are somebody else's types: clients send fields that octi does not know, so unknown fields are ignored here, unlike
//! in octi's own API, and names are spelled the way OpenAI spells them.

pub mod chat;
pub mod completion;
pub mod embeddings;
pub mod error;
pub mod models;
pub mod response;
pub mod responses;
