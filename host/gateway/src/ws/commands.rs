//! The commands a person types, answered without a model.

mod expert;
mod persona;
mod session;
mod workspace;

use futures::future::BoxFuture;
use octi_api::error::ErrorCode;
use octi_api::frames::{Command, CommandResult};
use octi_security::audit::Deed;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;
use crate::v1::sessions;

/// One command.
struct Spec {
    name: &'static str,
    aliases: &'static [&'static str],
    meaning: &'static str,
    /// Only for administrators: others are not told of it and are refused.
    is_admin: bool,
    verb: Verb,
}

#[derive(Clone, Copy)]
enum Verb {
    Help,
    Status,
    Abort,
    Changes,
    Clear,
    Cost,
    Diff,
    Reload,
    Version,
    Expert,
    Persona,
    Compact,
}

/// A command for everybody.
const fn open(name: &'static str, aliases: &'static [&'static str], meaning: &'static str, verb: Verb) -> Spec {
    Spec { name, aliases, meaning, is_admin: false, verb }
}

const COMMANDS: &[Spec] = &[
    open("help", &["h", "?"], "list the commands", Verb::Help),
    open("status", &["s"], "what is running", Verb::Status),
    open("abort", &["stop", "cancel"], "stop what is running", Verb::Abort),
    open("clear", &["cls", "reset"], "go on without what was said before", Verb::Clear),
    open("cost", &[], "what the session used and cost", Verb::Cost),
    open("diff", &[], "how much differs from what is staged", Verb::Diff),
    open("changes", &[], "which files changed, or the changed lines of the one that is named", Verb::Changes),
    Spec {
        name: "reload-extensions",
        aliases: &["reload"],
        meaning: "read every plugin again, or the one that is named",
        is_admin: true,
        verb: Verb::Reload,
    },
    open("version", &["v"], "version and build of the server", Verb::Version),
    open("expert", &["e"], "the roles, or let the one that is named answer; `reset` goes back", Verb::Expert),
    open("persona", &[], "how you want to be answered, in every session", Verb::Persona),
    open("compact", &[], "summarise what is old and keep what is new; what you add is kept above all", Verb::Compact),
];

/// How a command is answered.
pub(super) enum Answered {
    Now(CommandResult),
    /// By a model, which takes its time.
    Later(Later),
}

/// The answer to a command that takes its time.
pub(super) type Later = BoxFuture<'static, CommandResult>;

/// Runs a command for a caller whose rights were read just now.
pub(super) async fn run(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<Answered> {
    let Some(spec) = find(&command.name) else {
        return Ok(Answered::Now(unknown(&command.name)));
    };
    if spec.is_admin && !caller.principal.is_admin() {
        let message = format!("only an administrator may use `/{}`: it changes the host for everybody", spec.name);
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    let (result, data) = match spec.verb {
        Verb::Help => help(caller.principal.is_admin()),
        Verb::Status => status(gateway, caller, command).await?,
        Verb::Abort => abort(gateway, caller, command).await?,
        Verb::Changes => workspace::changes(gateway, caller, command).await?,
        Verb::Clear => session::clear(gateway, caller, command).await?,
        Verb::Cost => session::cost(gateway, caller, command).await?,
        Verb::Diff => workspace::diff(gateway, caller, command).await?,
        Verb::Reload => reload(gateway, caller, command).await?,
        Verb::Version => version(gateway),
        Verb::Expert => expert::expert(gateway, caller, command).await?,
        Verb::Persona => persona::persona(gateway, caller, command).await?,
        Verb::Compact => return Ok(Answered::Later(session::compact(gateway, caller, command).await?)),
    };
    Ok(Answered::Now(CommandResult { name: spec.name.to_owned(), result, error: None, data: Some(data) }))
}

fn find(name: &str) -> Option<&'static Spec> {
    let name = name.trim().trim_start_matches('/').to_lowercase();
    COMMANDS.iter().find(|spec| spec.name == name || spec.aliases.contains(&name.as_str()))
}

fn unknown(name: &str) -> CommandResult {
    let name = name.trim().trim_start_matches('/').to_owned();
    let hint = format!("there is no command `/{name}`; `/help` lists them");
    CommandResult { name, result: hint.clone(), error: Some(hint), data: None }
}

/// What the caller may use.
fn help(is_admin: bool) -> (String, Value) {
    let allowed: Vec<&Spec> = COMMANDS.iter().filter(|spec| is_admin || !spec.is_admin).collect();
    let line = |spec: &&Spec| {
        let aliases = spec.aliases.iter().map(|alias| format!("/{alias}")).collect::<Vec<_>>().join(" ");
        let aliases = if aliases.is_empty() { aliases } else { format!(" ({aliases})") };
        format!("/{}{aliases}: {}", spec.name, spec.meaning)
    };
    let commands: Vec<Value> =
        allowed.iter().map(|spec| json!({"name": spec.name, "aliases": spec.aliases, "meaning": spec.meaning})).collect();
    (allowed.iter().map(line).collect::<Vec<_>>().join("\n"), json!({ "commands": commands }))
}

async fn status(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let running = gateway.agents.running(&caller.principal);
    let mut lines = vec![match running.len() {
        0 => "nothing is running".to_owned(),
        1 => "1 agent is running".to_owned(),
        count => format!("{count} agents are running"),
    }];
    let mut data = json!({"agents": running.iter().map(ToString::to_string).collect::<Vec<_>>()});
    if let Some(id) = command.session_id {
        let mut tx = gateway.store.read(&caller.principal).await?;
        let session = sessions::own(&mut tx, id.into()).await?;
        let title = session.title.as_deref().unwrap_or("without a title");
        let chosen = tx.session_role(id.into()).await?;
        let role = chosen.as_deref().unwrap_or(gateway.agents.default_role());
        lines.push(format!("session {title}: {} messages; `{role}` answers", session.message_count));
        data["session"] = json!({"id": id, "title": session.title, "messageCount": session.message_count, "role": role});
    }
    Ok((lines.join("\n"), data))
}

/// Stops the turn of one session when one is named, else everything of the caller.
async fn abort(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let stopped = match command.session_id {
        None => gateway.agents.stop_all(&caller.principal).await,
        Some(id) => {
            let mut tx = gateway.store.read(&caller.principal).await?;
            sessions::own(&mut tx, id.into()).await?;
            let run = tx.active_run(id.into()).await?;
            drop(tx);
            match run {
                Some(run) => usize::from(gateway.agents.stop(&caller.principal, run.id).await?),
                None => 0,
            }
        }
    };
    let result = match stopped {
        0 => "nothing to stop".to_owned(),
        1 => "stopped 1 agent".to_owned(),
        count => format!("stopped {count} agents"),
    };
    Ok((result, json!({ "stopped": stopped })))
}

/// Reads plugins again, as `POST /api/plugins/reload` does.
async fn reload(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let plugin = command.args.as_deref().map(str::trim).filter(|args| !args.is_empty());
    gateway.plugins.reload(plugin).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PluginReloaded { plugin });
    let result = match (plugin, gateway.registry.plugins().len()) {
        (Some(plugin), _) => format!("read `{plugin}` again"),
        (None, 1) => "read every plugin again; 1 is installed".to_owned(),
        (None, count) => format!("read every plugin again; {count} are installed"),
    };
    Ok((result, json!({ "plugin": plugin })))
}

fn version(gateway: &Gateway) -> (String, Value) {
    let (version, build) = (&gateway.version, &gateway.build);
    (format!("octi {version} ({build})"), json!({"version": version, "build": build}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_find_the_same_command() {
        for (word, name) in
            [("help", "help"), ("/?", "help"), ("/S", "status"), ("cancel", "abort"), ("reset", "clear"), (" /v ", "version")]
        {
            assert_eq!(find(word).map(|spec| spec.name), Some(name), "{word}");
        }
        assert!(find("nonsense").is_none());
    }

    #[test]
    fn an_unknown_command_says_where_to_look() {
        let result = unknown("/dance");
        assert_eq!(result.error.as_deref(), Some("there is no command `/dance`; `/help` lists them"));
    }

    #[test]
    fn no_two_commands_share_a_word() {
        let mut words: Vec<&str> = COMMANDS.iter().flat_map(|spec| spec.aliases.iter().copied().chain([spec.name])).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
