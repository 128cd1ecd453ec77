//! May this call run: standing rules, and the questions put to people.

pub(crate) mod requests;
mod rules;
