//! What is inside this binary.

use octi_gateway::WebFiles;

/// File name and bytes of each first-party plugin, in the order of their names.
pub(crate) const PLUGINS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// The browser's pages, by their path.
pub(crate) const WEB: WebFiles = include!(concat!(env!("OUT_DIR"), "/web.rs"));
