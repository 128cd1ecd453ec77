//! One turn of an agent: a pure machine decides ([`turn`]), a driver performs.

pub mod context;
pub mod lanes;
pub mod repeats;
pub mod turn;
