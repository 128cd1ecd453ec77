//! `octi plugin`: tools and roles, and writing them.

mod access;
mod build;
mod call;
mod dev;
mod doctor;
mod install;
mod new;
mod publish;
mod registries;
mod sbom;
mod search;
pub(crate) mod signing;
mod test;
mod top;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginIncidentKind, PluginSource, PluginState};
use octi_domain::tool_name;
use octi_engine::{Inspection, PluginManager, extism_module, pack};
use octi_extension::manifest::ToolEntry;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, DIM, HINT, Printer, WARN, human_bytes, shorten};
use crate::plugins;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Begin a plugin: a small, complete project
    New(new::Options),
    /// Compile a plugin and pack it into one file
    Build(build::Options),
    /// Run a plugin's cases on the real engine
    Test(test::Options),
    /// Build a plugin at every change and swap it into the server that runs
    Dev(dev::Options),
    /// Check what this machine needs for writing plugins, and say what to mend
    Doctor(doctor::Options),
    /// List what is installed, or what registries have
    List(registries::List),
    /// List what registries have a newer version of
    Outdated,
    /// Say what a plugin is and what it may reach, without running it
    Inspect {
        /// A `.wasm` file, or the id of an installed plugin
        plugin: String,
    },
    /// Install or replace a plugin while the server runs
    Install(install::Options),
    /// Show what a plugin of a registry may do, and the digest that a script accepts it by
    Review(install::Review),
    /// Install the newest version of a plugin of a registry; asks again when it wants more than was granted
    Upgrade(install::Upgrade),
    /// List the registries of `config.toml`, and whether what they revoked is known
    Registries {
        /// Ask them now
        #[arg(long)]
        refresh: bool,
    },
    /// Whose key is whose: list, add, remove
    #[command(subcommand)]
    Trust(registries::TrustVerb),
    /// Remove an installed plugin
    Remove {
        /// Its id, such as `acme/weather`
        id: String,
    },
    /// Read the plugins folder anew
    Reload {
        /// Only this plugin; also ends its quarantine, or takes a rollback back
        id: Option<String>,
    },
    /// Run the version again that ran before
    Rollback {
        /// Its id, such as `acme/weather`
        id: String,
    },
    /// How plugins are doing: calls, errors, times, memory, network and state, like `top`
    Top(top::Options),
    /// Let people use a plugin
    Allow(access::Who),
    /// Keep people from using a plugin
    Deny(access::Who),
    /// Show who may use a plugin
    Access(access::Shown),
    /// Call a tool by hand: of an installed plugin, or of a file or folder on a throw-away engine
    Call(call::Options),
    /// Make a plugin file: a role or skill from its text, or a tool from a component
    Pack {
        /// Folder with `plugin.toml`
        folder: PathBuf,
        /// The compiled component of a tool
        #[arg(long, value_name = "FILE")]
        component: Option<PathBuf>,
        /// Where to write; default `<name>.wasm` beside the folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The key you sign plugins with
    #[command(subcommand)]
    Key(signing::KeyVerb),
    /// Sign a plugin file as its publisher
    Sign(signing::Sign),
    /// Check that a plugin file is what its publisher signed
    Verify(signing::Verify),
    /// Write what a plugin is made of (`CycloneDX`), to be signed and published with it
    Sbom(sbom::Options),
    /// Put a signed plugin into a registry
    Publish(publish::Options),
    /// Look for plugins in a registry
    Search(search::Options),
}

impl Verb {
    /// What is logged unless the person says otherwise: an author wants to see what their plugin logs.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Call(options) if options.is_local() => "error,octi::plugin=info",
            Self::Dev(_) => "info,octi::plugin=debug",
            _ => "error",
        }
    }
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    match verb {
        Verb::New(options) => return new::run(context, options),
        Verb::Build(options) => return build::run(context, &options).await,
        Verb::Test(options) => return test::run(context, &options).await,
        Verb::Dev(options) => return dev::run(context, &options).await,
        Verb::Doctor(options) => return doctor::run(context, options).await,
        Verb::Call(options) if options.is_local() => return call::local(context, &options).await,
        // A server is not started for what it would not understand.
        Verb::Call(ref options) => drop(options.installed()?),
        Verb::Install(ref options) => install::no_folder(options)?,
        Verb::Pack { folder, component, output } => return pack(context, &folder, component.as_deref(), output).await,
        Verb::Key(verb) => return signing::key(context, &verb),
        Verb::Sign(options) => return signing::sign(context, &options),
        Verb::Verify(options) => return signing::verify(context, &options),
        Verb::Sbom(options) => return sbom::run(context, &options).await,
        Verb::Publish(options) => return publish::run(context, &options).await,
        Verb::Search(options) => return search::run(context, &options).await,
        Verb::Inspect { plugin } if Path::new(&plugin).is_file() => return inspect_file(context, Path::new(&plugin)),
        _ => {}
    }
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List(options) if options.available => registries::available(context, &connection, &options).await,
        Verb::List(_) => list(context, &connection).await,
        Verb::Outdated => registries::outdated(context, &connection).await,
        Verb::Review(options) => install::review(context, &connection, &options).await,
        Verb::Upgrade(options) => install::upgrade(context, &connection, &options).await,
        Verb::Registries { refresh } => registries::registries(context, &connection, refresh).await,
        Verb::Trust(verb) => registries::trust(context, &connection, &verb).await,
        Verb::Inspect { plugin } => inspect_installed(context, &connection, &plugin).await,
        Verb::Install(options) => match options.plugin.as_deref().map(Path::new).filter(|plugin| is_file(plugin)) {
            Some(file) => install(context, &connection, file, &options.module).await,
            None => install::run(context, &connection, &options).await,
        },
        Verb::Remove { id } => remove(context, &connection, &id).await,
        Verb::Top(options) => top::run(context, &connection, &options).await,
        Verb::Allow(who) => access::say(context, &connection, &who, true).await,
        Verb::Deny(who) => access::say(context, &connection, &who, false).await,
        Verb::Access(shown) => access::access(context, &connection, &shown).await,
        Verb::Rollback { id } => rollback(context, &connection, &id).await,
        Verb::Reload { id } => reload(context, &connection, id.as_deref()).await,
        Verb::Call(options) => call::installed(context, &connection, &options).await,
        Verb::New(_) | Verb::Build(_) | Verb::Test(_) | Verb::Dev(_) | Verb::Doctor(_) => Ok(()),
        Verb::Pack { .. } | Verb::Key(_) | Verb::Sign(_) | Verb::Verify(_) => Ok(()),
        Verb::Sbom(_) | Verb::Publish(_) | Verb::Search(_) => Ok(()),
    };
    connection.close().await;
    outcome
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let plugins = connection.client.list_plugins().await?.items;
    context.printer.data(&plugins, |printer| {
        let rows: Vec<Vec<String>> = plugins.iter().map(row).collect();
        printer.table(&["id", "version", "from", "size", "offers", "state"], &rows);
        for plugin in &plugins {
            trouble(printer, plugin);
        }
    });
    Ok(())
}

/// What is wrong, and the way back.
fn trouble(printer: Printer, plugin: &Plugin) {
    match (&plugin.incident, &plugin.problem) {
        (Some(incident), _) => {
            printer.warning(&format!("{}: {}", plugin.id, incident.reason));
            printer.hint(&incident.remedy);
        }
        (None, Some(problem)) => printer.warning(&format!("{}: {problem}", plugin.id)),
        (None, None) => {}
    }
}

fn row(plugin: &Plugin) -> Vec<String> {
    let from = match plugin.source {
        PluginSource::Bundled => "octi",
        PluginSource::Extism => "extism",
        PluginSource::Folder => plugin.origin.as_ref().map_or("folder", |origin| origin.registry.as_str()),
    };
    let role = plugin.role.iter().map(|role| format!("role {role}"));
    let skill = plugin.skill.iter().map(|skill| format!("skill {skill}"));
    let mut offers: Vec<String> = role.chain(skill).collect();
    if offers.is_empty() || !plugin.tools.is_empty() {
        offers.push(count_of_tools(plugin.tools.len()));
    }
    vec![
        plugin.id.clone(),
        plugin.version.clone(),
        from.to_owned(),
        human_bytes(plugin.bytes),
        offers.join(", "),
        state(plugin).to_owned(),
    ]
}

fn count_of_tools(count: usize) -> String {
    if count == 1 { "1 tool".to_owned() } else { format!("{count} tools") }
}

fn state(plugin: &Plugin) -> &'static str {
    let is_revoked = plugin.incident.as_ref().is_some_and(|incident| incident.kind == PluginIncidentKind::Revoked);
    match plugin.state {
        PluginState::Quarantined if is_revoked => "revoked",
        PluginState::Running if !plugin.may_use => "running, not for you",
        PluginState::Running => "running",
        PluginState::Quarantined => "quarantined",
        PluginState::RolledBack => "rolled back",
        PluginState::Broken => "broken",
    }
}

/// Whether a file is meant, and not a plugin of a registry.
fn is_file(plugin: &Path) -> bool {
    plugin.extension().is_some_and(|extension| extension == "wasm") || plugin.is_file()
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(file).map_err(|error| Failure::user(format!("cannot read `{}`", file.display())).because(&error))
}

/// What a plugin that was just built is called as a file.
const BUILT: &str = "plugin.wasm";

/// What a component without a manifest is named after.
fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn inspect_file(context: &Context, file: &Path) -> Outcome {
    let bytes = read(file)?;
    if let Some(module) = extism_module(&bytes).map_err(|error| Failure::user(error.to_string()))? {
        let inspection = plugins::module_inspection(module, bytes.len() as u64);
        context.printer.data(&inspection, |printer| {
            printer.line(&format!("{BOLD}{}{BOLD:#}  a module of Extism", file_name(file)));
            printer.line(&format!("size      {}", human_bytes(inspection.bytes)));
            printer.line(&format!("sha256    {}", inspection.digest));
            section(printer, "may reach", &inspection.capabilities, "nothing");
            section(printer, "functions", &inspection.exports, "none");
            section(printer, "imports", &inspection.imports, "none");
        });
        return Ok(());
    }
    let found = PluginManager::inspect_file(&bytes, &file_name(file)).map_err(|error| Failure::user(error.to_string()))?;
    let (tools, texts) = (tools(&found), texts(&found));
    let inspection = plugins::inspection(found).map_err(|error| Failure::us("the manifest cannot be shown").because(&error))?;
    let sbom = sbom::of_file(file)?;
    let mut told = serde_json::json!(inspection);
    if let Some(sbom) = &sbom {
        told["sbom"] = serde_json::json!(sbom);
    }
    context.printer.data(&told, |printer| {
        let text = |key: &str| inspection.manifest[key].as_str().unwrap_or_default().to_owned();
        printer.line(&format!("{BOLD}{} {}{BOLD:#}  {}", text("id"), text("version"), text("description")));
        printer.line(&format!("contract  {}", text("wit")));
        printer.line(&format!("size      {}", human_bytes(inspection.bytes)));
        printer.line(&format!("sha256    {}", inspection.digest));
        section(printer, "may reach", &inspection.capabilities, "nothing");
        section(printer, "tools", &tools, "none");
        if !texts.is_empty() {
            section(printer, "texts it offers (data: they give it no right)", &texts, "none");
        }
        if !inspection.left_out.is_empty() {
            section(printer, "left out", &inspection.left_out, "none");
        }
        section(printer, "imports", &inspection.imports, "none");
        if let Some(sbom) = &sbom {
            sbom::show(printer, sbom);
        }
    });
    Ok(())
}

/// A line for each operation.
fn tools(found: &Inspection) -> Vec<String> {
    let line = |(name, tool): (&String, &ToolEntry)| format!("{name}  {DIM}{}{DIM:#}", shorten(&tool.description, 70));
    found.manifest.tools.iter().map(line).collect()
}

/// A line for each prompt and each document.
fn texts(found: &Inspection) -> Vec<String> {
    let (alias, manifest) = (found.manifest.alias(), &found.manifest);
    let prompts = manifest.prompts.iter().map(|(name, one)| (format!("prompt {alias}__{name}"), &one.description));
    let documents = manifest.documents.values().map(|one| (format!("document {}", one.uri), &one.title));
    prompts.chain(documents).map(|(what, about)| format!("{what}  {DIM}{}{DIM:#}", shorten(about, 70))).collect()
}

/// The path as one would type it here.
fn near(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(path)
}

fn section(printer: Printer, title: &str, lines: &[String], none: &str) {
    printer.line(&format!("{BOLD}{title}{BOLD:#}"));
    if lines.is_empty() {
        printer.line(&format!("  {none}"));
    }
    for line in lines {
        printer.line(&format!("  {line}"));
    }
}

async fn inspect_installed(context: &Context, connection: &Connection, id: &str) -> Outcome {
    let plugin = connection.client.plugin(id).await.map_err(|error| {
        Failure::from(error).hint("name an installed plugin's id (`octi plugin list`) or a `.wasm` file that exists")
    })?;
    context.printer.data(&plugin, |printer| {
        printer.line(&format!("{BOLD}{} {}{BOLD:#}  {}", plugin.id, plugin.version, plugin.description));
        printer.line(&format!("size        {}", human_bytes(plugin.bytes)));
        printer.line(&format!("sha256      {}", plugin.digest));
        printer.line(&format!("generation  {}", plugin.generation));
        printer.line(&format!("state       {}", state(&plugin)));
        if let Some(since) = plugin.incident.as_ref().and_then(|incident| incident.since) {
            printer.line(&format!("since       {}", since.format("%Y-%m-%d %H:%M UTC")));
        }
        if let Some(origin) = &plugin.origin {
            printer.line(&format!("registry    {}", origin.registry));
            printer.line(&format!("publisher   {}", origin.publisher_key));
            printer.line(&format!("package     {}", origin.package));
        }
        if let Some(previous) = &plugin.previous {
            printer.line(&format!("before it   {previous}"));
        }
        section(printer, "may reach", &plugin.capabilities, "nothing");
        let tools: Vec<String> = plugin.tools.iter().map(|name| tool_name::dotted(name)).collect();
        section(printer, "tools", &tools, "none");
        match &plugin.incident {
            Some(incident) => {
                printer.line(&format!("{WARN}problem{WARN:#}  {}", incident.reason));
                printer.line(&format!("{HINT}way back{HINT:#} {}", incident.remedy));
            }
            None => {
                if let Some(problem) = &plugin.problem {
                    printer.line(&format!("{WARN}problem{WARN:#}  {problem}"));
                }
            }
        }
    });
    Ok(())
}

async fn install(context: &Context, connection: &Connection, file: &Path, module: &install::ForModules) -> Outcome {
    let bytes = read(file)?;
    let file_name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    // The server may be another version, which refuses what this one takes; then it says so.
    let left_out = PluginManager::inspect_file(&bytes, file_name.as_deref().unwrap_or_default());
    let left_out = left_out.map(|found| found.left_out().to_vec()).unwrap_or_default();
    let query = InstallQuery { file_name, ..module.query()? };
    let plugin = connection.client.install_plugin(bytes, &query).await?;
    context.printer.data(&plugin, |printer| {
        printer.note(&format!("installed {} {}", plugin.id, plugin.version));
        for line in &plugin.capabilities {
            printer.note(&format!("  {line}"));
        }
        for line in &left_out {
            printer.warning(&format!("left out {line}"));
        }
    });
    Ok(())
}

async fn remove(context: &Context, connection: &Connection, id: &str) -> Outcome {
    connection.client.remove_plugin(id).await?;
    context.printer.data(&serde_json::json!({ "removed": id }), |printer| printer.note(&format!("removed {id}")));
    Ok(())
}

async fn rollback(context: &Context, connection: &Connection, id: &str) -> Outcome {
    let plugin = connection.client.rollback_plugin(id).await?;
    context.printer.data(&plugin, |printer| {
        printer.note(&format!("{} {} runs again (generation {})", plugin.id, plugin.version, plugin.generation));
        printer.hint(&format!("its file is left alone until it changes; `octi plugin reload {id}` tries it again"));
    });
    Ok(())
}

async fn reload(context: &Context, connection: &Connection, id: Option<&str>) -> Outcome {
    let plugins = connection.client.reload_plugins(id).await?.items;
    context.printer.data(&plugins, |printer| {
        for plugin in &plugins {
            match &plugin.problem {
                Some(problem) => printer.warning(&format!("{}: {problem}", plugin.id)),
                None => printer.note(&format!("{} {} (generation {})", plugin.id, plugin.version, plugin.generation)),
            }
        }
    });
    Ok(())
}

async fn pack(context: &Context, folder: &Path, component: Option<&Path>, output: Option<PathBuf>) -> Outcome {
    let packed = match component {
        Some(component) => {
            let manifest = folder.join("plugin.toml");
            let text = std::fs::read_to_string(&manifest)
                .map_err(|error| Failure::user(format!("cannot read `{}`", manifest.display())).because(&error))?;
            pack::pack_tool_in(folder, &read(component)?, &text, None).await
        }
        None if folder.join("SKILL.md").is_file() => pack::pack_skill(folder),
        None => pack::pack_role(folder),
    };
    let bytes = packed.map_err(|error| Failure::user(error.to_string()))?;
    let name = folder.file_name().map_or_else(|| "plugin".into(), |name| name.to_string_lossy().into_owned());
    let output = output.unwrap_or_else(|| folder.with_file_name(format!("{name}.wasm")));
    std::fs::write(&output, &bytes)
        .map_err(|error| Failure::user(format!("cannot write `{}`", output.display())).because(&error))?;
    let written = serde_json::json!({ "file": output, "bytes": bytes.len() });
    context.printer.data(&written, |printer| {
        printer.note(&format!("wrote {} ({})", output.display(), human_bytes(bytes.len() as u64)));
        printer.hint(&format!("`octi plugin install {}` installs it", output.display()));
    });
    Ok(())
}
