//! `octi registry`: for whoever owns a registry of plugins. What is in it is signed with the owner's key, which is nobody else's.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use octi_distribution::{Books, Ledger, Location};
use octi_registry::index::Index;
use octi_registry::revocation::{Feed, Target};
use octi_registry::{Digest, PluginName, PublicKey, Version};
use serde_json::json;

use super::plugin::signing;
use crate::command::Context;
use crate::distribution;
use crate::failure::{Failure, Outcome};
use crate::output::Printer;

/// The owner's key, below the home folder, when none is named.
const KEY_FILE: &str = "registry.key";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Begin a registry: an index without plugins, a feed without revocations, and your key where there is none yet
    Init(Which),
    /// List a version that its publisher has put there, after checking it like whoever installs it
    Add {
        #[command(flatten)]
        registry: Which,
        /// The plugin's id, such as `acme/weather`
        plugin: PluginName,
        version: Version,
        /// The publisher's public key, or a file with it; once, from the publisher
        #[arg(long, value_name = "KEY")]
        publisher_key: Option<String>,
    },
    /// Say that a version should not be installed any more; what is installed goes on
    Yank {
        #[command(flatten)]
        registry: Which,
        /// The plugin's id, such as `acme/weather`
        plugin: PluginName,
        version: Version,
        /// Why, in one line
        #[arg(long, required_unless_present = "undo")]
        reason: Option<String>,
        /// Take it back
        #[arg(long, conflicts_with = "reason")]
        undo: bool,
    },
    /// Say what must not run any more, wherever it is installed
    Revoke {
        #[command(flatten)]
        registry: Which,
        #[command(flatten)]
        what: What,
        /// Why, in one line, for the person whose plugin stops
        #[arg(long)]
        reason: String,
    },
    /// Sign index and revocations anew: they hold for 30 and for 7 days
    Sign {
        #[command(flatten)]
        registry: Which,
        /// The public key before this one, or a file with it, when yours has changed
        #[arg(long, value_name = "KEY")]
        before: Option<String>,
    },
    /// Show what the registry offers and what it has revoked
    List(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Where the registry is: a folder, or `oci://HOST[:PORT]/PREFIX`
    location: Location,
    /// The file of your key; default `registry.key` in octi's home folder
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// A version, such as `acme/weather@1.2.0`
    #[arg(long, value_name = "ID@VERSION")]
    version: Option<String>,
    /// A file, by the digest that `octi plugin verify` shows
    #[arg(long, value_name = "DIGEST")]
    wasm: Option<Digest>,
    /// Everything that was signed with a key
    #[arg(long, value_name = "KEY")]
    publisher_key: Option<String>,
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    match verb {
        Verb::Init(registry) => init(context, &registry).await,
        Verb::Add { registry, plugin, version, publisher_key } => {
            add(context, &registry, (&plugin, &version), publisher_key.as_deref()).await
        }
        Verb::Yank { registry, plugin, version, reason, undo: _ } => {
            let index = Box::pin(ledger(context, &registry)?.yank(&plugin, &version, reason.clone())).await?;
            let told = json!({ "name": plugin, "version": version, "yanked": reason, "index": index.freshness().sequence });
            let said = if reason.is_some() { "yanked" } else { "not yanked any more:" };
            context.printer.data(&told, |printer| {
                printer.note(&format!("{said} {plugin} {version}"));
                holds(printer, "index", index.freshness().sequence, index.freshness().expires);
            });
            Ok(())
        }
        Verb::Revoke { registry, what, reason } => {
            let target = what.target(context)?;
            let feed = Box::pin(ledger(context, &registry)?.revoke(target.clone(), &reason)).await?;
            let told = json!({ "target": target, "reason": reason, "feed": feed.freshness().sequence });
            context.printer.data(&told, |printer| {
                printer.note(&format!("revoked {}", shown(&target)));
                holds(printer, "feed", feed.freshness().sequence, feed.freshness().expires);
            });
            Ok(())
        }
        Verb::Sign { registry, before } => {
            let mut ledger = ledger(context, &registry)?;
            if let Some(before) = before {
                ledger = ledger.after(signing::public_key(context, Some(&before))?);
            }
            let books = Box::pin(ledger.renew()).await?;
            tell(context, &books, |printer| printer.note(&format!("signed {} anew", registry.location)));
            Ok(())
        }
        Verb::List(registry) => {
            let books = Box::pin(ledger(context, &registry)?.read()).await?;
            tell(context, &books, |printer| list(printer, &books));
            Ok(())
        }
    }
}

async fn init(context: &Context, registry: &Which) -> Outcome {
    let path = key_path(context, registry.key.as_deref());
    let key = if path.exists() { signing::secret_key(&path)? } else { signing::new_key(context, &path)? };
    let public = key.public();
    let books = Box::pin(distribution::ledger(context, &registry.location, key, true)?.begin()).await?;
    let told = json!({ "registry": registry.location.to_string(), "file": path, "publicKey": public, "keyId": public.id() });
    context.printer.data(&told, |printer| {
        printer.note(&format!("began a registry in {}; your key is {}", registry.location, path.display()));
        printer.line(&format!("public key  {public}"));
        holds(printer, "index", books.index.freshness().sequence, books.index.freshness().expires);
        holds(printer, "feed", books.feed.freshness().sequence, books.feed.freshness().expires);
        printer.hint(&format!(
            "tell people the public key where they know you; `octi registry sign {}` before the feed expires",
            registry.location
        ));
    });
    Ok(())
}

async fn add(
    context: &Context,
    registry: &Which,
    (plugin, version): (&PluginName, &Version),
    publisher: Option<&str>,
) -> Outcome {
    let publisher = publisher.map(|key| signing::public_key(context, Some(key))).transpose()?;
    let added = Box::pin(ledger(context, registry)?.add(plugin, version, publisher)).await?;
    let (offer, key) = (&added.offer, added.offer.key.id());
    let told = json!({
        "name": plugin, "version": version, "package": offer.package, "keyId": key, "index": added.sequence, "new": added.is_new,
    });
    context.printer.data(&told, |printer| {
        if added.is_new {
            printer.note(&format!("listed {plugin} {version}, signed with key {key}"));
        } else {
            printer.note(&format!("{plugin} {version} is listed already"));
        }
        printer.line(&format!("package  {}", offer.package));
        printer.line(&format!("index    number {}", added.sequence));
    });
    Ok(())
}

fn tell(context: &Context, books: &Books, human: impl FnOnce(Printer)) {
    let Books { index, feed } = books;
    let told = json!({
        "index": index.freshness(), "feed": feed.freshness(), "plugins": index.plugins(), "revocations": feed.revocations(),
    });
    context.printer.data(&told, |printer| {
        human(printer);
        holds(printer, "index", index.freshness().sequence, index.freshness().expires);
        holds(printer, "feed", feed.freshness().sequence, feed.freshness().expires);
    });
}

fn list(printer: Printer, Books { index, feed }: &Books) {
    printer.table(&["id", "version", "package", "state"], &rows(index));
    for revocation in feed.revocations() {
        printer.line(&format!("revoked {}: {}", shown(&revocation.target), revocation.reason));
    }
    unreadable(printer, feed);
}

fn rows(index: &Index) -> Vec<Vec<String>> {
    let versions = index.plugins().iter().flat_map(|(name, entry)| {
        entry.versions.iter().rev().map(move |(version, release)| {
            let state = release.yanked.as_ref().map_or_else(|| "listed".to_owned(), |reason| format!("yanked: {reason}"));
            vec![name.to_string(), version.to_string(), release.package.to_string(), state]
        })
    });
    versions.collect()
}

fn unreadable(printer: Printer, feed: &Feed) {
    if feed.unreadable() > 0 {
        printer.warning(&format!(
            "{} revocations are of a newer octi; to sign the feed anew with this one loses them",
            feed.unreadable()
        ));
    }
}

fn holds(printer: Printer, what: &str, sequence: u64, until: DateTime<Utc>) {
    printer.line(&format!("{what:<10}  number {sequence}, holds until {}", until.format("%Y-%m-%d %H:%M UTC")));
}

fn shown(target: &Target) -> String {
    match target {
        Target::Wasm { wasm } => format!("the file {wasm}"),
        Target::Release { name, version } => format!("{name} {version}"),
        Target::Key { key } => format!("everything signed with key {}", key.id()),
    }
}

impl What {
    fn target(self, context: &Context) -> Outcome<Target> {
        if let Some(wasm) = self.wasm {
            return Ok(Target::Wasm { wasm });
        }
        if let Some(key) = self.publisher_key {
            return Ok(Target::Key { key: signing::public_key(context, Some(&key))? });
        }
        let version = self.version.unwrap_or_default();
        let odd = || Failure::user(format!("`{version}` is not a plugin and a version, such as `acme/weather@1.2.0`"));
        let (name, version) = version.split_once('@').ok_or_else(odd)?;
        Ok(Target::Release { name: name.parse().map_err(|_| odd())?, version: version.parse().map_err(|_| odd())? })
    }
}

fn ledger(context: &Context, registry: &Which) -> Outcome<Ledger> {
    let path = key_path(context, registry.key.as_deref());
    if !path.exists() {
        return Err(Failure::user(format!("there is no key of a registry's owner in `{}`", path.display()))
            .hint("`octi registry init LOCATION` begins a registry; `--key FILE` names another key"));
    }
    distribution::ledger(context, &registry.location, signing::secret_key(&path)?, false)
}

fn key_path(context: &Context, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| context.config.home.join(KEY_FILE), Path::to_owned)
}

/// The key of a registry's owner: the one that is named, or one's own.
pub(super) fn public_key(context: &Context, named: Option<&str>) -> Outcome<PublicKey> {
    let own = key_path(context, None);
    match named {
        Some(_) => signing::public_key(context, named),
        None if own.exists() => Ok(signing::secret_key(&own)?.public()),
        None => Err(Failure::user("who may sign the index of the registry is not known")
            .hint("name its owner's public key with `--registry-key`; get it from its owner, not from the registry")),
    }
}
