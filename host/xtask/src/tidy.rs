//! `cargo xtask tidy`: the rules of the repository that no compiler checks.

pub(crate) mod contract;
mod directions;
mod events;
mod files;
mod promises;

use anyhow::bail;

/// Runs every check and reports everything that is wrong at once.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut problems = directions::check()?;
    problems.extend(contract::check()?);
    problems.extend(events::check()?);
    problems.extend(files::check()?);
    problems.extend(promises::check()?);
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} rules of the repository are broken", problems.len());
    }
    Ok(())
}
