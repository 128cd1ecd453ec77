//! Saying what is being done, and how long it took, while it is done.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Selects the optimised build of what ships, with what packs its plugins.
pub(crate) const SHIPPED: [&str; 5] = ["--release", "--package", "octi-cli", "--package", "octi-engine"];

/// A numbered list of steps.
pub(crate) struct Steps {
    total: usize,
    done: usize,
    started: Instant,
}

impl Steps {
    /// A list of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0, started: Instant::now() }
    }

    /// Runs one step, announced before and timed after.
    pub(crate) fn step<T>(&mut self, title: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.done += 1;
        eprintln!("[{}/{}] {title}", self.done, self.total);
        let started = Instant::now();
        let result = work().with_context(|| format!("step {} of {} failed: {title}", self.done, self.total))?;
        eprintln!("[{}/{}] done in {}", self.done, self.total, human(started.elapsed()));
        Ok(result)
    }

    /// The time since the first step.
    pub(crate) fn elapsed(&self) -> String {
        human(self.started.elapsed())
    }
}

/// A duration as a person says it.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 { format!("{} min {} s", seconds / 60, seconds % 60) } else { format!("{:.1} s", duration.as_secs_f32()) }
}

/// Runs a program whose output the person sees; an error names the command.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs a program and takes its standard output; what it says on standard error is shown.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = shown(command);
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed something that is not text"))
}

/// Whether a program can be started and says it is fine.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A cargo command in the repository's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_xtask(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// Variables in which `cargo run` tells a program about its own package. The build script of `ring` asks for some of them, so a
/// cargo that finds them would compile `ring` and all that stands on it again, and so would the next one that does not.
fn is_about_xtask(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    // As `cargo run` tells it: what was compiled in is where this lay then, and a target folder outlives a move.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.ancestors().nth(2).map(PathBuf::from).unwrap_or(here)
}

/// Where things live that must not be built twice: tools, test peers, caches.
pub(crate) fn cache_dir() -> PathBuf {
    let base = std::env::var_os("OCTI_CACHE_DIR").map(PathBuf::from);
    base.unwrap_or_else(|| {
        let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
        home.join(".cache").join("octi")
    })
}

/// Cargo's output folder, wherever it was put.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let metadata =
        cargo_metadata::MetadataCommand::new().current_dir(root()).no_deps().exec().context("cannot read the workspace")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cargo_inside_of_this_one_is_not_told_about_this_package() {
        let told = cargo(&["build"]);
        let removed: Vec<&str> =
            told.get_envs().filter(|(_, value)| value.is_none()).filter_map(|(name, _)| name.to_str()).collect();
        // Cargo's test runner sets these, as `cargo run` does.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION_MAJOR"] {
            assert!(removed.contains(&name), "{name} is not in {removed:?}");
        }
        assert!(!is_about_xtask("CARGO_TARGET_DIR") && !is_about_xtask("CARGO_HOME"));
    }
}
