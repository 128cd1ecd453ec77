//! Long work: it says how far it is, stops when nobody waits any more, and has a bound on everything.

use std::collections::BTreeMap;

use octi_sdk::fs::{self, Dir, Kind, Query};
use octi_sdk::{Output, ToolError, data, log, tool};

/// Files that are compared, and bytes of each.
const FILES_MAX: u32 = 900;
const FILE_BYTES_MAX: u64 = 256 * 1024;

#[data]
struct Duplicates {
    /// Files that are the same, the largest first.
    groups: Vec<Vec<String>>,
    /// Bytes that would be free with one of each.
    wasted: u64,
}

/// Finds files with the same content in the workspace.
#[tool]
fn find(
    /// Which files, such as `photos/**/*.jpg`; every file unless it is given.
    files: Option<String>,
) -> Result<Output<Duplicates>, ToolError> {
    let workspace = fs::workspace()?;
    let by_size = by_size(&workspace, files.unwrap_or_else(|| "**/*".to_owned()))?;
    let (mut found, mut wasted, sizes) = (Vec::new(), 0, by_size.len());
    for (done, (size, files)) in by_size.into_iter().rev().enumerate() {
        if log::cancelled() {
            return Err(ToolError::Unavailable("nobody waits for it any more".to_owned()));
        }
        log::progress(done as f32 / sizes as f32, &format!("comparing {} files of {size} bytes", files.len()));
        // One size at a time, so that no more than its files are in memory.
        let mut same: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        for file in files {
            same.entry(workspace.open(&file)?.read_to_end(FILE_BYTES_MAX as usize)?).or_default().push(file);
        }
        let groups: Vec<Vec<String>> = same.into_values().filter(|files| files.len() > 1).collect();
        wasted += groups.iter().map(|files| (files.len() as u64 - 1) * size).sum::<u64>();
        found.extend(groups);
    }
    let summary = format!("{} groups of files that are the same, {wasted} bytes too many", found.len());
    Ok(Output::new(Duplicates { groups: found, wasted }).summary(summary))
}

/// The files by their size, as far as another one has it too.
fn by_size(workspace: &Dir, glob: String) -> Result<BTreeMap<u64, Vec<String>>, ToolError> {
    let hits = workspace.search(Query { glob: Some(glob), pattern: None, max: FILES_MAX + 1 })?;
    if hits.len() > FILES_MAX as usize {
        return Err(ToolError::BadInput(format!(
            "there are more than {FILES_MAX} files; name some of them, such as `photos/**`"
        )));
    }
    let mut by_size: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for path in hits.into_iter().map(|hit| hit.path) {
        let entry = workspace.stat(&path)?;
        if entry.kind == Kind::File && (1..=FILE_BYTES_MAX).contains(&entry.size) {
            by_size.entry(entry.size).or_default().push(path);
        }
    }
    by_size.retain(|_, files| files.len() > 1);
    Ok(by_size)
}

octi_sdk::plugin!(find);
