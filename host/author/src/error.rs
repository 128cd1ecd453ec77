//! Why a step of the author's loop failed, and the command that comes next.

use std::io;
use std::path::Path;

use octi_engine::EngineError;
use octi_engine::pack::PackError;
use octi_extension::manifest::ManifestError;

use crate::toolchain::{self, TARGET};

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// A name that no plugin can have.
    #[error("a new plugin cannot be called that: {0}")]
    Name(String),
    /// Nothing is overwritten.
    #[error("`{0}` is there already, and nothing is overwritten")]
    Exists(String),
    /// The folder of the SDK is another one.
    #[error("there is no SDK in `{0}`")]
    NoSdk(String),
    #[error("`{path}`: {problem}")]
    File { path: String, problem: String },
    /// A folder without a plugin in it.
    #[error("`{0}` is not the folder of a plugin: it has no `plugin.toml`")]
    NoProject(String),
    #[error("`{path}`: {problem}")]
    Manifest { path: String, problem: ManifestError },
    /// Neither code nor a text.
    #[error(
        "`{0}` has a `plugin.toml`, but no code beside it (`Cargo.toml`, `package.json`, `src/plugin.py`), and neither a role's \
         `prompt.md` nor a `SKILL.md`"
    )]
    NoCode(String),
    /// The SDK of a language whose tools want it in the project.
    #[error("a project in {0} has its own copy of the SDK, and takes none from elsewhere")]
    SdkElsewhere(&'static str),
    /// What the language needs is not on this machine.
    #[error("`{name}` cannot be started: {problem}")]
    NoProgram { name: &'static str, problem: String },
    /// What builds the project is not in its folder.
    #[error("`{what}` is not in the project's folder")]
    NotInstalled { what: String, command: &'static str },
    /// Rust cannot make WebAssembly yet.
    #[error("this machine's Rust cannot compile for `{TARGET}`")]
    NoTarget,
    /// The compiler has said why.
    #[error("`{command}` ended with {status}")]
    Compiler { command: String, status: String },
    /// Cargo would have to choose versions first.
    #[error("what `{0}` is made of is not known: its `Cargo.lock` is not there, or not of its `Cargo.toml`")]
    NotBuilt(String),
    /// The crate is no library that can be a component.
    #[error("cargo built no WebAssembly component of `{0}`")]
    NoComponent(String),
    #[error("`{path}` cannot be packed: {problem}")]
    Pack { path: String, problem: PackError },
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine does not take the file.
    #[error("the plugin cannot run: {0}")]
    Refused(String),
    /// There is nothing to run.
    #[error("there are no cases in `{0}`")]
    NoCases(String),
    /// A filter that nothing fits.
    #[error("no case has `{wanted}` in its name; there is {names}")]
    NoSuchCase { wanted: String, names: String },
    /// More than anybody has.
    #[error("`{path}` has more than {max} {what}")]
    TooMany { path: String, max: usize, what: &'static str },
}

impl AuthorError {
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.display().to_string(), problem: error.to_string() }
    }

    /// What to do next, as a sentence with the command to type.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        let text = match self {
            Self::Name(_) => "write it like `acme/weather`: who publishes it, and what it is called".to_owned(),
            Self::Exists(_) => "name another folder: `octi plugin new PUBLISHER/NAME FOLDER`".to_owned(),
            Self::NoSdk(_) => "name the folder `sdk/rust` of a checkout of octi, or leave `--sdk` away".to_owned(),
            Self::NoProject(_) => "go into the folder of a plugin, or make one: `octi plugin new PUBLISHER/NAME`".to_owned(),
            Self::NoCode(_) => "`octi plugin new PUBLISHER/NAME` makes a complete one to look at".to_owned(),
            Self::SdkElsewhere(_) => "leave `--sdk` away, and change the SDK in the project's `vendor`".to_owned(),
            Self::NoProgram { name: "cargo", .. } => {
                "install Rust as https://rustup.rs says, then `octi plugin doctor`".to_owned()
            }
            Self::NoProgram { name: "node", .. } => format!("{}, then `octi plugin doctor`", toolchain::GET_NODE),
            Self::NoProgram { .. } => "`octi plugin doctor` says what is missing".to_owned(),
            Self::NotInstalled { command, .. } => format!("`{command}`"),
            Self::NoTarget => format!("`rustup target add {TARGET}`"),
            Self::Compiler { .. } => {
                "mend what the compiler says, then run it again; `octi plugin doctor` checks this machine".to_owned()
            }
            Self::NotBuilt(_) => "`octi plugin build` first".to_owned(),
            Self::NoComponent(_) => "add `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` of Cargo.toml".to_owned(),
            Self::Pack { .. } | Self::Manifest { .. } => "mend it, then `octi plugin build` again".to_owned(),
            Self::NoCases(folder) => format!("write one: `{folder}/<what_is_true>/case.json`"),
            Self::Refused(_) => {
                "`octi plugin build` packs it again, and `octi plugin inspect FILE` says what is in it".to_owned()
            }
            Self::File { .. } | Self::Engine(_) | Self::NoSuchCase { .. } | Self::TooMany { .. } => return None,
        };
        Some(text)
    }
}
