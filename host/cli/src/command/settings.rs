//! `octi settings`: what holds for everybody on this host.

use clap::Subcommand;
use octi_api::error::ErrorCode;
use octi_api::v1::settings::{SetSetting, Setting, SettingEffective, SettingKind, SettingSource};
use octi_client::ClientError;
use octi_config::settings;
use serde_json::Value;

use crate::command::{Context, hidden};
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, Printer, shorten};

/// Columns of a value in the table, which keeps a line within 80.
const VALUE_WIDTH: usize = 28;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List every setting, its value and where that comes from
    List,
    /// Say everything about one setting
    Get {
        /// Such as `agent.minutes_max`
        key: String,
    },
    /// Store a value, which is stronger than the environment and config.toml
    Set {
        /// Such as `agent.minutes_max`
        key: String,
        /// The value; a list has commas between its entries, an object is JSON. `-` reads it from standard input, as secrets must be
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Take away what is stored, so that the environment, config.toml or the default holds
    Reset {
        /// Such as `agent.minutes_max`
        key: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    // Read first: a server is not kept waiting for somebody who looks for a password.
    let verb = match verb {
        Verb::Set { key, value } => {
            let value = given(context, &key, &value)?;
            let connection = Connection::open(context, Want::Either).await?;
            let outcome = set(context, &connection, &key, value).await;
            connection.close().await;
            return outcome;
        }
        other => other,
    };
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection).await,
        Verb::Get { key } => get(context, &connection, &key).await,
        Verb::Reset { key } => reset(context, &connection, &key).await,
        Verb::Set { .. } => Ok(()),
    };
    connection.close().await;
    outcome
}

/// The value of the command line, or of standard input.
fn given(context: &Context, key: &str, value: &str) -> Outcome<Value> {
    let definition = settings::definition(key);
    if value != "-" {
        if definition.is_some_and(|definition| definition.is_secret) {
            return Err(Failure::user(format!("`{key}` is a secret: on the command line others could read it"))
                .hint(format!("`octi settings set {key} -` asks for it, or reads it from standard input")));
        }
        return read(key, value);
    }
    let text = hidden::read(context, &format!("value of {key}: "))
        .map_err(|error| Failure::user("the value cannot be read from standard input").because(&error))?;
    // The line end is what `echo` and the Enter key add.
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::user("there is no value").hint(format!("`octi settings reset {key}` takes a stored one away")));
    }
    read(key, text)
}

/// What a text means, by the kind of the setting. Of a setting that only a newer server knows, JSON is taken for JSON.
fn read(key: &str, text: &str) -> Outcome<Value> {
    let Some(definition) = settings::definition(key) else {
        return Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    };
    settings::parse(definition, text).map_err(|problem| Failure::user(format!("`{key}` cannot be that: {problem}")))
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let settings = connection.client.list_settings().await?.items;
    context.printer.data(&settings, |printer| {
        let rows: Vec<Vec<String>> = settings
            .iter()
            .map(|setting| vec![setting.key.clone(), shorten(&shown(setting), VALUE_WIDTH), source(setting.source).to_owned()])
            .collect();
        printer.table(&["key", "value", "from"], &rows);
        tell_problems(printer, &settings);
    });
    Ok(())
}

async fn get(context: &Context, connection: &Connection, key: &str) -> Outcome {
    let setting = connection.client.setting(key).await.map_err(unknown)?;
    context.printer.data(&setting, |printer| {
        printer.line(&format!("{BOLD}{}{BOLD:#}  {}", setting.key, setting.description));
        printer.line(&format!("value     {}", shown(&setting)));
        printer.line(&format!("from      {}", source(setting.source)));
        if let Some(default) = &setting.default {
            printer.line(&format!("default   {}", plain(default)));
        }
        if let Some(valid) = valid(&setting) {
            printer.line(&format!("valid     {valid}"));
        }
        for (title, place) in [("variable", &setting.env_var), ("file key", &setting.file_key)] {
            if let Some(place) = place {
                printer.line(&format!("{title}  {place}"));
            }
        }
        let obeyed = match (&setting.read_only_reason, setting.effective) {
            (Some(why), _) => format!("at the next start; it cannot be stored, because {why}"),
            (None, SettingEffective::AtOnce) => "at once".to_owned(),
            (None, SettingEffective::AtNextStart) => "at the next start".to_owned(),
        };
        printer.line(&format!("obeyed    {obeyed}"));
        tell_problems(printer, std::slice::from_ref(&setting));
    });
    Ok(())
}

async fn set(context: &Context, connection: &Connection, key: &str, value: Value) -> Outcome {
    let setting = connection.client.set_setting(key, &SetSetting { value }).await.map_err(unknown)?;
    context.printer.data(&setting, |printer| {
        let when = if setting.effective == SettingEffective::AtNextStart { ", from the next start on" } else { "" };
        printer.note(&format!("`{}` is {}{when}", setting.key, shown(&setting)));
    });
    Ok(())
}

async fn reset(context: &Context, connection: &Connection, key: &str) -> Outcome {
    let setting = connection.client.reset_setting(key).await.map_err(unknown)?;
    context.printer.data(&setting, |printer| {
        printer.note(&format!("`{}` is {} ({})", setting.key, shown(&setting), source(setting.source)));
    });
    Ok(())
}

fn unknown(error: ClientError) -> Failure {
    let is_refused = error.code() == Some(ErrorCode::Forbidden);
    let failure = Failure::from(error);
    if is_refused { failure.hint("set `OCTI_TOKEN` to a token of an administrator") } else { failure }
}

fn tell_problems(printer: Printer, settings: &[Setting]) {
    for setting in settings {
        if let Some(problem) = &setting.problem {
            printer.warning(&format!("what is stored for `{}` is ignored: {problem}", setting.key));
        }
    }
}

/// The value as a person reads it.
fn shown(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => plain(value),
        None if setting.is_set => "(set)".to_owned(),
        None => "(not set)".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "(empty)".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

const fn source(source: SettingSource) -> &'static str {
    match source {
        SettingSource::Database => "database",
        SettingSource::Environment => "environment",
        SettingSource::File => "config.toml",
        SettingSource::Default => "default",
    }
}

fn valid(setting: &Setting) -> Option<String> {
    match (&setting.allowed, setting.kind, setting.minimum, setting.maximum) {
        (Some(words), ..) => Some(words.join(", ")),
        (None, SettingKind::Number, Some(least), Some(most)) => Some(format!("{least} to {most}")),
        _ => None,
    }
}
