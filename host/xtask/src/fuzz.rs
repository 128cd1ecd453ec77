//! `cargo xtask fuzz`: coverage-guided runs of the parsers that read hostile input.
//!
//! The targets in `tests/fuzz` are compiled with the instrumentation that libFuzzer needs, which the stable compiler offers as
//! plain code generation options. What is found stays in `tests/fuzz/artifacts`; the corpus in the repository is only read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use cargo_metadata::MetadataCommand;

use crate::step::{self, Steps};

/// What `cargo fuzz` passes too, without the sanitizer, which only nightly compilers have.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Megabytes one target may take, and seconds one input: more is a finding.
const MEMORY_MB_MAX: u32 = 2_048;
const INPUT_SECONDS_MAX: u32 = 10;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Targets to run; all of them when none is named
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 10)]
    seconds: u32,
}

/// Builds the targets and runs each for a while.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = step::root().join("tests").join("fuzz");
    let targets = chosen(&folder, &options.targets)?;
    let mut steps = Steps::new(1 + targets.len());
    let binaries = steps.step("Building the fuzz targets", || build(&folder))?;
    for target in &targets {
        let title = format!("Fuzzing `{target}` for {} s", options.seconds);
        steps.step(&title, || fuzz(&folder, &binaries, target, options.seconds))?;
    }
    eprintln!("Nothing was found in {}", steps.elapsed());
    Ok(())
}

/// The targets that were named, in the order of the manifest.
fn chosen(folder: &Path, named: &[String]) -> anyhow::Result<Vec<String>> {
    let metadata = MetadataCommand::new().manifest_path(folder.join("Cargo.toml")).no_deps().exec()?;
    let all: Vec<String> = metadata.packages.iter().flat_map(|p| &p.targets).map(|target| target.name.clone()).collect();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("`{unknown}` is no fuzz target; there are: {}", all.join(", "));
    }
    Ok(all.into_iter().filter(|target| named.is_empty() || named.contains(target)).collect())
}

/// Compiles them; returns their folder.
fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let into = step::target_dir()?.join("fuzz");
    let mut command = step::cargo(&["build", "--release", "--locked", "--target", TARGET]);
    command.arg("--manifest-path").arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&into);
    step::run(command.env("RUSTFLAGS", INSTRUMENTATION))?;
    Ok(into.join(TARGET).join("release"))
}

fn fuzz(folder: &Path, binaries: &Path, target: &str, seconds: u32) -> anyhow::Result<()> {
    let artifacts = folder.join("artifacts").join(target);
    // libFuzzer writes what it learns into the first folder.
    let learned = binaries.join("learned").join(target);
    for made in [&artifacts, &learned] {
        fs::create_dir_all(made).with_context(|| format!("cannot create `{}`", made.display()))?;
    }
    let mut command = std::process::Command::new(binaries.join(target));
    command.arg(&learned).arg(folder.join("corpus").join(target));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MB_MAX}")).arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-verbosity=0", "-print_final_stats=1"]);
    step::run(&mut command).with_context(|| format!("`{target}` failed on an input; it is kept in `{}`", artifacts.display()))
}
