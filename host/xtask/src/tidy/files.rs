//! Files small enough to read, modules that say what they are, documents that keep their size.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::step;

/// Lines of a Rust file without its tests.
const RUST_LINES_MAX: usize = 500;
/// Lines of docs/ARCHITECTURE.md.
const ARCHITECTURE_LINES_MAX: usize = 200;
/// Lines of `host/agents` without tests; past that, orchestration leaves as a crate of its own.
const AGENTS_LINES_MAX: usize = 12_000;

/// What is wrong with the files.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let root = step::root();
    let mut problems = Vec::new();
    let mut agents_lines = 0;
    for path in rust_files(&root)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let lines = lines_without_tests(&text);
        if shown.starts_with("host/agents/src") {
            agents_lines += lines;
        }
        problems.extend(check_rust(&shown, &text, lines));
    }
    if agents_lines > AGENTS_LINES_MAX {
        problems.push(format!("host/agents has {agents_lines} lines, more than {AGENTS_LINES_MAX}: split orchestration off"));
    }
    problems.extend(check_documents(&root));
    Ok(problems)
}

fn check_rust(shown: &str, text: &str, lines: usize) -> Vec<String> {
    let mut problems = Vec::new();
    let is_test = shown.contains("/tests/") || shown.starts_with("tests/");
    if lines > RUST_LINES_MAX && !is_test {
        problems.push(format!("{shown} has {lines} lines without tests, more than {RUST_LINES_MAX}: split it by concept"));
    }
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.starts_with("//!") && !first.starts_with("#![") && !first.starts_with("//") {
        problems.push(format!("{shown} does not begin with `//!`: say what the module is"));
    }
    let is_crate_root = shown.ends_with("src/lib.rs") && (shown.starts_with("host/") || shown.starts_with("sdk/"));
    if is_crate_root {
        let sentences: String = text.lines().take_while(|line| line.starts_with("//!")).map(|line| &line[3..]).collect();
        if sentences.matches('.').count() < 2 {
            problems.push(format!("{shown}: a crate opens with two sentences, what it is and what it must not know"));
        }
    }
    problems
}

fn check_documents(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let path = root.join("docs/ARCHITECTURE.md");
    match fs::read_to_string(&path).map(|text| text.lines().count()) {
        Ok(lines) if lines > ARCHITECTURE_LINES_MAX => {
            problems.push(format!("docs/ARCHITECTURE.md has {lines} lines, more than {ARCHITECTURE_LINES_MAX}"));
        }
        Ok(_) => {}
        Err(error) => problems.push(format!("docs/ARCHITECTURE.md: {error}")),
    }
    for folder in ["tools-wasm", "plugins/roles"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries.flatten() {
            if entry.path().join("plugin.toml").is_file() && !entry.path().join("README.md").is_file() {
                problems.push(format!("{} has no README.md", entry.path().strip_prefix(root).unwrap_or(&entry.path()).display()));
            }
        }
    }
    problems
}

/// Lines before the unit tests of a file.
fn lines_without_tests(text: &str) -> usize {
    text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
}

pub(super) fn rust_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        ["host", "sdk", "tools-wasm", "tests", "plugins"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_do_not_count_and_long_files_are_named() {
        let long = format!("//! A module.\n{}#[cfg(test)]\nmod tests {{}}\n", "fn f() {}\n".repeat(600));
        assert_eq!(lines_without_tests(&long), 601);
        let problems = check_rust("host/x/src/a.rs", &long, 601);
        assert!(problems[0].contains("601 lines"), "{problems:?}");
    }

    #[test]
    fn a_module_says_what_it_is() {
        assert!(check_rust("host/x/src/a.rs", "fn f() {}\n", 1)[0].contains("does not begin with"));
        assert!(check_rust("host/x/src/lib.rs", "//! One sentence.\n", 1)[0].contains("two sentences"));
        assert_eq!(check_rust("host/x/src/lib.rs", "//! One. Two.\n", 1), Vec::<String>::new());
    }
}
