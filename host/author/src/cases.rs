//! Cases: folders that say what is there, what is called, and what must come of it. `tools-wasm/README.md` defines them.

mod after;
mod case;
mod given;
mod kinds;
mod matching;
mod problem;
mod scripted;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use octi_domain::limits;
use serde::Serialize;

use crate::error::AuthorError;
use crate::files;
use crate::workbench::Workbench;
use case::Case;
pub use problem::{Difference, Problem};

/// A case, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// The name of its folder, which says what is true when it passes.
    pub name: String,
    path: PathBuf,
}

/// How a case ended.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    pub name: String,
    pub ok: bool,
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub took: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The cases of a folder in the order of their names; with `only`, those that have it in their name.
///
/// # Errors
/// [`AuthorError`] when there are none, too many, or the folder cannot be read.
pub fn find_cases(folder: &Path, only: Option<&str>) -> Result<Vec<CaseFile>, AuthorError> {
    let none = || AuthorError::NoCases(folder.display().to_string());
    let unreadable = |error: std::io::Error| AuthorError::file(folder, &error);
    if !folder.is_dir() {
        return Err(none());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') {
            found.push(CaseFile { name, path });
        }
        if found.len() > limits::CASES_MAX {
            return Err(AuthorError::TooMany { path: folder.display().to_string(), max: limits::CASES_MAX, what: "cases" });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.is_empty() {
        return Err(none());
    }
    let Some(only) = only else { return Ok(found) };
    let (wanted, others): (Vec<CaseFile>, Vec<CaseFile>) = found.into_iter().partition(|case| case.name.contains(only));
    if wanted.is_empty() {
        let names: Vec<String> = others.iter().map(|case| format!("`{}`", case.name)).collect();
        return Err(AuthorError::NoSuchCase { wanted: only.to_owned(), names: names.join(", ") });
    }
    Ok(wanted)
}

impl CaseFile {
    /// Runs it in a new workspace for a new person. Only one case runs on a workbench at a time: they share its web.
    pub async fn run(&self, bench: &Workbench) -> CaseReport {
        let begun = Instant::now();
        let problem = match self.read() {
            Ok(case) => case.run(bench).await.err().map(|problem| problem.on(bench.web.missed())),
            Err(problem) => Some(problem),
        };
        CaseReport { name: self.name.clone(), ok: problem.is_none(), took: begun.elapsed(), problem }
    }

    fn read(&self) -> Result<Case, Problem> {
        let path = self.path.join("case.json");
        let text = files::read_text(&path, limits::CASE_BYTES_MAX).map_err(|error| Problem::of(error.to_string()))?;
        Case::parse(&text).map_err(|problem| Problem::of(format!("case.json is not a case: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_come_in_the_order_of_their_names_and_are_chosen_by_them() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(find_cases(&folder.path().join("cases"), None), Err(AuthorError::NoCases(_))));
        assert!(matches!(find_cases(folder.path(), None), Err(AuthorError::NoCases(_))));
        for name in ["b_two", "a_one", ".hidden"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let names = |only| find_cases(folder.path(), only).map(|all| all.into_iter().map(|case| case.name).collect::<Vec<_>>());
        assert_eq!(names(None).unwrap(), ["a_one", "b_two"]);
        assert_eq!(names(Some("two")).unwrap(), ["b_two"]);
        let refused = names(Some("three")).unwrap_err().to_string();
        assert_eq!(refused, "no case has `three` in its name; there is `a_one`, `b_two`");
    }

    #[test]
    fn a_case_that_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}{}", r#"{ "steps": [{ "call": "x", "output": {} }] }"#, " ".repeat(limits::CASE_BYTES_MAX));
        fs::write(folder.path().join("case.json"), &text).unwrap();
        let case = CaseFile { name: "long".to_owned(), path: folder.path().to_owned() };
        let problem = case.read().unwrap_err().message;
        assert!(problem.contains("more than the 1048576 allowed"), "{problem}");
        fs::write(folder.path().join("case.json"), &text[..limits::CASE_BYTES_MAX]).unwrap();
        assert!(case.read().is_ok());
    }

    #[test]
    fn more_cases_than_anybody_writes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=limits::CASES_MAX {
            fs::create_dir(folder.path().join(number.to_string())).unwrap();
        }
        assert!(matches!(find_cases(folder.path(), None), Err(AuthorError::TooMany { .. })));
    }
}
