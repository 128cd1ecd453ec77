//! What happens to every request.

pub(crate) mod envelope;
