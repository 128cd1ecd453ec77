//! Commands about the workspace: what changed in it. The git tool answers, on the same path as an agent's calls.

use octi_agents::{CallOptions, Outcome};
use octi_api::error::ErrorCode;
use octi_api::frames::Command;
use octi_domain::limits;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;
use crate::v1::workspaces;

/// What the tool says of differences.
#[derive(Debug, Deserialize)]
struct Diff {
    files: Vec<Changed>,
    patch: String,
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Changed {
    path: String,
    /// Lines; none for binary files.
    added: Option<u64>,
    deleted: Option<u64>,
}

/// What the tool says of the state of a repository.
#[derive(Debug, Deserialize)]
struct Status {
    files: Vec<Touched>,
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Touched {
    path: String,
    /// What the next commit will hold of it.
    staged: Option<String>,
    /// What happened since it was staged.
    unstaged: Option<String>,
}

/// By how many lines each file differs from what is staged, as `git diff --stat` counts them.
pub(super) async fn diff(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let found: Diff = ask(gateway, caller, command, "git__diff", json!({})).await?;
    let data = found.files.iter().map(|file| json!({"path": file.path, "added": file.added, "deleted": file.deleted}));
    let data = json!({ "files": data.collect::<Vec<_>>(), "truncated": found.truncated });
    Ok((counted(&found), data))
}

/// Which files changed, staged or not; with a path, the changed lines of that file.
pub(super) async fn changes(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    if let Some(path) = command.args.as_deref().map(str::trim).filter(|path| !path.is_empty()) {
        return lines_of(gateway, caller, command, path).await;
    }
    let found: Status = ask(gateway, caller, command, "git__status", json!({})).await?;
    let data = found.files.iter().map(|file| json!({"path": file.path, "staged": file.staged, "unstaged": file.unstaged}));
    let data = json!({ "files": data.collect::<Vec<_>>(), "truncated": found.truncated });
    Ok((listed(&found), data))
}

/// The lines that are not staged, and when there are none, those that are.
async fn lines_of(gateway: &Gateway, caller: &Caller, command: &Command, path: &str) -> ApiResult<(String, Value)> {
    for staged in [false, true] {
        let arguments = json!({"files": [path], "staged": staged});
        let found: Diff = ask(gateway, caller, command, "git__diff", arguments).await?;
        if !found.files.is_empty() {
            let data = json!({"path": path, "staged": staged, "truncated": found.truncated});
            return Ok((found.patch, data));
        }
    }
    Ok((format!("`{path}` has no changes that git follows"), json!({ "path": path })))
}

async fn ask<T: DeserializeOwned>(
    gateway: &Gateway,
    caller: &Caller,
    command: &Command,
    tool: &str,
    arguments: Value,
) -> ApiResult<T> {
    let workspace = workspaces::chosen(gateway, caller, None).await?;
    let options = CallOptions { session: command.session_id.map(Into::into), workspace, approved: false };
    let outcome = gateway.agents.call_tool(&caller.principal, tool, arguments, options).await?;
    if outcome.is_error {
        return Err(ApiError::new(ErrorCode::Refused, outcome.content));
    }
    let text = whole(gateway, caller, outcome).await?;
    serde_json::from_slice(&text).map_err(|error| {
        let message = format!("`{tool}` answered in another way than this command reads, or too much: call the tool itself");
        ApiError::new(ErrorCode::Upstream, message).with_log(Some(format!("the answer of `{tool}`: {error}")))
    })
}

/// The whole of a result, also of one that was too large for a conversation.
async fn whole(gateway: &Gateway, caller: &Caller, outcome: Outcome) -> ApiResult<Vec<u8>> {
    let Some(artifact) = outcome.artifact else { return Ok(outcome.content.into_bytes()) };
    let mut tx = gateway.store.read(&caller.principal).await?;
    let bytes = tx.artifact_bytes(artifact, 0, limits::RESULT_BYTES_MAX).await?;
    bytes.ok_or_else(|| ApiError::not_found("artifact"))
}

fn counted(found: &Diff) -> String {
    if found.files.is_empty() {
        return "nothing differs from what is staged".to_owned();
    }
    let line = |file: &Changed| match (file.added, file.deleted) {
        (Some(added), Some(deleted)) => format!("{} +{added} -{deleted}", file.path),
        _ => format!("{} (binary)", file.path),
    };
    let sum = |lines: fn(&Changed) -> Option<u64>| found.files.iter().filter_map(lines).sum::<u64>();
    let total = format!("{} files, +{} -{}", found.files.len(), sum(|file| file.added), sum(|file| file.deleted));
    joined(found.files.iter().map(line), total)
}

fn listed(found: &Status) -> String {
    if found.files.is_empty() {
        return "nothing changed".to_owned();
    }
    let line = |file: &Touched| match (file.staged.as_deref(), file.unstaged.as_deref()) {
        (Some(staged), Some(unstaged)) => format!("{}: {staged} (staged), {unstaged}", file.path),
        (Some(staged), None) => format!("{}: {staged} (staged)", file.path),
        (None, unstaged) => format!("{}: {}", file.path, unstaged.unwrap_or_default()),
    };
    let more = if found.truncated { " or more" } else { "" };
    joined(found.files.iter().map(line), format!("{}{more} files", found.files.len()))
}

fn joined(lines: impl Iterator<Item = String>, total: String) -> String {
    lines.chain([total]).collect::<Vec<_>>().join("\n")
}
