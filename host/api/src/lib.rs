//! What travels between octi and its clients: error codes, paging, frames, events and resources.
//!
//! This crate must not know axum, sqlx or any other way of moving or keeping these types: servers, clients and generated
//! clients in other languages share it.

pub mod decode;
pub mod error;
pub mod event;
pub mod frames;
pub mod openai;
pub mod page;
pub mod v1;
