//! Runs a program of the machine through a profile of the operator: arguments as a list, no shell, and a bound on its time.

use std::collections::BTreeMap;
use std::time::Duration;

use octi_sdk::shell::{Command, Ending};
use octi_sdk::{Output, ToolError, data, tool};

/// Files that are told.
const FILES_MAX: usize = 20;

#[data]
struct Changed {
    path: String,
    /// Commits that changed it.
    commits: usize,
}

#[data]
struct Churn {
    /// Those that changed most stand first, at most 20.
    files: Vec<Changed>,
}

/// Says which files of a git repository changed in most of its last commits. Files that change often are where mistakes are.
#[tool]
fn churn(
    /// A directory of the repository, relative to the workspace.
    path: String,
    /// How many commits to look at, from 1 to 1000; 200 unless it is given.
    commits: Option<u16>,
) -> Result<Output<Churn>, ToolError> {
    let commits = commits.unwrap_or(200).clamp(1, 1000);
    let command = Command::new("git").cwd(path.as_str()).timeout(Duration::from_secs(20));
    let arguments = ["log", "--format=", "--name-only", "-z", "-n"].map(str::to_owned).into_iter().chain([commits.to_string()]);
    let ended = arguments.fold(command, Command::arg).run()?;
    if ended.ending != Ending::Exited(0) {
        let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        return Err(ToolError::Failed(format!("git cannot read the history of `{path}`: {said}")));
    }
    let files = counted(&String::from_utf8_lossy(&ended.stdout));
    let first = files.first().map_or("nothing".to_owned(), |file| format!("{} ({} times)", file.path, file.commits));
    Ok(Output::new(Churn { files }).summary(format!("changes most: {first}")))
}

fn counted(names: &str) -> Vec<Changed> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.split(['\0', '\n']).filter(|name| !name.is_empty()) {
        *counts.entry(name).or_default() += 1;
    }
    let mut files: Vec<Changed> = counts.into_iter().map(|(path, commits)| Changed { path: path.to_owned(), commits }).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.commits));
    files.truncate(FILES_MAX);
    files
}

octi_sdk::plugin!(churn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_most_stands_first() {
        let files = counted("a\0b\0\nb\0c d\0");
        assert_eq!(
            files.iter().map(|file| (file.path.as_str(), file.commits)).collect::<Vec<_>>(),
            [("b", 2), ("a", 1), ("c d", 1)]
        );
    }
}
