//! May this call run: standing rules, and the questions put to people.

mod requests;
mod rules;
