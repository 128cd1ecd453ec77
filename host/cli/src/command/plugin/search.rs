//! `octi plugin search`: what a registry's owner says is in it.

use clap::Args;
use octi_distribution::{Location, search};
use octi_registry::seen::Seen;
use octi_registry::{Registry, Version};
use serde_json::json;

use crate::command::{Context, registry};
use crate::distribution;
use crate::failure::Outcome;
use crate::output::shorten;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Words that all have to be in a plugin's id, description or kind; none lists everything
    words: Vec<String>,
    /// Where the registry is: a folder, or `oci://HOST[:PORT]/PREFIX`
    #[arg(long, value_name = "LOCATION")]
    registry: Location,
    /// The public key of the registry's owner, or a file with it; default your own registry's
    #[arg(long, value_name = "KEY")]
    registry_key: Option<String>,
}

/// Looks in the signed index, and in nothing else.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let key = registry::public_key(context, options.registry_key.as_deref())?;
    let access = distribution::access(context, &options.registry)?;
    let (ambient, source) = (access.ambient.clone(), octi_distribution::open(&options.registry, &access)?);
    let seen = Seen::new(distribution::memory(context, &options.registry).join("seen.json"));
    let index = Box::pin(Registry::new(source, vec![key], seen, ambient).index()).await?;
    let hits = search(&index, &options.words);
    let told: Vec<_> = hits
        .iter()
        .map(|hit| json!({ "name": hit.name, "newest": hit.newest, "description": hit.entry.description, "kinds": hit.entry.kinds }))
        .collect();
    context.printer.data(&told, |printer| {
        if hits.is_empty() {
            return printer.note(&format!("{} has no plugin with these words", options.registry));
        }
        let row = |hit: &octi_distribution::Hit<'_>| {
            let newest = hit.newest.map_or_else(|| "none".to_owned(), Version::to_string);
            let kinds: Vec<&str> = hit.entry.kinds.iter().map(String::as_str).collect();
            vec![hit.name.to_string(), newest, kinds.join(", "), shorten(&hit.entry.description, 60)]
        };
        printer.table(&["id", "newest", "kind", "description"], &hits.iter().map(row).collect::<Vec<_>>());
    });
    Ok(())
}
