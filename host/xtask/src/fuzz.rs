//! `cargo xtask fuzz`: what strangers write, as libFuzzer thinks of it.
//!
//! The targets are in `tests/fuzz`. They are built apart from everything else, because every crate in them is compiled with the
//! counters that libFuzzer steers by. What it finds stays in the target folder until somebody gives it a name in the corpus.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::step::{self, Steps};

/// Makes the compiler count what runs. It is what the nightly option for it comes down to.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
/// Seconds for one input, megabytes for the program, bytes of an input.
const BOUNDS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096"];
/// The target that has the whole engine in it, and is built for itself.
const INSTALL: &str = "install";
/// Lines of what a target said when it failed.
const LINES_SHOWN: usize = 12;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this target; may be given several times
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Leave out `install`, whose engine takes many minutes to build with counters
    #[arg(long)]
    without_install: bool,
    /// Where chance begins; 0 is another place each time
    #[arg(long, default_value_t = 0)]
    seed: u32,
}

impl Options {
    /// A little of everything, the same each time, to see that it works.
    pub(crate) const fn brief() -> Self {
        Self { seconds: 5, target: Vec::new(), without_install: true, seed: 1 }
    }
}

/// How a target fared.
struct Fared {
    name: String,
    runs: u64,
    /// Inputs that each reach something new.
    inputs: usize,
    /// What it said, and the inputs that it said it of.
    found: Option<(String, Vec<PathBuf>)>,
}

/// Builds the targets and runs one after another.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::new(2);
    let mut targets = chosen(&known()?, &options.target)?;
    targets.retain(|target| !options.without_install || target != INSTALL);
    let programs = steps.step("Building the targets", || build(&targets))?;
    let title = format!("Fuzzing {} targets for {} s each", targets.len(), options.seconds);
    let all = || targets.iter().map(|name| fuzz(&programs, name, options)).collect::<anyhow::Result<Vec<Fared>>>();
    let fared = steps.step(&title, all)?;
    report(&fared, &programs)
}

/// The targets there are.
fn known() -> anyhow::Result<Vec<String>> {
    let folder = step::root().join("tests/fuzz/targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    let stem = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| stem(entry.ok()?.path())).collect();
    names.sort();
    Ok(names)
}

fn chosen(known: &[String], wanted: &[String]) -> anyhow::Result<Vec<String>> {
    if let Some(wrong) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("there is no target `{wrong}`; there are {}", known.join(", "));
    }
    Ok(if wanted.is_empty() { known.to_vec() } else { wanted.to_vec() })
}

/// Builds what these targets need; returns the folder of the programs.
fn build(targets: &[String]) -> anyhow::Result<PathBuf> {
    if !step::works("c++", &["--version"]) {
        bail!("there is no C++ compiler, which libFuzzer needs; on Debian: apt-get install g++");
    }
    let target_dir = step::target_dir()?.join("fuzz");
    // With a target named, these flags are not for build scripts and macros.
    let target = host()?;
    let build = |features: &str, what: &[&str]| {
        let mut command = step::cargo(&["build", "--package", "octi-fuzz", "--features", features, "--profile", "fuzz"]);
        command.args(what).args(["--target", &target]).arg("--target-dir").arg(&target_dir).env("RUSTFLAGS", RUSTFLAGS);
        step::run(&mut command)
    };
    if targets.iter().any(|name| name != INSTALL) {
        build("libfuzzer", &["--bins"])?;
    }
    if targets.iter().any(|name| name == INSTALL) {
        build("libfuzzer,engine", &["--bin", INSTALL])?;
    }
    Ok(target_dir.join(target).join("fuzz"))
}

fn host() -> anyhow::Result<String> {
    let said = step::output(Command::new("rustc").arg("-vV"))?;
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("`rustc -vV` names no host")
}

fn fuzz(programs: &Path, name: &str, options: &Options) -> anyhow::Result<Fared> {
    eprintln!("      {name}");
    let work = programs.join("runs").join(name);
    let corpus = work.join("corpus");
    let found = work.join("found");
    let _no_earlier_run = fs::remove_dir_all(&corpus);
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    copy(&step::root().join("tests/fuzz/corpus").join(name), &corpus)?;
    let before = files(&found)?;
    let log = work.join("log");
    let output = File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?;
    let mut command = Command::new(programs.join(name));
    command.arg(&corpus).args(BOUNDS).arg("-print_final_stats=1");
    command.args([format!("-max_total_time={}", options.seconds), format!("-seed={}", options.seed)]);
    command.arg(format!("-artifact_prefix={}/", found.display()));
    command.current_dir(&work).stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    let status = command.status().with_context(|| format!("`{name}` does not start"))?;
    let said = fs::read(&log).with_context(|| format!("cannot read `{}`", log.display()))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let new = files(&found)?.into_iter().filter(|file| !before.contains(file)).collect();
    Ok(Fared {
        name: name.to_owned(),
        runs: runs(&said),
        inputs: files(&corpus)?.len(),
        found: (!status.success()).then(|| (complaint(&said), new)),
    })
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in files(from)? {
        let name = file.file_name().context("a file without a name")?;
        fs::copy(&file, to.join(name)).with_context(|| format!("cannot copy `{}`", file.display()))?;
    }
    Ok(())
}

fn runs(log: &str) -> u64 {
    let count = log.lines().rev().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}

/// What a target said when it failed: its panic, or libFuzzer's own words.
fn complaint(log: &str) -> String {
    let is_start =
        |line: &str| line.contains("panicked at") || line.contains("ERROR: libFuzzer") || line.contains("overflowed its stack");
    let lines: Vec<&str> = log.lines().collect();
    let start = lines.iter().position(|line| is_start(line)).unwrap_or(lines.len().saturating_sub(LINES_SHOWN));
    lines.iter().skip(start).take(LINES_SHOWN).map(|line| format!("  {line}\n")).collect()
}

fn report(fared: &[Fared], programs: &Path) -> anyhow::Result<()> {
    eprintln!("{}", table(fared));
    let mut failed = Vec::new();
    for fared in fared {
        let Some((complaint, inputs)) = &fared.found else { continue };
        failed.push(fared.name.as_str());
        let program = programs.join(&fared.name);
        eprintln!("`{}` broke a promise:\n{complaint}", fared.name);
        for input in inputs {
            eprintln!("  once more:  {} {}", program.display(), input.display());
            eprintln!("  to keep it: cp {} tests/fuzz/corpus/{}/WHAT_IT_IS\n", input.display(), fared.name);
        }
    }
    if !failed.is_empty() {
        bail!("fuzzing found something in {}", failed.join(", "));
    }
    Ok(())
}

fn table(fared: &[Fared]) -> String {
    let mut text = format!("{:<16}{:>12}{:>10}   result", "target", "runs", "inputs");
    for Fared { name, runs, inputs, found } in fared {
        let result = if found.is_some() { "FOUND SOMETHING" } else { "ok" };
        text.push_str(&format!("\n{name:<16}{runs:>12}{inputs:>10}   {result}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "INFO: seed corpus\n#2 INITED\nthread '<unnamed>' panicked at src/rule.rs:3:5:\n`a` is `b`\n\
                       ==7== ERROR: libFuzzer: deadly signal\nstat::number_of_executed_units: 4711\n";

    #[test]
    fn a_run_is_read_from_what_libfuzzer_says() {
        assert_eq!(runs(LOG), 4711);
        assert_eq!(runs("killed"), 0);
        assert!(complaint(LOG).starts_with("  thread '<unnamed>' panicked at src/rule.rs:3:5:\n  `a` is `b`\n"));
        assert_eq!(complaint("no\nwords"), "  no\n  words\n");
    }

    #[test]
    fn only_targets_that_exist_are_run() {
        let known = ["rule".to_owned(), "redact".to_owned()];
        assert_eq!(chosen(&known, &[]).ok(), Some(known.to_vec()));
        assert_eq!(chosen(&known, &known[..1]).ok(), Some(known[..1].to_vec()));
        let refused = chosen(&known, &["rules".to_owned()]).map_err(|error| error.to_string());
        assert_eq!(refused, Err("there is no target `rules`; there are rule, redact".to_owned()));
    }

    #[test]
    fn the_table_says_which_target_found_something() {
        let ok = Fared { name: "rule".to_owned(), runs: 12, inputs: 3, found: None };
        let bad = Fared { name: "redact".to_owned(), runs: 7, inputs: 1, found: Some((String::new(), Vec::new())) };
        let lines: Vec<String> =
            table(&[ok, bad]).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines, ["target runs inputs result", "rule 12 3 ok", "redact 7 1 FOUND SOMETHING"]);
    }
}
