//! `octi plugin install`, `upgrade` and `review`: a person looks at what a plugin of a registry may do before it runs.

use std::path::{Path, PathBuf};

use clap::Args;
use octi_api::v1::plugin_offers::{AcceptPluginOffer, AvailableQuery, LockedPlugin, MakePluginOffer, PluginOffer};
use octi_api::v1::plugins::{InstallQuery, Plugin};
use octi_author::Project;
use octi_domain::limits::PLUGIN_LOCK_BYTES_MAX;
use octi_install::{Lock, Locked};

use crate::command::Context;
use crate::command::chat::prompt::plain_line;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::{BAD, BOLD, DIM, Printer, WARN, human_bytes};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A `.wasm` file, or a plugin of a registry: `acme/weather` or `acme/weather@1.2.0`
    #[arg(required_unless_present = "locked")]
    pub(super) plugin: Option<String>,
    #[command(flatten)]
    from: Where,
    #[command(flatten)]
    pub(super) module: ForModules,
    #[command(flatten)]
    unattended: Unattended,
    /// Install exactly what a lock file names
    #[arg(long, conflicts_with_all = ["plugin", "accept", "yes"])]
    locked: bool,
    /// The lock file
    #[arg(long, value_name = "FILE", default_value = "plugins.lock", requires = "locked")]
    lock: PathBuf,
}

/// Where it comes from.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// A registry of `config.toml`; default: where the plugin came from, or the only one that has it
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
}

/// What a module of Extism gets; it has no manifest that could ask.
#[derive(Debug, Args)]
pub(crate) struct ForModules {
    /// For a module of Extism: host that it may send requests to, such as `api.example.com:443`
    #[arg(long, value_name = "HOST")]
    network: Vec<String>,
    /// For a module of Extism: entry of its configuration, as `KEY=VALUE`; `{{secret:NAME}}` in it is joined when it starts
    #[arg(long, value_name = "ENTRY")]
    config: Vec<String>,
}

impl ForModules {
    /// As the server is asked for it.
    pub(super) fn query(&self) -> Outcome<InstallQuery> {
        let mut config = serde_json::Map::new();
        for entry in &self.config {
            let Some((key, value)) = entry.split_once('=') else {
                return Err(Failure::user("`--config` takes a key and a value with `=` between them"));
            };
            config.insert(key.to_owned(), value.into());
        }
        Ok(InstallQuery {
            network: (!self.network.is_empty()).then(|| self.network.join(",")),
            config: (!config.is_empty()).then(|| serde_json::Value::Object(config).to_string()),
            ..InstallQuery::default()
        })
    }
}

/// A yes without a person.
#[derive(Debug, Args)]
pub(crate) struct Unattended {
    /// Do not ask; only together with `--accept`
    #[arg(long)]
    yes: bool,
    /// Install without asking what was reviewed: the digest that `octi plugin review` shows
    #[arg(long, value_name = "DIGEST")]
    accept: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Review {
    /// Such as `acme/weather` or `acme/weather@1.2.0`
    plugin: String,
    #[command(flatten)]
    from: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    /// Such as `acme/weather`, or `acme/weather@1.2.0` for that version
    #[arg(required_unless_present = "all")]
    plugin: Option<String>,
    /// Everything that a registry has a newer version of
    #[arg(long, conflicts_with_all = ["plugin", "accept"])]
    all: bool,
    #[command(flatten)]
    from: Where,
    #[command(flatten)]
    unattended: Unattended,
}

impl Unattended {
    fn check(&self) -> Outcome {
        if self.yes && self.accept.is_none() {
            return Err(Failure::user("`--yes` alone would say yes to whatever the registry has at that moment").hint(
                "look at it once with `octi plugin review`, and name what you saw with `--accept sha256:…`; or use a lock file with `--locked`",
            ));
        }
        Ok(())
    }
}

/// Installs a plugin of a registry, or what a lock file names.
pub(super) async fn run(context: &Context, connection: &Connection, options: &Options) -> Outcome {
    options.unattended.check()?;
    if options.module.query()? != InstallQuery::default() {
        return Err(Failure::user("`--network` and `--config` are for files of modules of Extism")
            .hint("what a plugin of a registry may reach is in its manifest"));
    }
    let Some(plugin) = &options.plugin else {
        return locked(context, connection, &options.lock, options.from.registry.as_deref()).await;
    };
    let offer = connection.client.offer_plugin(&ask(plugin, &options.from)).await?;
    let installed = answered(context, connection, &offer, &options.unattended).await?;
    told(context, &offer, &installed);
    Ok(())
}

/// Refuses a folder: somebody means the plugin that is made in it.
pub(super) fn no_folder(options: &Options) -> Outcome {
    let Some(folder) = options.plugin.as_deref().map(Path::new).filter(|plugin| plugin.is_dir()) else { return Ok(()) };
    let failure = Failure::user(format!("`{}` is a folder, and what is installed is a plugin file", folder.display()));
    Err(match Project::open(folder) {
        Ok(project) => failure.hint(format!(
            "`octi plugin build {}` makes it, then `octi plugin install {}`",
            folder.display(),
            super::near(&project.packed()).display()
        )),
        Err(_) => failure.hint("name a `.wasm` file, or a plugin of a registry such as `acme/weather`"),
    })
}

/// Shows what would be installed.
pub(super) async fn review(context: &Context, connection: &Connection, options: &Review) -> Outcome {
    let offer = connection.client.offer_plugin(&ask(&options.plugin, &options.from)).await?;
    context.printer.data(&offer, |printer| {
        for line in lines(&offer) {
            printer.line(&line);
        }
    });
    Ok(())
}

/// Installs the newest version of one plugin, or of all.
pub(super) async fn upgrade(context: &Context, connection: &Connection, options: &Upgrade) -> Outcome {
    options.unattended.check()?;
    if let Some(plugin) = &options.plugin {
        let id = plugin.split('@').next().unwrap_or(plugin);
        let runs = connection.client.plugin(id).await.map_err(|error| {
            Failure::from(error).hint(format!("`octi plugin install {plugin}` installs what is not there yet"))
        })?;
        let offer = connection.client.offer_plugin(&ask(plugin, &options.from)).await?;
        if is_running(&offer, &runs) {
            context.printer.data(&runs, |printer| printer.note(&format!("{id} {} is the newest", runs.version)));
            return Ok(());
        }
        let installed = answered(context, connection, &offer, &options.unattended).await?;
        told(context, &offer, &installed);
        return Ok(());
    }
    let mut failed = Vec::new();
    let outdated = super::registries::every(connection, &AvailableQuery { outdated: true, ..AvailableQuery::default() }).await?;
    if outdated.is_empty() {
        context.printer.note("everything is the newest");
    }
    for available in outdated {
        let asked = MakePluginOffer { plugin: available.plugin.clone(), version: None, registry: None, locked: None };
        let upgraded = async {
            let offer = connection.client.offer_plugin(&asked).await?;
            let installed = answered(context, connection, &offer, &options.unattended).await?;
            told(context, &offer, &installed);
            Ok::<(), Failure>(())
        };
        // What is wrong with one keeps none of the others from being newer.
        if let Err(failure) = upgraded.await {
            context.printer.warning(&format!("{}: {}", available.plugin, failure.message));
            failed.push(available.plugin);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::user(format!("{} stayed as it was", failed.join(", ")))) }
}

/// Installs exactly what a lock file names, and stops at the first difference.
async fn locked(context: &Context, connection: &Connection, file: &Path, registry: Option<&str>) -> Outcome {
    let unreadable = || Failure::user(format!("cannot read the lock file `{}`", file.display()));
    let size = std::fs::metadata(file).map_err(|error| unreadable().because(&error))?.len();
    if size > PLUGIN_LOCK_BYTES_MAX as u64 {
        return Err(unreadable().hint(format!("it has more than the {PLUGIN_LOCK_BYTES_MAX} bytes that one may have")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable().because(&error))?;
    let lock = Lock::parse(&text).map_err(|error| unreadable().because(&error))?;
    let runs = connection.client.list_plugins().await?.items;
    for plugin in runs.iter().filter(|plugin| plugin.origin.is_some()) {
        if !lock.plugins().any(|locked| locked.name.as_str() == plugin.id) {
            context.printer.warning(&format!("{} is installed and not in the lock file; it stays", plugin.id));
        }
    }
    let mut installed = Vec::new();
    for locked in lock.plugins() {
        let is_there = |plugin: &&Plugin| plugin.id == locked.name.as_str() && plugin.digest == locked.wasm.hex();
        if let Some(plugin) = runs.iter().find(is_there) {
            installed.push(plugin.clone());
            continue;
        }
        let offer = connection.client.offer_plugin(&pinned(locked, registry)).await?;
        let answer = AcceptPluginOffer { package: locked.package.to_string(), reviewed: true, publisher_key: None };
        let plugin = connection.client.accept_plugin_offer(offer.id, &answer).await?;
        if !context.printer.is_json() {
            context.printer.note(&format!("installed {} {} from registry {}", plugin.id, plugin.version, offer.registry));
        }
        installed.push(plugin);
    }
    context.printer.data(&installed, |printer| printer.note("what runs is what the lock file names"));
    Ok(())
}

fn pinned(locked: &Locked, registry: Option<&str>) -> MakePluginOffer {
    MakePluginOffer {
        plugin: locked.name.to_string(),
        version: None,
        registry: Some(registry.unwrap_or(&locked.registry).to_owned()),
        locked: Some(LockedPlugin {
            version: locked.version.to_string(),
            package: locked.package.to_string(),
            wasm: locked.wasm.to_string(),
            publisher_key: locked.publisher.to_string(),
        }),
    }
}

fn ask(plugin: &str, from: &Where) -> MakePluginOffer {
    let (plugin, version) = match plugin.split_once('@') {
        Some((plugin, version)) => (plugin, Some(version.to_owned())),
        None => (plugin, None),
    };
    MakePluginOffer { plugin: plugin.to_owned(), version, registry: from.registry.clone(), locked: None }
}

fn is_running(offer: &PluginOffer, runs: &Plugin) -> bool {
    offer.wasm.strip_prefix("sha256:") == Some(runs.digest.as_str())
}

/// Shows the offer, takes a person's answer or the one on the command line, and gives it.
async fn answered(context: &Context, connection: &Connection, offer: &PluginOffer, unattended: &Unattended) -> Outcome<Plugin> {
    let printer = context.printer;
    let mut answer =
        AcceptPluginOffer { package: offer.package.clone(), reviewed: unattended.accept.is_some(), publisher_key: None };
    if let Some(accepted) = &unattended.accept {
        answer.package.clone_from(accepted);
    } else if offer.needs_review {
        if !printer.is_json() {
            for line in lines(offer) {
                printer.note(&line);
            }
        }
        if !printer.can_ask() {
            return Err(Failure::user(format!("{} {} needs a person's review", offer.plugin, offer.version))
                .hint("run the command in a terminal and answer there")
                .hint(format!("a script installs what was reviewed with `--accept {}`", offer.package)));
        }
        if offer.is_new_publisher {
            let key = &offer.publisher_key;
            let question = format!("nothing is known of its publisher; does {key} belong to them, as they say elsewhere?");
            if !yes(printer, &question).await {
                return Err(Failure::user("nothing was installed"));
            }
            answer.publisher_key = Some(key.clone());
        }
        if !yes(printer, "install it?").await {
            return Err(Failure::user("nothing was installed"));
        }
        answer.reviewed = true;
    }
    Ok(connection.client.accept_plugin_offer(offer.id, &answer).await?)
}

async fn yes(printer: Printer, question: &str) -> bool {
    printer.err(&format!("{BOLD}{question}{BOLD:#} [y/N] "));
    let answer = plain_line().await.unwrap_or_default();
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn told(context: &Context, offer: &PluginOffer, installed: &Plugin) {
    context.printer.data(installed, |printer| {
        let from = format!("from registry {}", offer.registry);
        printer.note(&match &offer.replaces {
            Some(before) => format!("installed {} {} {from}, in the place of {before}", installed.id, installed.version),
            None => format!("installed {} {} {from}", installed.id, installed.version),
        });
    });
}

/// The review as a person reads it.
fn lines(offer: &PluginOffer) -> Vec<String> {
    let mut lines = vec![format!("{BOLD}{} {}{BOLD:#}  {}", offer.plugin, offer.version, offer.description)];
    let publisher = offer.plugin.split('/').next().unwrap_or_default();
    let trusted = match &offer.trusted {
        Some(why) => format!("{DIM}{why}{DIM:#}"),
        None => format!("{WARN}nothing is known of them{WARN:#}"),
    };
    lines.push(format!("registry   {}", offer.registry));
    lines.push(format!("publisher  {publisher}, key {}  {trusted}", offer.publisher_key_id));
    lines.push(format!("signed     {}", offer.signed_at.format("%Y-%m-%d %H:%M UTC")));
    lines.push(format!("size       {}", human_bytes(offer.bytes)));
    lines.push(format!("package    {}", offer.package));
    if let Some(replaces) = &offer.replaces {
        lines.push(format!("replaces   {replaces}"));
    }
    let is_upgrade = offer.replaces.is_some();
    lines.push(format!("{BOLD}it may{BOLD:#}"));
    for right in &offer.rights {
        let reason = right.reason.as_ref().map(|reason| format!("  {DIM}\"{reason}\"{DIM:#}")).unwrap_or_default();
        lines.push(if right.is_new && is_upgrade {
            format!("{BAD}+ {}{BAD:#}{reason}", right.text)
        } else {
            format!("  {}{reason}", right.text)
        });
    }
    if !offer.given_up.is_empty() {
        lines.push(format!("{BOLD}it gives up{BOLD:#}"));
        lines.extend(offer.given_up.iter().map(|right| format!("- {right}")));
    }
    lines.extend(offer.warnings.iter().map(|warning| format!("{WARN}warning{WARN:#}: {warning}")));
    lines
}
