//! `octi plugin registries`, `trust`, `outdated`, and `list --available`.

use clap::{Args, Subcommand};
use octi_api::v1::plugin_offers::{
    AvailablePlugin, AvailableQuery, PinPublisher, PluginPublisher, PluginRegistry, PublisherTrust,
};

use crate::command::Context;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::shorten;

/// What a list of plugins is about.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// What registries have, instead of what is installed
    #[arg(long)]
    pub(super) available: bool,
    /// Only what has this in its id or description
    #[arg(long, value_name = "TEXT", requires = "available")]
    search: Option<String>,
    /// Only of this registry
    #[arg(long, value_name = "NAME", requires = "available")]
    registry: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustVerb {
    /// List the publishers whose key is known
    List,
    /// Trust this very key of a publisher, whatever was trusted before
    Add {
        /// Such as `acme`
        publisher: String,
        /// `ed25519:…` or a key of minisign, from the publisher and not from where the plugin came from
        key: String,
    },
    /// Forget the key of a publisher: their next version asks whether its key is theirs
    Remove {
        /// Such as `acme`
        publisher: String,
    },
}

/// How a time is shown.
const MOMENT: &str = "%Y-%m-%d %H:%M UTC";
/// Pages that a command reads; a person who has to read more searches.
const PAGES_MAX: usize = 50;

/// Every row of a query.
///
/// # Errors
/// [`Failure`] when there are more than anybody would read.
pub(super) async fn every(connection: &Connection, query: &AvailableQuery) -> Outcome<Vec<AvailablePlugin>> {
    let mut query = AvailableQuery { limit: Some(200), ..query.clone() };
    let mut all = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = connection.client.available_plugins(&query).await?;
        all.extend(page.items);
        if page.next.is_none() {
            return Ok(all);
        }
        query.cursor = page.next;
    }
    Err(Failure::user(format!("there are more than {} plugins", all.len())).hint("look for one with `--search TEXT`"))
}

/// What registries have.
pub(super) async fn available(context: &Context, connection: &Connection, options: &List) -> Outcome {
    let query = AvailableQuery { registry: options.registry.clone(), q: options.search.clone(), ..AvailableQuery::default() };
    show(context, &every(connection, &query).await?, "no registry has such a plugin");
    Ok(())
}

/// What registries have a newer version of.
pub(super) async fn outdated(context: &Context, connection: &Connection) -> Outcome {
    let query = AvailableQuery { outdated: true, ..AvailableQuery::default() };
    show(context, &every(connection, &query).await?, "nothing that is installed has a newer version in a registry");
    Ok(())
}

fn show(context: &Context, found: &[AvailablePlugin], none: &str) {
    context.printer.data(&found, |printer| {
        if found.is_empty() {
            printer.note(none);
            return;
        }
        let row = |plugin: &AvailablePlugin| {
            vec![
                plugin.plugin.clone(),
                plugin.version.clone(),
                plugin.installed.clone().unwrap_or_else(|| "-".to_owned()),
                plugin.registry.clone(),
                shorten(&plugin.description, 60),
            ]
        };
        let rows: Vec<Vec<String>> = found.iter().map(row).collect();
        printer.table(&["id", "newest", "installed", "registry", "description"], &rows);
    });
}

/// Every registry, after it was asked when that is wanted.
pub(super) async fn registries(context: &Context, connection: &Connection, refresh: bool) -> Outcome {
    let all = if refresh {
        connection.client.refresh_plugin_registries().await?.items
    } else {
        connection.client.plugin_registries().await?.items
    };
    context.printer.data(&all, |printer| {
        if all.is_empty() {
            printer.note("no registry is set up");
            printer.hint("name one in config.toml: `[registries.main]` with its `location` and `keys`");
            return;
        }
        let row = |registry: &PluginRegistry| {
            let asked = registry.checked_at.map(|at| at.format(MOMENT).to_string());
            let until = registry.fresh_until.map(|at| at.format(MOMENT).to_string());
            let known = |time: Option<String>| time.unwrap_or_else(|| "-".to_owned());
            vec![registry.name.clone(), registry.location.clone(), known(asked), known(until)]
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        printer.table(&["name", "location", "asked", "revocations until"], &rows);
        for registry in &all {
            if let Some(problem) = &registry.problem {
                printer.warning(&format!("{}: {problem}", registry.name));
            }
        }
    });
    Ok(())
}

/// Whose key is whose.
pub(super) async fn trust(context: &Context, connection: &Connection, verb: &TrustVerb) -> Outcome {
    match verb {
        TrustVerb::List => {
            let all = connection.client.plugin_publishers().await?.items;
            context.printer.data(&all, |printer| {
                let rows: Vec<Vec<String>> = all.iter().map(publisher).collect();
                printer.table(&["publisher", "key", "why", "from"], &rows);
            });
        }
        TrustVerb::Add { publisher, key } => {
            let known = connection.client.plugin_publishers().await?.items;
            let pinned = connection.client.pin_publisher(publisher, &PinPublisher { key: key.clone() }).await?;
            let before = known.into_iter().find(|known| known.name == pinned.name && known.key != pinned.key);
            context.printer.data(&pinned, |printer| {
                printer.note(&format!("{} signs with key {}", pinned.name, pinned.key_id));
                if let Some(before) = before {
                    printer.warning(&format!(
                        "it took the place of {}, which you trusted before; what that signed is refused now",
                        before.key
                    ));
                    printer.hint(&format!("`octi plugin trust add {} {}` takes it back", pinned.name, before.key));
                }
            });
        }
        TrustVerb::Remove { publisher } => {
            connection.client.forget_publisher(publisher).await?;
            let removed = serde_json::json!({ "removed": publisher });
            context.printer.data(&removed, |printer| {
                printer.note(&format!("the key of {publisher} is forgotten; what is installed goes on"));
            });
        }
    }
    Ok(())
}

fn publisher(publisher: &PluginPublisher) -> Vec<String> {
    let why = match publisher.trust {
        PublisherTrust::Pinned => "pinned",
        PublisherTrust::FirstUse => "first use",
        PublisherTrust::Rotated => "rotated",
    };
    vec![publisher.name.clone(), publisher.key.clone(), why.to_owned(), publisher.from.clone()]
}
