//! What a machine needs for compiling plugins.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// What plugins are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

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
