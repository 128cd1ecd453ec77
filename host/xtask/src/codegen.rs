//! `cargo xtask codegen`: what is generated is committed, and a check fails when it is stale.

pub(crate) mod contract;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{step, tidy};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Change nothing; fail when something is stale
    #[arg(long)]
    check: bool,
}

/// The reference pages: what `octi __reference` prints for each, and where it is kept.
const PAGES: [(&str, &str); 6] = [
    ("openapi", "docs/reference/openapi.json"),
    ("errors", "docs/reference/errors.md"),
    ("events", "docs/reference/events.md"),
    ("environment", "docs/reference/environment.md"),
    ("metrics", "docs/reference/metrics.md"),
    ("settings", "docs/reference/settings.md"),
];

/// Writes the reference pages and the contract's, and the hashes of the contract.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    // The whole workspace, as the tests have it: asked for one package, cargo would compile dependencies with other features.
    step::run(&mut step::cargo(&["build", "--workspace", "--bin", "octi"]))?;
    let octi = step::target_dir()?.join("debug").join("octi");
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (page, path) in PAGES {
        let text = step::output(Command::new(&octi).args(["__reference", page]))?;
        files.push((step::root().join(path), text));
    }
    files.push((tidy::contract::hashes_path(), tidy::contract::current()?));
    files.push((contract::path(), contract::page()?));
    let mut stale = Vec::new();
    for (path, text) in files {
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if options.check {
            stale.push(path.display().to_string());
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask codegen` and commit what it writes", stale.join(", "));
    }
    Ok(())
}
