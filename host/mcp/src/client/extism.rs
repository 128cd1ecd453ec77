//! Modules of Extism: each is a server whose program is octi's own bridge, with all of its functions accepted as tools.
//!
//! A module is installed as plugins are, so it is a file and a record and not a row: what `octi plugin` shows and removes. Its
//! file lies in the directory of its process, the only one that this sees of octi's; the bridge is told the digest that it must have.

mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use octi_domain::ids::UserId;
use octi_domain::{limits, tool_name};
use octi_extension::health::{HealthReport, PluginHealth};
use octi_extension::registry::{PluginState, PluginStatus, Registry, Snapshot, Source as PluginSource};
use octi_extension::skill::SkillProblem;

use self::record::{Record, Records};
use super::breaker::BreakerState;
use super::catalog::may_be_promoted;
use super::config::{ServerConfig, check_name};
use super::hub::{Declared, Hub, Source, Status};
use super::pin::{Described, Pin};

/// The publisher in their ids.
const PUBLISHER: &str = "extism";
/// The bridge reads each entry of a configuration from a variable that begins so.
const CONFIG_VARIABLE: &str = "OCTI_EXTISM_CONFIG_";

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ExtismError {
    #[error("no plugin `{PUBLISHER}/{0}` is installed; `octi plugin list` shows them")]
    NotFound(String),
    /// The text says why and what to do.
    #[error("{0}")]
    Refused(String),
    #[error("the folder of modules cannot be used: {0}")]
    Folder(#[from] std::io::Error),
}

/// A file to be installed. That it is a module of Extism was seen.
pub struct ExtismFile {
    /// The file's own name, which becomes the module's.
    pub file_name: String,
    pub bytes: Vec<u8>,
    /// SHA-256 of it, in hex.
    pub digest: String,
    /// The hosts it may send requests to.
    pub network: Vec<String>,
    pub config: BTreeMap<String, String>,
}

/// The modules of this host. They run as servers of the hub.
pub struct ExtismModules {
    hub: Arc<Hub>,
    records: Records,
    /// Where each process has a directory of its own.
    homes: PathBuf,
    bridge: PathBuf,
    known: Mutex<BTreeMap<String, Record>>,
    /// Held while one is installed or removed.
    changing: tokio::sync::Mutex<()>,
}

impl ExtismModules {
    /// The modules whose records lie in that folder.
    #[must_use]
    pub fn new(hub: Arc<Hub>, records: PathBuf, bridge: PathBuf) -> Self {
        let homes = hub.homes();
        Self { hub, records: Records(records), homes, bridge, known: Mutex::default(), changing: tokio::sync::Mutex::default() }
    }

    /// Takes up what was installed; a note for each that cannot be used.
    pub fn open(&self) -> Vec<String> {
        let all = match self.records.all() {
            Ok(all) => all,
            Err(error) => return vec![format!("the modules of Extism cannot be read: {error}")],
        };
        let mut notes = Vec::new();
        for (name, record) in all {
            let declared = record.and_then(|record| {
                let declared = self.declared(&name, &record)?;
                self.hub.declare(declared).map_err(|error| error.to_string())?;
                Ok(record)
            });
            match declared {
                Ok(record) => drop(self.known().insert(name, record)),
                Err(why) => notes.push(format!("the Extism module `{name}` cannot be used: {why}; install it again")),
            }
        }
        if !self.known().is_empty() {
            notes.extend(self.without_bridge());
        }
        notes
    }

    /// Starts the module once, and offers what it has. One of that name is replaced, and goes on if this does not work.
    ///
    /// # Errors
    /// [`ExtismError::Refused`] says what is wrong with it.
    pub async fn install(&self, who: UserId, file: ExtismFile) -> Result<PluginStatus, ExtismError> {
        let name = name_of(&file.file_name)?;
        if let Some(why) = self.without_bridge() {
            return Err(ExtismError::Refused(why));
        }
        let _alone = self.changing.lock().await;
        if self.hub.status(&name).is_some_and(|server| server.source != Source::Extism) {
            let why = format!("an MCP server is called `{name}`, and both would give their tools that name: rename the file");
            return Err(ExtismError::Refused(why));
        }
        let mut record = Record {
            digest: file.digest,
            bytes: file.bytes.len() as u64,
            installed_by: who.to_string(),
            network: file.network,
            config: file.config,
            tools: BTreeMap::new(),
        };
        let declared = self.declared(&name, &record).map_err(ExtismError::Refused)?;
        self.hub.may_declare(&declared).map_err(|error| ExtismError::Refused(error.to_string()))?;
        let path = self.file(&name, &record.digest);
        let was_there = self.known().get(&name).is_some_and(|before| before.digest == record.digest);
        write(path.clone(), file.bytes).await?;
        let tools = match Box::pin(self.hub.probe(&declared)).await {
            Ok(catalog) => catalog.described.clone(),
            Err(why) => {
                if !was_there {
                    let _left = std::fs::remove_file(&path);
                }
                return Err(ExtismError::Refused(format!("the module does not run: {why}")));
            }
        };
        record.tools = promoted(&name, tools);
        self.records.put(&name, &record)?;
        let declared = self.declared(&name, &record).map_err(ExtismError::Refused)?;
        self.hub.declare(declared).map_err(|error| ExtismError::Refused(error.to_string()))?;
        if let Some(before) = self.known().insert(name.clone(), record.clone())
            && before.digest != record.digest
        {
            // Its process has read it.
            let _gone = std::fs::remove_file(self.file(&name, &before.digest));
        }
        Ok(self.status(&name, &record))
    }

    /// Removes a module and ends its process.
    ///
    /// # Errors
    /// [`ExtismError::NotFound`].
    pub async fn remove(&self, name: &str) -> Result<(), ExtismError> {
        let _alone = self.changing.lock().await;
        let there = self.known().get(name).cloned();
        // A record that could not be read is removed too.
        if !self.records.remove(name)? {
            return Err(ExtismError::NotFound(name.to_owned()));
        }
        self.known().remove(name);
        self.hub.remove(name);
        if let Some(record) = there {
            let _gone = std::fs::remove_file(self.file(name, &record.digest));
        }
        Ok(())
    }

    /// Ends the process of a module, of each without a name; the next call starts it.
    ///
    /// # Errors
    /// [`ExtismError::NotFound`].
    pub async fn restart(&self, name: Option<&str>) -> Result<(), ExtismError> {
        let names: Vec<String> = match name {
            Some(name) if self.known().contains_key(name) => vec![name.to_owned()],
            Some(name) => return Err(ExtismError::NotFound(name.to_owned())),
            None => self.known().keys().cloned().collect(),
        };
        for name in names {
            self.hub.restart(&name).await.map_err(ExtismError::Refused)?;
        }
        Ok(())
    }

    /// The module's name in an id, such as `extism/words`.
    #[must_use]
    pub fn named(id: &str) -> Option<&str> {
        id.split_once('/').filter(|(publisher, _)| *publisher == PUBLISHER).map(|(_, name)| name)
    }

    /// All of them, as they are now.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        let known = self.known().clone();
        known.iter().map(|(name, record)| self.status(name, record)).collect()
    }

    /// How each of them has been doing. What a process needs and sends is not seen call by call, so no memory and no bytes.
    fn health(&self) -> Vec<PluginHealth> {
        self.known().keys().map(|name| self.hub.health(name, &id(name))).collect()
    }

    fn status(&self, name: &str, record: &Record) -> PluginStatus {
        let server = self.hub.status(name);
        let rests = server.as_ref().is_some_and(|server| server.breaker == BreakerState::Open);
        let missing = self.without_bridge();
        let state = match (&missing, rests) {
            (Some(_), _) => PluginState::Broken,
            (None, true) => PluginState::Quarantined,
            (None, false) => PluginState::Running,
        };
        let version = format!("0.0.0+{}", record.digest.get(..8).unwrap_or_default());
        PluginStatus {
            id: id(name),
            version,
            description: "A module of Extism".to_owned(),
            source: PluginSource::Extism,
            digest: record.digest.clone(),
            bytes: record.bytes,
            state,
            generation: 1,
            previous: None,
            tools: record.tools.keys().map(|tool| tool_name::joined(name, tool)).collect(),
            role: None,
            skill: None,
            capabilities: reaches(record),
            vault: Vec::new(),
            problem: missing.or_else(|| server.and_then(problem)),
            incident: None,
            compiled_in: None,
        }
    }

    /// The server that a module is.
    fn declared(&self, name: &str, record: &Record) -> Result<Declared, String> {
        let path = self.file(name, &record.digest);
        let mut args = vec![path.display().to_string(), "--sha256".to_owned(), record.digest.clone()];
        args.extend(["--name".to_owned(), name.to_owned()]);
        args.extend(["--memory-mb".to_owned(), limits::EXTISM_MEMORY_MIB_MAX.to_string()]);
        args.extend(["--time-ms".to_owned(), limits::EXTISM_CALL_MS_MAX.to_string()]);
        args.extend(["--output-bytes".to_owned(), limits::EXTISM_OUTPUT_BYTES_MAX.to_string()]);
        for host in &record.network {
            // Extism knows hosts without ports; the proxy of the process knows both.
            args.extend(["--allow-host".to_owned(), host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host).to_owned()]);
        }
        // Each has its key in its name too, for whoever reads which one names a secret that is not there.
        let plain = |key: &str| key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
        let entries = record.config.iter().enumerate();
        let env = entries.map(|(at, (key, value))| (format!("{CONFIG_VARIABLE}{at}_{}", plain(key)), format!("{key}={value}")));
        let config = ServerConfig {
            command: Some(self.bridge.display().to_string()),
            args,
            env: env.collect(),
            read: vec![self.bridge.clone()],
            network: record.network.clone(),
            ..ServerConfig::default()
        };
        config.check().map_err(|error| error.to_string())?;
        let owner = record.installed_by.parse::<UserId>().map_err(|error| error.to_string())?;
        let pins = record.tools.iter().map(|(tool, accepted)| Pin { tool: tool.clone(), accepted: accepted.clone() }).collect();
        Ok(Declared { name: name.to_owned(), config, owner: Some(owner), source: Source::Extism, pins })
    }

    fn file(&self, name: &str, digest: &str) -> PathBuf {
        self.homes.join(name).join(format!("{digest}.wasm"))
    }

    /// Why no module can run here, if none can.
    fn without_bridge(&self) -> Option<String> {
        if self.bridge.is_file() {
            return None;
        }
        Some(format!(
            "modules of Extism run in a program of their own, which is not at `{}`: build it with `cargo xtask extism` in octi's source, and put it beside `octi` or name it in `OCTI_EXTISM_BRIDGE`",
            self.bridge.display()
        ))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Record>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What people call a module.
fn id(name: &str) -> String {
    format!("{PUBLISHER}/{name}")
}

/// The name of a file as the name of a server, which the names of its tools begin with.
fn name_of(file_name: &str) -> Result<String, ExtismError> {
    let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
    check_name(&name).map_err(|error| {
        ExtismError::Refused(format!(
            "a module of Extism is called after its file, and {}: rename `{}`",
            error.why,
            super::failure::told(file_name)
        ))
    })?;
    Ok(name)
}

/// The tools that every model can call by a name of their own; the others are called through `mcp.call_tool`.
fn promoted(name: &str, tools: BTreeMap<String, Described>) -> BTreeMap<String, Described> {
    tools.into_iter().filter(|(tool, _)| may_be_promoted(name, tool).is_ok()).collect()
}

/// What a person is told that it may reach.
fn reaches(record: &Record) -> Vec<String> {
    let hosts = record.network.iter().map(|host| format!("send requests to {host}"));
    let secrets = record.config.iter().filter(|(_, value)| value.contains("{{secret:"));
    hosts.chain(secrets.map(|(key, value)| format!("read a secret as its configuration `{key}`: {value}"))).collect()
}

fn problem(server: Status) -> Option<String> {
    server.problem.filter(|_| server.breaker != BreakerState::Closed)
}

async fn write(path: PathBuf, bytes: Vec<u8>) -> std::io::Result<()> {
    let written = tokio::task::spawn_blocking(move || {
        record::directory(path.parent().unwrap_or(&path))?;
        record::replace(&path, &bytes)
    });
    written.await.map_err(std::io::Error::other)?
}

/// What is installed, modules of Extism among it. Their tools are the hub's.
pub struct WithModules {
    others: Arc<dyn Registry>,
    modules: Arc<ExtismModules>,
}

impl WithModules {
    /// Both together.
    #[must_use]
    pub fn new(others: Arc<dyn Registry>, modules: Arc<ExtismModules>) -> Self {
        Self { others, modules }
    }
}

impl Registry for WithModules {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.others.snapshot()
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        let mut all = self.others.plugins();
        all.extend(self.modules.plugins());
        all
    }

    fn health(&self) -> Option<HealthReport> {
        let mut report = self.others.health().unwrap_or_else(|| self.modules.hub.nothing_counted());
        report.plugins.extend(self.modules.health());
        Some(report)
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        self.others.skill_problems()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_called_after_its_file() {
        assert_eq!(name_of("Count-Vowels.wasm").unwrap(), "count-vowels");
        assert_eq!(name_of("words.v1.wasm").unwrap(), "words-v1");
        for file in ["", "1.wasm", "mcp.wasm", "a__b.wasm", &format!("{}.wasm", "a".repeat(40))] {
            let refused = name_of(file).unwrap_err().to_string();
            assert!(refused.contains("called after its file") && refused.contains("rename"), "{refused}");
        }
        assert_eq!((ExtismModules::named("extism/words"), ExtismModules::named("acme/words")), (Some("words"), None));
    }

    #[test]
    fn what_is_written_down_comes_back_and_has_an_end() {
        let home = std::env::temp_dir().join(format!("octi-extism-{}", std::process::id()));
        let records = Records(home.clone());
        assert_eq!(records.all().unwrap(), Vec::new());
        let described = Described { description: "counts".to_owned(), input_schema: serde_json::json!({"type": "object"}) };
        let mut record = Record {
            digest: "11".repeat(32),
            bytes: 8,
            installed_by: "x".to_owned(),
            network: vec!["a.example:443".to_owned()],
            config: [("key".to_owned(), "{{secret:KEY}}".to_owned())].into(),
            tools: [("count".to_owned(), described)].into(),
        };
        records.put("words", &record).unwrap();
        assert_eq!(records.all().unwrap(), [("words".to_owned(), Ok(record.clone()))]);
        assert_eq!(
            reaches(&record),
            ["send requests to a.example:443", "read a secret as its configuration `key`: {{secret:KEY}}"]
        );
        record.config.insert("long".to_owned(), "x".repeat(limits::EXTISM_RECORD_BYTES_MAX));
        assert!(records.put("words", &record).unwrap_err().to_string().contains("are allowed"));
        assert!(records.remove("words").unwrap() && !records.remove("words").unwrap());
        std::fs::remove_dir_all(home).unwrap();
    }
}
