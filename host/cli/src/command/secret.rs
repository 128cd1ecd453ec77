//! `octi secret`: what tools may send and never see.

use clap::Subcommand;
use octi_api::error::ErrorCode;
use octi_api::v1::secrets::{Secret, SetSecret};

use crate::command::{Context, hidden};
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Add a secret or change it; the value is read from standard input or asked for, never from the command line
    Set {
        /// What placeholders call it
        name: String,
    },
    /// List secrets and who may use them, never their values
    List,
    /// Remove a secret
    Remove {
        /// The secret's name
        name: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    // Read first: a server is not kept waiting for somebody who looks for a password.
    let verb = match verb {
        Verb::Set { name } => {
            let value = read_value(context, &name)?;
            return set(context, &name, value).await;
        }
        other => other,
    };
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection).await,
        Verb::Remove { name } => remove(context, &connection, &name).await,
        Verb::Set { .. } => Ok(()),
    };
    connection.close().await;
    outcome
}

fn read_value(context: &Context, name: &str) -> Outcome<String> {
    let text = hidden::read(context, &format!("value of {name}: "))
        .map_err(|error| Failure::user("the value cannot be read from standard input").because(&error))?;
    // The line end is what `echo` and the Enter key add.
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(Failure::user("there is no value").hint(format!("`octi secret set {name} < FILE` reads it from a file")));
    }
    Ok(value.to_owned())
}

async fn set(context: &Context, name: &str, value: String) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let secret = connection.client.set_secret(name, &SetSecret { value }).await;
    connection.close().await;
    let secret = secret?;
    context.printer.data(&secret, |printer| {
        printer.note(&format!("set `{}`", secret.name));
        if secret.uses.is_empty() {
            printer.hint("no plugin may use it yet: a plugin asks for it under `capabilities.vault` of its plugin.toml");
        } else {
            printer.note(&format!("it may go to {}", places(&secret).join(", ")));
        }
    });
    Ok(())
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let secrets = connection.client.list_secrets().await?.items;
    context.printer.data(&secrets, |printer| {
        if secrets.is_empty() {
            printer.note("there are no secrets");
            printer.hint("`octi secret set NAME` adds one");
            return;
        }
        let rows: Vec<Vec<String>> = secrets
            .iter()
            .map(|secret| {
                let uses = if secret.uses.is_empty() { "nobody".to_owned() } else { places(secret).join(", ") };
                vec![secret.name.clone(), secret.updated_at.format("%Y-%m-%d %H:%M").to_string(), uses]
            })
            .collect();
        printer.table(&["name", "set", "may be used by"], &rows);
    });
    Ok(())
}

fn places(secret: &Secret) -> Vec<String> {
    secret.uses.iter().map(|place| format!("{} ({} of {})", place.plugin, place.header, place.host)).collect()
}

async fn remove(context: &Context, connection: &Connection, name: &str) -> Outcome {
    connection.client.remove_secret(name).await.map_err(|error| {
        let unknown = error.code() == Some(ErrorCode::NotFound);
        let failure = Failure::from(error);
        if unknown { failure.hint("`octi secret list` shows them") } else { failure }
    })?;
    context.printer.data(&serde_json::json!({ "removed": name }), |printer| printer.note(&format!("removed `{name}`")));
    Ok(())
}
