//! `octi plugin call`: a tool by hand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use octi_api::v1::tools::ExecuteTool;
use octi_author::{Called, Project, Workbench, WorkbenchConfig};
use octi_config::env;
use octi_engine::{CompileLimits, Compiler, Usage};
use octi_extension::tool::{Artifact, ToolError};
use octi_security::sandbox::egress::Endpoints;
use serde_json::{Value, json};

use crate::command::Context;
use crate::compose;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, DIM, Printer, human_bytes};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  octi plugin call filesystem.read_file '{\"path\": \"notes.md\"}'      a tool of your octi
  octi plugin call . count '{\"path\": \"README.md\"}' --workspace .   the plugin of this folder, built first
  octi plugin call hello.wasm count '{\"path\": \"README.md\"}' --workspace .   a plugin file
  octi plugin call . today --secrets secrets.json                    with {\"weather_key\": \"…\"} for its header";
/// Bytes of a file of secrets.
const SECRETS_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// A tool such as `filesystem.read_file`; or the file or folder of a plugin
    plugin: String,
    /// Its arguments, as JSON; after a file or folder, the operation and its arguments
    #[arg(num_args = 0..=2, value_name = "ARGUMENTS")]
    rest: Vec<String>,
    /// Run it even where it would ask
    #[arg(long)]
    yes: bool,
    /// For a file or folder: what the plugin finds as its workspace; default: an empty one
    #[arg(long, value_name = "FOLDER")]
    workspace: Option<PathBuf>,
    /// For a file or folder: a JSON file of secrets by name, for the headers that its manifest binds them to
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// For a folder: the profile of its `Cargo.toml`
    #[arg(long, default_value = "release")]
    profile: String,
}

impl Options {
    /// Whether it names a file or a folder of this machine.
    pub(super) fn is_local(&self) -> bool {
        let path = Path::new(&self.plugin);
        path.is_file() || path.join("plugin.toml").is_file()
    }

    /// A tool that is installed, its operation and the arguments, as far as one can tell without asking a server.
    pub(super) fn installed(&self) -> Outcome<(&str, &str, Value)> {
        let name = &self.plugin;
        let arguments = match self.rest.as_slice() {
            [] => "{}",
            [arguments] => arguments,
            _ => {
                return Err(Failure::user(format!("`{name}` is neither the file nor the folder of a plugin"))
                    .hint("an installed tool is called with one word of arguments, as JSON"));
            }
        };
        let (tool, operation) = name.split_once('.').or_else(|| name.split_once("__")).ok_or_else(|| {
            Failure::user(format!("`{name}` is not a tool"))
                .hint("write it like `filesystem.read_file`; `octi permission list` shows them all")
        })?;
        Ok((tool, operation, parsed(arguments)?))
    }
}

fn parsed(arguments: &str) -> Outcome<Value> {
    serde_json::from_str(arguments).map_err(|error| {
        Failure::user("the arguments are not JSON").because(&error).hint("write them like '{\"path\": \"a.txt\"}'")
    })
}

/// A tool of the server.
pub(super) async fn installed(context: &Context, connection: &Connection, options: &Options) -> Outcome {
    let (tool, operation, arguments) = options.installed()?;
    let name = &options.plugin;
    let wanted = ExecuteTool { arguments, session_id: None, approve: options.yes };
    let outcome = connection.client.execute_tool(tool, operation, &wanted).await.map_err(|error| {
        let needs_yes = error.code() == Some(octi_api::error::ErrorCode::ApprovalRequired);
        let failure = Failure::from(error);
        if needs_yes { failure.hint("add `--yes` to run it this once") } else { failure }
    })?;
    context.printer.data(&outcome, |printer| {
        printer.line(&outcome.content);
        for file in &outcome.files {
            printer.note(&format!("{DIM}it gave the file{DIM:#} {} ({}, {} bytes)", file.name, file.media_type, file.bytes));
        }
        outcome.files_lost.iter().for_each(|why| printer.note(&format!("{DIM}its files were not kept: {why}{DIM:#}")));
    });
    if outcome.is_error { Err(Failure::user(format!("`{name}` failed: {}", outcome.summary))) } else { Ok(()) }
}

/// A plugin on a throw-away engine: it has what its manifest asks for, the network of this machine, the secrets of `--secrets`, and
/// remembers nothing.
pub(super) async fn local(context: &Context, options: &Options) -> Outcome {
    let path = Path::new(&options.plugin);
    let (bytes, file_name) = if path.is_file() {
        (super::read(path)?, super::file_name(path))
    } else {
        (Box::pin(octi_author::build(&Project::open(path)?, &options.profile)).await?.bytes, super::BUILT.to_owned())
    };
    let empty = tempfile::tempdir().map_err(|error| Failure::us("no folder can be made").because(&error))?;
    let workspace = options.workspace.as_deref().unwrap_or_else(|| empty.path());
    let workspace = workspace
        .canonicalize()
        .map_err(|error| Failure::user(format!("`{}` cannot be a workspace", workspace.display())).because(&error))?;
    let secrets = options.secrets.as_deref().map_or_else(|| Ok(BTreeMap::new()), secrets)?;
    let bench = Box::pin(Workbench::start(workbench(context)?, bytes, &file_name)).await?;
    let person = bench.person();
    secrets.iter().for_each(|(name, value)| bench.give_secret(person, name, value));
    let outcome = call(context.printer, (&bench, person), options, &workspace).await;
    let lacks_secrets = secrets.is_empty() && !bench.manifest().capabilities.vault.is_empty();
    bench.stop().await;
    outcome.map_err(|failure| {
        let given = "it had no secrets: those of your octi stay there, and `--secrets FILE` gives some to this call";
        if lacks_secrets { failure.hint(given) } else { failure }
    })
}

/// The secrets of a file. What is wrong with it is told without a word of what is in it.
fn secrets(path: &Path) -> Outcome<BTreeMap<String, String>> {
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SECRETS_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| Failure::user(format!("the secrets in `{shown}` cannot be read")).because(&error))?;
    if text.len() as u64 > SECRETS_BYTES_MAX {
        return Err(Failure::user(format!("`{shown}` has more than {SECRETS_BYTES_MAX} bytes")));
    }
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::user(format!("`{shown}` is not a JSON object of texts: see {place}"))
            .hint("write it like `{\"weather_key\": \"…\"}`: the name that plugin.toml has under `vault`, and the value")
    })
}

async fn call(
    printer: Printer,
    (bench, person): (&Workbench, octi_domain::ids::UserId),
    options: &Options,
    workspace: &Path,
) -> Outcome {
    let manifest = bench.manifest();
    let grants = manifest.lines();
    let names: Vec<String> = manifest.tools.keys().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return Err(Failure::user(format!("{} has no operations to call", manifest.id))
            .hint("`octi plugin test` runs the cases of a role, a skill, a hook or a channel"));
    }
    let (operation, arguments) = match options.rest.as_slice() {
        [operation] => (operation, json!({})),
        [operation, arguments] => (operation, parsed(arguments)?),
        _ => {
            return Err(Failure::user(format!("name an operation of {}: {}", manifest.id, names.join(", ")))
                .hint(format!("`octi plugin call {} OPERATION '{{…}}'`", options.plugin)));
        }
    };
    if !printer.is_json() {
        printer.note(&format!("{BOLD}{} {}{BOLD:#} may reach", manifest.id, manifest.version));
        grants.iter().for_each(|line| printer.note(&format!("  {line}")));
        if grants.is_empty() {
            printer.note("  nothing");
        }
    }
    let Called { result, usage } = bench.call(person, workspace, operation, &arguments).await;
    let mut told = json!({ "plugin": manifest.id, "operation": operation, "mayReach": grants, "isError": result.is_err() });
    told["usage"] = usage.as_ref().map_or(Value::Null, usage_json);
    match &result {
        Ok(output) => {
            told["content"] = output.content.clone();
            told["summary"] = json!(output.summary);
            let file = |file: &Artifact| json!({ "name": file.name, "mediaType": file.media_type, "bytes": file.content.len() });
            told["files"] = output.artifacts.iter().map(file).collect();
        }
        Err(error) => told["error"] = json!({ "code": error.code(), "message": error.to_string() }),
    }
    printer.data(&told, |printer| {
        if let Ok(output) = &result {
            printer.line(&output.content.to_string());
            output.summary.iter().for_each(|summary| printer.note(summary));
            for Artifact { name, media_type, content, .. } in &output.artifacts {
                printer.note(&format!("{DIM}it gave the file{DIM:#} {name} ({media_type}, {} bytes)", content.len()));
            }
        }
        usage.iter().flat_map(usage_lines).for_each(|line| printer.note(&format!("{DIM}{line}{DIM:#}")));
    });
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::user(failed(operation, &error))),
    }
}

/// The code says more than the word before it, unless it is that word.
fn failed(operation: &str, error: &ToolError) -> String {
    match error.code() {
        "failed" => format!("`{operation}` failed: {error}"),
        code => format!("`{operation}` failed with {code}: {error}"),
    }
}

/// A throw-away engine with this installation's doors to programs and the network.
fn workbench(context: &Context) -> Outcome<WorkbenchConfig> {
    let (launch, egress, processes) = compose::open_doors(&context.config)?;
    let searxng = context.config.searxng_url.clone();
    let endpoints = Endpoints::default().with("searxng", env::OCTI_SEARXNG_URL, searxng);
    let compiler = Compiler::Helper { program: launch.launcher, level: launch.level, limits: CompileLimits::default() };
    Ok(WorkbenchConfig { processes, compiler, cache: None, egress: Some(egress), endpoints })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn usage_json(usage: &Usage) -> Value {
    let times = &usage.times;
    json!({
        "totalUs": micros(times.total),
        "startUs": micros(times.store + times.instantiate),
        "guestUs": micros(times.guest),
        "hostUs": micros(times.host),
        "memoryPeakBytes": usage.memory_peak,
        "hostCalls": usage.host_calls().collect::<std::collections::BTreeMap<_, _>>(),
        "hostCallsRefused": usage.refused,
        "logLines": usage.log_lines,
        "logLinesDropped": usage.log_dropped,
        "bytesIn": usage.bytes_in,
        "bytesOut": usage.bytes_out,
    })
}

fn usage_lines(usage: &Usage) -> Vec<String> {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let times = &usage.times;
    let start = times.store + times.instantiate;
    let calls: Vec<String> = usage.host_calls().map(|(capability, count)| format!("{capability} {count}")).collect();
    let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(", ") };
    vec![
        format!("time        {} ({} start, {} plugin, {} host)", ms(times.total), ms(start), ms(times.guest), ms(times.host)),
        format!("memory      {} at most", human_bytes(usage.memory_peak)),
        format!("host calls  {calls}; {} refused", usage.refused),
        format!("log         {} lines, {} dropped", usage.log_lines, usage.log_dropped),
    ]
}

#[cfg(test)]
mod tests {
    use octi_engine::Times;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_of_secrets_is_told_without_a_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets.json");
        let told = |text: &str| {
            std::fs::write(&path, text).expect("a file");
            secrets(&path).map_or_else(|failure| format!("{failure:?}"), |found| format!("{} found", found.len()))
        };
        assert_eq!(told(r#"{"a":"hush-1","b":"hush-2"}"#), "2 found");
        for text in [r#"{"a":"hush-1","#, r#"{"a":["hush-1"]}"#, r#""hush-1""#] {
            let told = told(text);
            assert!(told.contains("is not a JSON object of texts") && !told.contains("hush"), "{told}");
        }
        assert!(told(&" ".repeat(SECRETS_BYTES_MAX as usize + 1)).contains("more than 65536 bytes"));
        assert!(secrets(&folder.path().join("none")).is_err());
    }

    #[test]
    fn what_a_call_used_is_said_in_four_lines() {
        let times = Times { total: Duration::from_micros(3_250), guest: Duration::from_millis(2), ..Times::default() };
        let mut usage = Usage::default();
        (usage.memory_peak, usage.log_lines, usage.times) = (2 << 20, 1, times);
        assert_eq!(
            usage_lines(&usage),
            [
                "time        3.2 ms (0.0 ms start, 2.0 ms plugin, 0.0 ms host)",
                "memory      2.0 MiB at most",
                "host calls  none; 0 refused",
                "log         1 lines, 0 dropped",
            ]
        );
        assert_eq!(usage_json(&usage)["totalUs"], 3_250);
    }
}
