//! What happens to every request.

pub(crate) mod envelope;
pub(crate) mod once;
pub(crate) mod rate;
