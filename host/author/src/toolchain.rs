//! What a machine needs for compiling plugins.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// What plugins are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";
/// What makes components of Python, in a project's folder.
pub(crate) const COMPONENTIZE_PY: &str = ".venv/bin/componentize-py";
/// The environment that it is installed in.
pub(crate) const VENV: &str = ".venv";
/// Brings what builds a project in JavaScript. Without the scripts of packages: none of them is needed.
pub(crate) const NPM_INSTALL: &str = "npm ci --ignore-scripts";
/// Brings what builds a project in Python.
pub(crate) const PIP_INSTALL: &str = "python3 -m venv .venv && .venv/bin/pip install --require-hashes -r requirements.txt";
/// Where Node comes from.
pub(crate) const GET_NODE: &str = "install Node 20.19 or newer from https://nodejs.org";

/// What this machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// What `rustc --version` says; none without one.
    pub rustc: Option<String>,
    /// What `cargo --version` says; none without one.
    pub cargo: Option<String>,
    /// Whether the compiler has the library of [`Toolchain::TARGET`]; none when it does not say.
    pub has_target: Option<bool>,
}

impl Toolchain {
    /// What plugins are compiled for.
    pub const TARGET: &str = TARGET;
    /// The oldest Rust that the SDK compiles with.
    pub const RUST_MIN: &str = env!("CARGO_PKG_RUST_VERSION");

    /// Looks, the way a build in that folder would: a folder can choose its own Rust.
    pub async fn of(folder: &Path) -> Self {
        Self {
            rustc: answer(folder, "rustc", &["--version"]).await,
            cargo: answer(folder, "cargo", &["--version"]).await,
            has_target: has_target(folder).await,
        }
    }

    /// Whether the compiler is too old for the SDK; none when there is none, or it says something unknown.
    #[must_use]
    pub fn is_too_old(&self) -> Option<bool> {
        let version = self.rustc.as_deref()?.split(' ').nth(1)?;
        Some(numbers(version)? < numbers(Self::RUST_MIN)?)
    }
}

/// What builds a project of a language whose tools stand in its folder, as far as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptTools {
    /// What the language's program says of its version; none without one.
    pub program: Option<String>,
    /// Whether that is too old; none when it says something unknown.
    pub is_too_old: Option<bool>,
    /// The version of what makes components, in the project's folder; none when it is not there.
    pub componentizer: Option<String>,
    /// The version of the SDK in the project; none when it is not there.
    pub sdk: Option<String>,
}

impl ScriptTools {
    /// What JavaScript's components are made with.
    pub const COMPONENTIZE_JS: &str = "0.23.0";
    /// What Python's components are made with.
    pub const COMPONENTIZE_PY: &str = "0.25.1";
    /// Brings what builds a project in JavaScript.
    pub const NPM_INSTALL: &str = NPM_INSTALL;
    /// Brings what builds a project in Python.
    pub const PIP_INSTALL: &str = PIP_INSTALL;
    /// Where Node comes from.
    pub const GET_NODE: &str = GET_NODE;

    /// Looks for what a project in JavaScript needs.
    pub async fn javascript(folder: &Path) -> Self {
        let program = answer(folder, "node", &["--version"]).await;
        let is_old = |version: &str| Some(numbers(version.trim_start_matches('v'))? < (20, 19));
        let package = |name: &str| package_version(&folder.join("node_modules").join(name).join("package.json"));
        Self {
            is_too_old: program.as_deref().and_then(is_old),
            program,
            componentizer: package("@bytecodealliance/componentize-js"),
            sdk: package("@octi/plugin"),
        }
    }

    /// Looks for what a project in Python needs.
    pub async fn python(folder: &Path) -> Self {
        let program = answer(folder, "python3", &["--version"]).await;
        let is_old = |version: &str| Some(numbers(version.split(' ').nth(1)?)? < (3, 11));
        let componentizer = folder.canonicalize().unwrap_or_default().join(COMPONENTIZE_PY);
        let said = answer(folder, &componentizer.to_string_lossy(), &["--version"]).await;
        let marker = "__version__ = \"";
        let init = std::fs::read_to_string(folder.join("vendor/octi_plugin/__init__.py")).unwrap_or_default();
        let sdk = init.lines().find_map(|line| line.strip_prefix(marker)?.strip_suffix('"'));
        Self {
            is_too_old: program.as_deref().and_then(is_old),
            program,
            componentizer: said.and_then(|said| said.split(' ').next_back().map(str::to_owned)),
            sdk: sdk.map(str::to_owned),
        }
    }
}

fn package_version(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    package.get("version")?.as_str().map(str::to_owned)
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether the compiler that serves this folder has the library for the target; none when it does not say.
pub(crate) async fn has_target(folder: &Path) -> Option<bool> {
    let library = answer(folder, "rustc", &["--print", "target-libdir", "--target", TARGET]).await?;
    Some(Path::new(&library).is_dir())
}

async fn answer(folder: &Path, name: &str, arguments: &[&str]) -> Option<String> {
    let mut command = program(name);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// A program of the author's own machine.
#[expect(clippy::disallowed_methods, reason = "the author's own compiler has the author's rights; no plugin has a say in it")]
pub(crate) fn program(name: &str) -> Command {
    Command::new(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(version: Option<&str>) -> Toolchain {
        Toolchain { rustc: version.map(str::to_owned), cargo: None, has_target: None }
    }

    #[test]
    fn an_old_compiler_is_known_by_its_version() {
        assert_eq!(rust(Some("rustc 1.9.0 (abc 2016-05-18)")).is_too_old(), Some(true));
        assert_eq!(rust(Some(concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), ".3 (abc)"))).is_too_old(), Some(false));
        assert_eq!(rust(Some("rustc 2.0.0-nightly")).is_too_old(), Some(false));
        assert_eq!(rust(Some("gcc")).is_too_old(), None);
        assert_eq!(rust(None).is_too_old(), None);
    }

    #[tokio::test]
    async fn the_compiler_of_this_machine_is_found() {
        let found = Toolchain::of(Path::new(".")).await;
        assert_eq!(found.is_too_old(), Some(false), "{found:?}");
        assert!(found.cargo.is_some_and(|cargo| cargo.starts_with("cargo ")));
    }
}
