//! Instructions of one call, counted by valgrind: on a shared machine they are steady where times are not.

use std::fs;
use std::io::Write;
use std::process::Command;

use anyhow::{Context, bail};

use super::Built;
use crate::step;

/// Calls of the shorter and the longer run. Their difference leaves out everything that happens once.
const CALLS: [u64; 2] = [200, 1_200];
const PATHS: [(&str, &str); 3] = [("bare", "wasmtime alone"), ("engine", "engine"), ("dispatch", "dispatch, with its records")];

/// Counts on both paths and prints the result.
pub(super) fn run(built: &Built, json: bool) -> anyhow::Result<()> {
    if !step::works("valgrind", &["--version"]) {
        bail!("valgrind is not installed; on Debian: apt-get install valgrind");
    }
    // What an earlier build left there must not be counted.
    let _ = fs::remove_file(built.work.join("counted.cwasm"));
    let mut counts = Vec::new();
    for (path, name) in PATHS {
        let [few, many] = CALLS.map(|calls| count(built, path, calls));
        let each = many?.saturating_sub(few?) / (CALLS[1] - CALLS[0]);
        counts.push((path, name, each));
    }
    let text = if json { as_json(&counts) } else { as_table(&counts) };
    // Whoever reads may have gone away.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn count(built: &Built, path: &str, calls: u64) -> anyhow::Result<u64> {
    eprintln!("      {calls} calls, {path}");
    let out = built.work.join(format!("callgrind.{path}.{calls}"));
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", out.display()));
    command.args(built.command()).args(["--counted", path, "--calls", &calls.to_string()]);
    step::run(&mut command)?;
    let text = fs::read_to_string(&out).with_context(|| format!("valgrind wrote no `{}`", out.display()))?;
    total(&text).with_context(|| format!("`{}` has no total", out.display()))
}

/// The instructions of a whole run.
fn total(profile: &str) -> Option<u64> {
    let mut lines = profile.lines().filter_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")));
    lines.next_back()?.split_whitespace().next()?.parse().ok()
}

fn as_table(counts: &[(&str, &str, u64)]) -> String {
    let mut text = "Instructions of a fresh call of `echo`\n".to_owned();
    let bare = counts.first().map_or(1, |(_, _, each)| (*each).max(1));
    for (_, name, each) in counts {
        text.push_str(&format!("{name:<36}{each:>11}{:>10.2}x\n", *each as f64 / bare as f64));
    }
    text
}

fn as_json(counts: &[(&str, &str, u64)]) -> String {
    let fields: Vec<String> = counts.iter().map(|(path, _, each)| format!("\"{path}\": {each}")).collect();
    format!("{{ \"instructions\": {{ {} }} }}\n", fields.join(", "))
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
    fn counts_are_compared() {
        let counts = [("bare", "wasmtime alone", 100), ("engine", "engine", 150)];
        assert!(as_table(&counts).contains("150      1.50x"), "{}", as_table(&counts));
        assert_eq!(as_json(&counts), "{ \"instructions\": { \"bare\": 100, \"engine\": 150 } }\n");
    }
}
