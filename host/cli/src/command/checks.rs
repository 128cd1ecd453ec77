//! Checks of an installation or a machine: how each ended, and what to do about it.

use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::output::{BAD, HINT, OK, Printer, WARN};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works, but less well than it could.
    Weak,
    Bad,
}

#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, detail: detail.into(), hint: None }
    }

    pub(crate) fn weak(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Weak, detail: detail.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn bad(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Bad, detail: detail.into(), hint: Some(hint.into()) }
    }
}

/// Shows all of them.
///
/// # Errors
/// When one is bad.
pub(crate) fn tell(printer: Printer, checks: &[Check]) -> Outcome {
    let bad = checks.iter().filter(|check| check.verdict == Verdict::Bad).count();
    printer.data(&checks, |printer| {
        let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        for check in checks {
            let mark = match check.verdict {
                Verdict::Ok => format!("{OK}✓ ok  {OK:#}"),
                Verdict::Weak => format!("{WARN}! weak{WARN:#}"),
                Verdict::Bad => format!("{BAD}✗ bad {BAD:#}"),
            };
            printer.line(&format!("{mark}  {:width$}  {}", check.name, check.detail));
            if let Some(hint) = &check.hint {
                printer.line(&format!("        {:width$}  {HINT}{hint}{HINT:#}", ""));
            }
        }
    });
    if bad > 0 { Err(Failure::user(format!("{bad} of {} checks failed", checks.len()))) } else { Ok(()) }
}
