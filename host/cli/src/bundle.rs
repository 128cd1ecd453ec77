//! The first-party plugins inside this binary.

/// File name and bytes of each, in the order of their names.
pub(crate) const PLUGINS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundle.rs"));
