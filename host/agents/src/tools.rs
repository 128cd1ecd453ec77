//! One tool call, from the model's wish to the record of what happened.

pub mod bound;
pub mod schema;
