//! One turn of an agent: a pure machine decides ([`turn`]), a driver performs.

mod access;
mod answer_file;
pub(crate) mod compaction;
pub mod context;
pub(crate) mod driver;
pub mod embed_call;
pub(crate) mod files;
pub mod lanes;
pub mod model_call;
mod persona;
pub mod repeats;
mod request;
pub(crate) mod side_call;
mod skills;
mod tool_step;
pub mod turn;
