//! One turn of an agent: a pure machine decides ([`turn`]), a driver performs.

pub mod context;
pub(crate) mod driver;
pub mod embed_call;
mod files;
pub mod lanes;
pub mod model_call;
mod persona;
pub mod repeats;
mod request;
mod tool_step;
pub mod turn;
