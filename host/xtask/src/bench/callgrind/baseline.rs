//! What was counted when somebody last said that it is well so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Instructions of one call, by path.
pub(super) type Counts = BTreeMap<String, u64>;

const HEAD: &str = "# Instructions of one fresh call of `echo`, counted by valgrind in a build without optimisation.\n\
    # `cargo xtask bench --callgrind` compares with these; with `--accept` it writes them.\n\n";

/// The committed file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    /// How far above its baseline a count may be.
    tolerance_percent: u32,
    instructions: Counts,
}

impl Default for Baseline {
    fn default() -> Self {
        Self { tolerance_percent: 10, instructions: Counts::new() }
    }
}

impl Baseline {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        toml::from_str(&text).with_context(|| format!("`{}` is not a baseline", path.display()))
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = format!("{HEAD}{}", toml::to_string(self)?);
        fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// The same with other counts.
    pub(super) fn with(self, instructions: Counts) -> Self {
        Self { instructions, ..self }
    }

    pub(super) fn of(&self, path: &str) -> Option<u64> {
        self.instructions.get(path).copied()
    }

    /// Refuses counts that are too far above; says so when they are far below.
    pub(super) fn judge(&self, counts: &Counts) -> anyhow::Result<()> {
        let allowed = u64::from(self.tolerance_percent);
        let mut more = Vec::new();
        for (path, count) in counts {
            let Some(was) = self.of(path) else {
                more.push(format!("`{path}` has no baseline"));
                continue;
            };
            let change = change_percent(was, *count);
            if count.saturating_mul(100) > was.saturating_mul(100 + allowed) {
                more.push(format!("`{path}` takes {count} instructions, {change:.1} % more than its baseline {was}"));
            } else if count.saturating_mul(100) < was.saturating_mul(100_u64.saturating_sub(allowed)) {
                eprintln!(
                    "`{path}` takes {:.1} % less than its baseline: accept that with `--accept`, so that it stays so",
                    -change
                );
            }
        }
        if more.is_empty() {
            return Ok(());
        }
        bail!(
            "{}; {allowed} % are allowed. Find what made a call more expensive, or, if it is worth that, accept it with \
             `cargo xtask bench --callgrind --accept` and commit tests/bench/instructions.toml with the reason",
            more.join("; ")
        )
    }
}

/// How much more `now` is than `was`.
pub(super) fn change_percent(was: u64, now: u64) -> f64 {
    (now as f64 / was.max(1) as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(engine: u64) -> Counts {
        Counts::from([("bare".to_owned(), 1_000), ("engine".to_owned(), engine)])
    }

    #[test]
    fn more_than_the_tolerance_is_refused_and_says_how_to_go_on() {
        let baseline = Baseline::default().with(counts(2_000));
        for fine in [1_000, 2_000, 2_200] {
            assert!(baseline.judge(&counts(fine)).is_ok(), "{fine}");
        }
        let told = baseline.judge(&counts(2_201)).map_or_else(|error| error.to_string(), |()| String::new());
        for part in ["`engine` takes 2201 instructions, 10.1 % more than its baseline 2000", "--accept", "instructions.toml"] {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        assert!(!told.contains("`bare`"), "{told}");
    }

    #[test]
    fn a_path_without_a_baseline_is_not_passed_over() {
        let told = Baseline::default().judge(&counts(1)).map_or_else(|error| error.to_string(), |()| String::new());
        assert!(told.contains("`bare` has no baseline; `engine` has no baseline"), "{told}");
    }

    #[test]
    fn what_is_accepted_is_what_is_read_next() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("instructions.toml");
        let accepted = Baseline { tolerance_percent: 7, instructions: Counts::new() }.with(counts(5));
        accepted.write(&path)?;
        assert_eq!(Baseline::read(&path)?, accepted);
        Ok(())
    }
}
