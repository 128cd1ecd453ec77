//! Instructions of one call, counted by valgrind: on a shared machine they are steady where times are not.
//!
//! This is the one measurement that can fail: a count that is further above its baseline than the tolerance is a regression.
//! What is counted is built as the tests are, because that costs seconds where an optimised build costs a quarter of an hour.

mod baseline;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};

use crate::step::{self, Steps};
use crate::{toolchain, wasm};
use baseline::{Baseline, Counts};

/// Calls of the shorter and the longer run. Their difference leaves out everything that happens once.
const CALLS: [u64; 2] = [50, 250];
const PATHS: [(&str, &str); 3] = [("bare", "wasmtime alone"), ("engine", "engine"), ("dispatch", "dispatch, with its records")];

/// What is counted, and where.
struct Built {
    benchmark: PathBuf,
    /// Holds the guest, what is compiled of it, and the profiles.
    work: PathBuf,
}

/// Whether there is a valgrind.
pub(crate) fn is_possible() -> bool {
    step::works("valgrind", &["--version"])
}

/// Builds, counts, prints the result, and compares it with the baseline or makes it the baseline.
pub(crate) fn run(json: bool, accept: bool) -> anyhow::Result<()> {
    if !is_possible() {
        bail!("valgrind is not installed; on Debian: apt-get install valgrind");
    }
    let mut steps = Steps::new(2);
    let built = steps.step("Building the benchmark and its plugin", build)?;
    let counts = steps.step("Counting instructions", || count_all(&built))?;
    let path = step::root().join("tests").join("bench").join("instructions.toml");
    let known = if path.exists() { Baseline::read(&path)? } else { Baseline::default() };
    let text = if json { as_json(&counts, &known) } else { as_table(&counts, &known) };
    // Whoever reads may have gone away.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if accept {
        known.with(counts).write(&path)?;
        eprintln!("`{}` is the new baseline: commit it with the reason", path.display());
        return Ok(());
    }
    known.judge(&counts).map_err(|error| {
        let profiles = built.work.join(format!("callgrind.*.{}", CALLS[1]));
        anyhow!("{error}. `callgrind_annotate` shows where they went: `{}`", profiles.display())
    })
}

fn build() -> anyhow::Result<Built> {
    toolchain::ensure_wasm_target()?;
    // All packages, like the tests: cargo chooses the features of dependencies for the packages it is asked for.
    step::run(&mut step::cargo(&["build", "--workspace", "--bin", "octi-pack", "--bin", "octi-bench"]))?;
    let debug = step::target_dir()?.join("debug");
    let work = step::target_dir()?.join("octi-counted");
    // What an earlier build left there must not be counted.
    match fs::remove_dir_all(&work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty `{}`", work.display()));
        }
        _ => fs::create_dir_all(&work).with_context(|| format!("cannot create `{}`", work.display()))?,
    }
    wasm::pack_guest(&debug.join("octi-pack"), Path::new("tests/guests/bench"), "octi-guest-bench", &work.join("bench.wasm"))?;
    Ok(Built { benchmark: debug.join("octi-bench"), work })
}

fn count_all(built: &Built) -> anyhow::Result<Counts> {
    let mut counts = Counts::new();
    for (path, _) in PATHS {
        eprintln!("      {path}");
        // Compiles the guest, and keeps what was compiled: five times slower than without valgrind, not fifty times.
        valgrind(built, &["--tool=none"], path, 1)?;
        let [few, many] = CALLS.map(|calls| count(built, path, calls));
        counts.insert(path.to_owned(), many?.saturating_sub(few?) / (CALLS[1] - CALLS[0]));
    }
    Ok(counts)
}

fn count(built: &Built, path: &str, calls: u64) -> anyhow::Result<u64> {
    let out = built.work.join(format!("callgrind.{path}.{calls}"));
    valgrind(built, &["--tool=callgrind", &format!("--callgrind-out-file={}", out.display())], path, calls)?;
    let text = fs::read_to_string(&out).with_context(|| format!("valgrind wrote no `{}`", out.display()))?;
    total(&text).with_context(|| format!("`{}` has no total", out.display()))
}

/// Makes so many calls on that path under valgrind. Without valgrind the guest would be compiled for another processor than the
/// one that valgrind shows to a program.
fn valgrind(built: &Built, tool: &[&str], path: &str, calls: u64) -> anyhow::Result<()> {
    let mut command = Command::new("valgrind");
    // What it says of itself: system calls that it does not know, for which wasmtime has another way.
    let log = built.work.join("valgrind.log");
    command.arg(format!("--log-file={}", log.display())).args(tool);
    command.arg(&built.benchmark).arg("--work").arg(&built.work).arg("--plugins").arg(&built.work);
    step::run(command.args(["--counted", path, "--calls", &calls.to_string()]))
        .with_context(|| format!("valgrind may say why in `{}`", log.display()))
}

/// The instructions of a whole run.
fn total(profile: &str) -> Option<u64> {
    let mut lines = profile.lines().filter_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")));
    lines.next_back()?.split_whitespace().next()?.parse().ok()
}

fn as_table(counts: &Counts, known: &Baseline) -> String {
    let mut text = format!("{:<36}{:>12}{:>12}{:>10}\n", "Instructions of a fresh call", "", "baseline", "");
    for (path, name) in PATHS {
        let Some(count) = counts.get(path) else { continue };
        let (was, change) = match known.of(path) {
            Some(was) => (was.to_string(), format!("{:+.1} %", baseline::change_percent(was, *count))),
            None => ("none".to_owned(), String::new()),
        };
        text.push_str(format!("{name:<36}{count:>12}{was:>12}{change:>10}").trim_end());
        text.push('\n');
    }
    text
}

fn as_json(counts: &Counts, known: &Baseline) -> String {
    let object = |numbers: Vec<(&str, u64)>| {
        let fields: Vec<String> = numbers.iter().map(|(path, each)| format!("\"{path}\": {each}")).collect();
        format!("{{ {} }}", fields.join(", "))
    };
    let now = PATHS.iter().filter_map(|(path, _)| Some((*path, *counts.get(*path)?))).collect();
    let then = PATHS.iter().filter_map(|(path, _)| Some((*path, known.of(path)?))).collect();
    format!("{{ \"instructions\": {}, \"baseline\": {} }}\n", object(now), object(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_profile_is_found() {
        assert_eq!(total("events: Ir\nfn=a\n1 5\nsummary: 12\n\ntotals: 34\n"), Some(34));
        assert_eq!(total("events: Ir\nsummary: 12 3\n"), Some(12));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn counts_stand_beside_their_baseline() {
        let counts = Counts::from([("bare".to_owned(), 100), ("engine".to_owned(), 150)]);
        let known = Baseline::default().with(Counts::from([("engine".to_owned(), 120)]));
        let table = as_table(&counts, &known);
        assert!(table.contains("150         120   +25.0 %\n") && table.contains("100        none\n"), "{table}");
        let json = "{ \"instructions\": { \"bare\": 100, \"engine\": 150 }, \"baseline\": { \"engine\": 120 } }\n";
        assert_eq!(as_json(&counts, &known), json);
    }
}
