//! The workspace under attack.
