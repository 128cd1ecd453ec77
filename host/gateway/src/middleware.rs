//! What happens to every request.

pub(crate) mod envelope;
pub(crate) mod once;
