//! `octi plugin allow`, `deny` and `access`: who may use a plugin.

use clap::Args;
use octi_api::v1::plugin_access::{ForgetPluginAccess, PluginAccess, SetPluginAccess};

use crate::command::Context;
use crate::connection::Connection;
use crate::failure::Outcome;
use crate::output::{DIM, Printer};

#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The plugin's id, such as `acme/weather`
    id: String,
    /// This person; may be repeated
    #[arg(long = "user", value_name = "NAME", required_unless_present = "everyone")]
    users: Vec<String>,
    /// Everyone of whom nothing else is said
    #[arg(long, conflicts_with = "users")]
    everyone: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The plugin's id, such as `acme/weather`
    id: String,
    /// Take back what was said of this person, who is like everyone then
    #[arg(long, value_name = "NAME")]
    forget: Option<String>,
    /// Take back everything: all may use it
    #[arg(long, conflicts_with = "forget")]
    reset: bool,
}

/// Says whether those people may use it.
pub(super) async fn say(context: &Context, connection: &Connection, who: &Who, allowed: bool) -> Outcome {
    let users: Vec<Option<String>> = if who.everyone { vec![None] } else { who.users.iter().cloned().map(Some).collect() };
    let mut told = None;
    for user in users {
        told = Some(connection.client.set_plugin_access(&who.id, &SetPluginAccess { user, org: None, allowed }).await?);
    }
    let Some(access) = told else { return Ok(()) };
    context.printer.data(&access, |printer| {
        show(printer, &access);
        if allowed && !who.everyone && access.everyone {
            printer.hint(&format!(
                "everyone else may use it too; `octi plugin deny {} --everyone` leaves it to those who are named",
                who.id
            ));
        }
    });
    Ok(())
}

/// Shows who may use it, after taking back what shall hold no more.
pub(super) async fn access(context: &Context, connection: &Connection, shown: &Shown) -> Outcome {
    let access = if shown.reset || shown.forget.is_some() {
        let of = ForgetPluginAccess { user: shown.forget.clone(), org: None };
        connection.client.forget_plugin_access(&shown.id, &of).await?
    } else {
        connection.client.plugin_access(&shown.id).await?
    };
    context.printer.data(&access, |printer| show(printer, &access));
    Ok(())
}

fn show(printer: Printer, access: &PluginAccess) {
    let word = |allowed: bool| if allowed { "allowed" } else { "denied" };
    let people = access.people.iter().map(|person| {
        let since = match person.set_at {
            Some(at) => format!("said {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => format!("{DIM}like everyone{DIM:#}"),
        };
        vec![person.username.clone(), word(person.allowed).to_owned(), since]
    });
    let everyone = vec!["everyone".to_owned(), word(access.everyone).to_owned(), String::new()];
    printer.table(&["who", "may use it", "since"], &[everyone].into_iter().chain(people).collect::<Vec<_>>());
}
