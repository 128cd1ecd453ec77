//! `octi org`: organisations, of whose people something can be said together.

use clap::Subcommand;
use octi_api::v1::orgs::{CreateOrg, OrgDetails, OrgRole, SetOrgMember};
use octi_client::Client;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::Outcome;
use crate::output::Printer;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the organisations
    List,
    /// Make an organisation, with nobody in it
    Create {
        /// What it is called
        name: String,
        /// The word that stands for it in commands; default made of the name
        #[arg(long, value_name = "WORD")]
        slug: Option<String>,
    },
    /// Show who is in an organisation
    Show {
        /// Its word
        org: String,
    },
    /// Let people be in an organisation
    Add {
        /// Its word
        org: String,
        /// The names of the people
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
        /// As administrators of the organisation
        #[arg(long)]
        admin: bool,
    },
    /// Take people out of an organisation
    Remove {
        /// Its word
        org: String,
        /// The names of the people
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// Delete an organisation, and what was said of it
    Delete {
        /// Its word
        org: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let client = &connection.client;
    let outcome = match verb {
        Verb::List => list(context, client).await,
        Verb::Create { name, slug } => create(context, client, CreateOrg { name, slug }).await,
        Verb::Show { org } => show(context, client, &org).await,
        Verb::Add { org, users, admin } => {
            let role = if admin { OrgRole::OrgAdmin } else { OrgRole::Member };
            change(context, client, (&org, &users), Some(role)).await
        }
        Verb::Remove { org, users } => change(context, client, (&org, &users), None).await,
        Verb::Delete { org } => delete(context, client, &org).await,
    };
    connection.close().await;
    outcome
}

async fn list(context: &Context, client: &Client) -> Outcome {
    let all = client.list_orgs().await?.items;
    context.printer.data(&all, |printer| {
        if all.is_empty() {
            printer.note("there are no organisations");
            printer.hint("`octi org create NAME` makes one");
            return;
        }
        let rows: Vec<_> = all.iter().map(|org| vec![org.slug.clone(), org.name.clone()]).collect();
        printer.table(&["word", "name"], &rows);
    });
    Ok(())
}

async fn create(context: &Context, client: &Client, wanted: CreateOrg) -> Outcome {
    let made = client.create_org(&wanted).await?;
    context.printer.data(&made, |printer| {
        printer.note(&format!("made the organisation `{}`", made.slug));
        printer.hint(&format!("`octi org add {} USER` lets people be in it", made.slug));
    });
    Ok(())
}

async fn show(context: &Context, client: &Client, org: &str) -> Outcome {
    let details = client.org(org).await?;
    context.printer.data(&details, |printer| table(printer, &details));
    Ok(())
}

/// Gives people that role in an organisation; without one, takes them out of it.
async fn change(context: &Context, client: &Client, (org, users): (&str, &[String]), role: Option<OrgRole>) -> Outcome {
    let mut told = None;
    for user in users {
        told = Some(match role {
            Some(role) => client.set_org_member(org, user, &SetOrgMember { role }).await?,
            None => client.remove_org_member(org, user).await?,
        });
    }
    let Some(details) = told else { return Ok(()) };
    context.printer.data(&details, |printer| table(printer, &details));
    Ok(())
}

async fn delete(context: &Context, client: &Client, org: &str) -> Outcome {
    client.delete_org(org).await?;
    context.printer.data(&serde_json::json!({ "deleted": org }), |printer| {
        printer.note(&format!("deleted the organisation `{org}`, and what was said of it"));
    });
    Ok(())
}

fn table(printer: Printer, details: &OrgDetails) {
    if details.members.is_empty() {
        printer.note(&format!("nobody is in `{}`", details.org.slug));
        return;
    }
    let role = |role: OrgRole| match role {
        OrgRole::Member => "member",
        OrgRole::OrgAdmin => "administrator",
    };
    let rows = details.members.iter().map(|member| {
        vec![member.username.clone(), role(member.role).to_owned(), member.joined_at.format("%Y-%m-%d").to_string()]
    });
    printer.table(&["who", "role", "since"], &rows.collect::<Vec<_>>());
}
