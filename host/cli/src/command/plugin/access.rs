//! `octi plugin allow`, `deny` and `access`: who may use a plugin.

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use octi_api::v1::plugin_access::{ForgetPluginAccess, PluginAccess, SetPluginAccess};

use crate::command::Context;
use crate::connection::Connection;
use crate::failure::Outcome;
use crate::output::{DIM, Printer};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).multiple(true)))]
pub(crate) struct Who {
    /// The plugin's id, such as `acme/weather`
    id: String,
    /// This person; may be repeated
    #[arg(long = "user", value_name = "NAME", group = "whom")]
    users: Vec<String>,
    /// The people of this organisation, by its word; may be repeated
    #[arg(long = "org", value_name = "WORD", group = "whom")]
    orgs: Vec<String>,
    /// Everyone of whom nothing else is said
    #[arg(long, group = "whom", conflicts_with_all = ["users", "orgs"])]
    everyone: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The plugin's id, such as `acme/weather`
    id: String,
    /// Take back what was said of this person, who is like the others then
    #[arg(long, value_name = "NAME")]
    forget: Option<String>,
    /// Take back what was said of this organisation, by its word
    #[arg(long, value_name = "WORD", conflicts_with = "forget")]
    forget_org: Option<String>,
    /// Take back everything: all may use it
    #[arg(long, conflicts_with_all = ["forget", "forget_org"])]
    reset: bool,
}

/// Says whether those people may use it.
pub(super) async fn say(context: &Context, connection: &Connection, who: &Who, allowed: bool) -> Outcome {
    let people = who.users.iter().map(|user| SetPluginAccess { user: Some(user.clone()), org: None, allowed });
    let orgs = who.orgs.iter().map(|org| SetPluginAccess { user: None, org: Some(org.clone()), allowed });
    let everyone = who.everyone.then_some(SetPluginAccess { user: None, org: None, allowed });
    let mut told = None;
    for said in people.chain(orgs).chain(everyone) {
        told = Some(connection.client.set_plugin_access(&who.id, &said).await?);
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
    let access = if shown.reset || shown.forget.is_some() || shown.forget_org.is_some() {
        let of = ForgetPluginAccess { user: shown.forget.clone(), org: shown.forget_org.clone() };
        connection.client.forget_plugin_access(&shown.id, &of).await?
    } else {
        connection.client.plugin_access(&shown.id).await?
    };
    context.printer.data(&access, |printer| show(printer, &access));
    Ok(())
}

fn show(printer: Printer, access: &PluginAccess) {
    let word = |allowed: bool| if allowed { "allowed" } else { "denied" }.to_owned();
    let since = |set_at: Option<DateTime<Utc>>, else_like: &str| match set_at {
        Some(at) => format!("said {}", at.format("%Y-%m-%d %H:%M UTC")),
        None => format!("{DIM}like {else_like}{DIM:#}"),
    };
    let everyone = vec!["everyone".to_owned(), word(access.everyone), String::new()];
    let orgs = access.orgs.iter().map(|org| vec![format!("org {}", org.slug), word(org.allowed), since(org.set_at, "everyone")]);
    let people = access.people.iter().map(|person| {
        let like = person.through.as_ref().map_or_else(|| "everyone".to_owned(), |org| format!("org {org}"));
        vec![person.username.clone(), word(person.allowed), since(person.set_at, &like)]
    });
    printer.table(&["who", "may use it", "since"], &[everyone].into_iter().chain(orgs).chain(people).collect::<Vec<_>>());
}
