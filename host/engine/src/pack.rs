//! Makes plugin files: a component and its manifest in one.

mod contract;
mod image;
mod offered;
mod role;
mod skill;
pub(crate) mod texts;
mod tool;

use octi_extension::manifest::ManifestError;

use crate::engine::EngineError;
use crate::install::InstallError;

pub use role::pack_role;
pub use skill::pack_skill;
pub use texts::texts_of;
pub use tool::{Earlier, pack_tool, pack_tool_in};

/// Why a plugin file was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PackError {
    #[error("`{path}`: {problem}")]
    File { path: String, problem: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// plugin.toml and the component do not say the same.
    #[error("{0}")]
    Mismatch(String),
    /// The component is not one that a host would install.
    #[error(transparent)]
    Component(#[from] InstallError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The component could not be asked what it is.
    #[error("asking the component what it is failed: {0}")]
    Describe(String),
    /// The plugin could not be asked for what it tells models.
    #[error("asking the plugin for its texts failed: {0}")]
    Texts(String),
    /// A tool of wasm encoding refused; nothing a plugin's author can do.
    #[error("the component could not be encoded: {0}")]
    Encode(String),
}
