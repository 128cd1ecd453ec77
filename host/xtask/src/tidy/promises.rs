//! docs/SECURITY.md promises what tests prove: the files and tests it names are there.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::step;

const DOCUMENT: &str = "docs/SECURITY.md";
/// The heading of the column that names tests. Each of its cells is `path.rs`: `test`, `test`; `path.rs`: `test`.
const PROOF: &str = "proof";

/// What is wrong with the promises.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let root = step::root();
    let text = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read `{DOCUMENT}`"))?;
    Ok(problems(&root, &text))
}

fn problems(root: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (mut rows, mut proves) = (0, false);
    for (line, number) in text.lines().zip(1..) {
        let mut wrong = |problem: String| problems.push(format!("{DOCUMENT}:{number}: {problem}"));
        for file in quoted(line).filter(|word| is_file(word) && !root.join(word).is_file()) {
            wrong(format!("there is no file `{file}`"));
        }
        let Some(cell) = line.strip_prefix('|').and_then(|row| row.trim_end().strip_suffix('|')?.rsplit('|').next()) else {
            proves = false;
            continue;
        };
        if cell.trim() == PROOF {
            proves = true;
        } else if proves && !cell.trim().starts_with("---") {
            rows += 1;
            unproven(root, cell).into_iter().for_each(&mut wrong);
        }
    }
    if rows == 0 {
        problems.push(format!("{DOCUMENT} has no table with a column `{PROOF}`"));
    }
    problems
}

/// What a cell names and is not there. A cell without a test proves nothing.
fn unproven(root: &Path, cell: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (mut file, mut source, mut tests) = ("", String::new(), 0);
    for word in quoted(cell) {
        if is_file(word) {
            // A file that is missing was told already, and has no tests.
            (file, source) = (word, fs::read_to_string(root.join(word)).unwrap_or_default());
        } else {
            tests += 1;
            if !source.contains(&format!("fn {word}(")) {
                problems.push(format!("there is no test `{word}` in `{file}`: name the one that proves this, or write it"));
            }
        }
    }
    if tests == 0 {
        problems.push("this promise names no test".to_owned());
    }
    problems
}

fn is_file(word: &str) -> bool {
    word.ends_with(".rs")
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_needs_a_test_that_is_there() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        fs::write(root.path().join("a.rs"), "fn it_holds() {}\nfn it_holds_too(db) {}\n")?;
        let page = |cell: &str| format!("| attack | proof |\n| --- | --- |\n| `x` | {cell} |\n");
        let wrong = |cell: &str| problems(root.path(), &page(cell)).join("\n");
        assert_eq!(wrong("`a.rs`: `it_holds`, `it_holds_too`"), "");
        assert!(wrong("`a.rs`: `it_holds`, `it_hold`").contains("SECURITY.md:3: there is no test `it_hold` in `a.rs`"));
        assert!(wrong("`it_holds`").contains("no test `it_holds`"), "a test without its file is not found");
        assert!(wrong("`b.rs`: `it_holds`").contains("there is no file `b.rs`"));
        assert!(wrong("`a.rs`").contains("names no test") && wrong("").contains("names no test"));
        assert!(problems(root.path(), "| attack | `gone.rs` |\n").join("\n").contains("no file `gone.rs`"));
        assert!(problems(root.path(), "nothing").join("\n").contains("no table"));
        Ok(())
    }

    #[test]
    fn the_document_promises_what_is_tested() -> anyhow::Result<()> {
        assert_eq!(check()?, Vec::<String>::new());
        Ok(())
    }
}
