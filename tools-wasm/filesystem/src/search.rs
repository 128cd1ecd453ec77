//! `search_files`.

use octi_sdk::fs::{self, Dir, Hit, Kind, Query};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::{nearest, path, text};

/// Matches returned when no number was asked for.
const MATCHES_DEFAULT: u32 = 50;
/// Matches returned at most.
const MATCHES_MAX: u32 = 500;
/// Hits the host returns at most.
const HITS_MAX: u32 = 1_000;
/// Characters shown of a line.
const LINE_CHARS_MAX: usize = 300;

#[data]
struct SearchFiles {
    /// A glob for names, such as `*.rs` (anywhere below `path`) or `src/**/*.rs` (from `path`).
    #[serde(default)]
    name: Option<String>,
    /// A regular expression to find in the text of the files, line by line, such as `fn \w+_file`.
    #[serde(default)]
    content: Option<String>,
    /// Where to search, relative to the workspace: a directory or a file. Default: the whole workspace.
    #[serde(default)]
    path: String,
    /// Finds `content` in upper and lower case.
    #[serde(default)]
    ignore_case: bool,
    /// How many matches to return, at most 500. Default: 50.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

#[data]
struct Found {
    matches: Vec<Match>,
    /// There are more matches than were returned.
    truncated: bool,
}

#[data]
struct Match {
    path: String,
    /// The line, from 1; left out when only names were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Finds files of the workspace by name, by content, or both: with `content`, the matching lines of the files that `name` allows;
/// without it, the paths.
#[tool]
fn search_files(args: SearchFiles) -> Result<Output<Found>, ToolError> {
    let path = path::clean(&args.path)?;
    let name = args.name.filter(|name| !name.is_empty());
    let content = args.content.filter(|content| !content.is_empty());
    if name.is_none() && content.is_none() {
        return Err(ToolError::BadInput("pass `name`, `content` or both; `list_directory` lists everything".to_owned()));
    }
    let limit = args.limit.unwrap_or(MATCHES_DEFAULT).clamp(1, MATCHES_MAX);
    let dir = fs::workspace()?;
    let kind = kind_of(&dir, &path)?;
    let glob = glob_for(name.as_deref(), &path, kind)?;
    let pattern = content.as_ref().map(|content| if args.ignore_case { format!("(?i){content}") } else { content.clone() });
    let by_content = pattern.is_some();
    let one_file = kind != Kind::Directory;
    let mut hits = dir.search(Query { glob, pattern, max: if one_file { HITS_MAX } else { limit + 1 } }).map_err(explain)?;
    // A glob without `/` also matches files of that name elsewhere.
    hits.retain(|hit| !one_file || hit.path == path);
    let truncated = hits.len() > limit as usize;
    hits.truncate(limit as usize);
    let matches: Vec<Match> = hits.into_iter().map(|hit| Match::of(hit, by_content)).collect();
    let more = if truncated { " (more were left out)" } else { "" };
    let summary = format!("{}{more}", text::count(matches.len() as u64, "match").replace("matchs", "matches"));
    Ok(Output::new(Found { matches, truncated }).summary(summary))
}

fn kind_of(dir: &Dir, path: &str) -> Result<Kind, ToolError> {
    if path == path::ROOT {
        return Ok(Kind::Directory);
    }
    Ok(dir.stat(path).map_err(|error| nearest::explain(dir, path, error))?.kind)
}

/// The glob, from the workspace's root, for names below a path.
fn glob_for(name: Option<&str>, path: &str, kind: Kind) -> Result<Option<String>, ToolError> {
    if let Some(name) = name
        && (name.starts_with('/') || name.split('/').any(|part| part == ".."))
    {
        return Err(ToolError::BadInput(format!("argument `name`: `{name}` leads out of `path`; write a glob such as `*.md`")));
    }
    if kind != Kind::Directory {
        return Ok(Some(literal(path)));
    }
    let below = name.map(|name| {
        let name = name.trim_start_matches("./");
        if name.contains('/') { name.to_owned() } else { format!("**/{name}") }
    });
    Ok(match (path, below) {
        (path::ROOT, below) => below,
        (path, below) => Some(format!("{}/{}", literal(path), below.as_deref().unwrap_or("**"))),
    })
}

/// A path as a glob that matches nothing else.
fn literal(path: &str) -> String {
    path.chars().map(|c| if "*?[]{}".contains(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

fn explain(error: HostError) -> ToolError {
    match error {
        HostError::Invalid(text) => ToolError::BadInput(format!("{text}; `name` is a glob, `content` a regular expression")),
        other => other.into(),
    }
}

impl Match {
    fn of(hit: Hit, by_content: bool) -> Self {
        let Hit { path, line, text, .. } = hit;
        if by_content {
            Self { path, line: Some(line), text: Some(text::cut(text.trim_end(), LINE_CHARS_MAX)) }
        } else {
            Self { path, line: None, text: None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_for_below_the_path() {
        for (name, path, glob) in [
            (Some("*.rs"), ".", Some("**/*.rs")),
            (Some("src/*.rs"), ".", Some("src/*.rs")),
            (Some("./src/*.rs"), ".", Some("src/*.rs")),
            (Some("*.rs"), "src", Some("src/**/*.rs")),
            (None, "src", Some("src/**")),
            (None, ".", None),
            (None, "a[1]", Some("a[[]1[]]/**")),
        ] {
            assert_eq!(glob_for(name, path, Kind::Directory), Ok(glob.map(str::to_owned)), "{name:?} in {path}");
        }
        assert_eq!(glob_for(Some("*"), "a.txt", Kind::File), Ok(Some("a.txt".to_owned())));
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../*", "/etc/*", "a/../../b"] {
            assert!(matches!(glob_for(Some(name), ".", Kind::Directory), Err(ToolError::BadInput(_))), "{name}");
        }
    }

    #[test]
    fn a_match_by_name_has_no_line() {
        let hit = Hit { path: "a".to_owned(), line: 3, column: 1, text: "x  ".to_owned() };
        let found = Match::of(hit.clone(), true);
        assert_eq!((found.line, found.text.as_deref()), (Some(3), Some("x")));
        assert_eq!(Match::of(hit, false).line, None);
    }
}
