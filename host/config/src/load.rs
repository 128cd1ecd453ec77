//! Environment over file over default, each value checked, each error naming where the value stands.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use octi_domain::plugin_limits::PluginLimits;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::env::{self, Environment};
use crate::registries::{self, Registries};
use crate::sections::{File, SandboxLevel};
use crate::settings::check::{ADDRESS_EXPECTED, checked_limits, entries, web_address};
use crate::settings::{Base, key};
use crate::shell::Shell;

/// The port octi listens on unless told otherwise.
pub const PORT_DEFAULT: u16 = 3005;

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Config {
    pub home: PathBuf,
    pub host: String,
    pub port: u16,
    /// Whose word on a request's origin counts.
    pub trusted_proxies: Vec<IpNet>,
    pub database_url: Database,
    pub skip_migrations: bool,
    pub sandbox: SandboxLevel,
    pub shell: Shell,
    /// Where plugins may be installed from.
    pub registries: Registries,
    /// Hosts and networks as [`env::OCTI_PRIVATE_TARGETS`] lists them, not looked at yet.
    pub private_targets: Vec<String>,
    /// Certificate authorities besides those of the system, not read yet.
    pub ca_file: Option<PathBuf>,
    pub searxng_url: Option<Url>,
    /// Limits that the administrator set, by the plugin's id.
    pub plugin_limits: BTreeMap<String, PluginLimits>,
    pub master_key: Option<SecretString>,
    /// What environment or file say is logged.
    pub log_filter: Option<String>,
    pub log_json: bool,
    /// Everything that can be set, as environment, file and defaults say.
    pub settings: Base,
    /// Where `octi` commands find their server.
    pub url: String,
    pub token: Option<SecretString>,
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub struct Database(String);

impl Database {
    /// The address with whatever password it holds, for opening it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Database {
    /// Without a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A parameter may be a password as well, and a question mark a part of one.
        let plain = self.0.split('?').next().unwrap_or_default();
        match (self.0.split_once("://"), plain.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => write!(f, "{scheme}://…@{rest}"),
            (Some((scheme, _)), None) if self.0.contains('@') => write!(f, "{scheme}://…"),
            _ => f.write_str(plain),
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("there is no home folder: set `OCTI_HOME` to a folder octi may write to")]
    NoHome,
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not valid: {problem}", path.display())]
    File { path: PathBuf, problem: String },
    #[error("environment variable `{name}` is `{value}`: {expected}")]
    Variable { name: &'static str, value: String, expected: String },
}

impl Config {
    /// Reads everything.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable, or the file with line and key, and what is valid there.
    pub fn load(environment: &Environment) -> Result<Self, ConfigError> {
        let home = home(environment)?;
        let path = home.join("config.toml");
        let (file, table) = read_file(&path, &home)?;
        let host = text(environment, env::OCTI_HOST).or(file.server.host).unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = number(environment, env::OCTI_PORT, "a port is a number from 0 to 65535")?
            .or(file.server.port)
            .unwrap_or(PORT_DEFAULT);
        let database = text(environment, env::DATABASE_URL)
            .or(file.database.url)
            .unwrap_or_else(|| format!("sqlite://{}", home.join("octi.db").display()));
        let database = Database(database);
        let mut settings = Base::read(environment, &path, &table)?;
        settings.show(key::HOME, json!(home.display().to_string()));
        settings.show(key::DATABASE_URL, json!(database.to_string()));
        Ok(Self {
            url: text(environment, env::OCTI_URL).unwrap_or_else(|| format!("http://{host}:{port}")),
            host,
            port,
            trusted_proxies: settings.networks(key::TRUSTED_PROXIES),
            database_url: database,
            skip_migrations: flag(environment, env::SKIP_MIGRATIONS)?,
            sandbox: sandbox(environment)?.or(file.sandbox.processes).unwrap_or_default(),
            private_targets: list(environment, env::OCTI_PRIVATE_TARGETS).or(file.network.private_targets).unwrap_or_default(),
            ca_file: text(environment, env::OCTI_CA_FILE).map(PathBuf::from).or(file.network.ca_file),
            searxng_url: address(environment, env::OCTI_SEARXNG_URL, file.network.searxng_url)?,
            plugin_limits: plugin_limits(&path, file.plugins)?,
            shell: file.shell,
            registries: file.registries,
            master_key: secret(environment, env::MASTER_KEY),
            log_filter: settings.given_text(key::LOG_FILTER),
            log_json: log_json(environment)?,
            settings,
            token: secret(environment, env::OCTI_TOKEN),
            home,
        })
    }
}

impl Config {
    /// The same with what is stored in the database: the value of a key, as [`crate::settings::check`] let it through.
    #[must_use]
    pub fn with<'v>(&self, stored: impl Fn(&str) -> Option<&'v Value>) -> Self {
        let mut changed = self.clone();
        if let Some(level) = stored(key::SANDBOX_PROCESSES).and_then(Value::as_str).and_then(level) {
            changed.sandbox = level;
        }
        if let Some(address) = stored(key::SEARXNG_URL).and_then(Value::as_str) {
            changed.searxng_url = web_address(address);
        }
        if let Some(targets) = stored(key::PRIVATE_TARGETS).and_then(Value::as_array) {
            changed.private_targets = targets.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        if let Some(Ok(limits)) = stored(key::PLUGINS).map(crate::settings::check::plugin_limits) {
            changed.plugin_limits = limits;
        }
        changed
    }
}

fn home(environment: &Environment) -> Result<PathBuf, ConfigError> {
    if let Some(home) = environment.get(env::OCTI_HOME) {
        return std::path::absolute(home).map_err(|source| ConfigError::Read { path: home.into(), source });
    }
    environment.get("HOME").map(|home| Path::new(home).join(".octi")).ok_or(ConfigError::NoHome)
}

/// The file with every key checked, and the same as it stands there.
fn read_file(path: &Path, home: &Path) -> Result<(File, toml::Table), ConfigError> {
    let problem = |problem: String| ConfigError::File { path: path.into(), problem };
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let parsed = toml::Deserializer::parse(&text).map_err(|error| problem(error.to_string()))?;
            let file: File = serde_path_to_error::deserialize(parsed).map_err(|error| {
                // Mistakes at the top have no path, and then the line says it all.
                let place = error.path().to_string();
                problem(if place == "." { error.inner().to_string() } else { format!("`{place}`: {}", error.inner()) })
            })?;
            registries::check(&file.registries).map_err(|(field, text)| problem(format!("`{field}`: {text}")))?;
            file.shell.check(home).map_err(|(field, text)| problem(format!("`{field}`: {text}")))?;
            let table = text.parse().map_err(|error: toml::de::Error| problem(error.to_string()))?;
            Ok((file, table))
        }
        // A home folder that cannot be there is told by whoever makes it, with what to do.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok((File::default(), toml::Table::new()))
        }
        Err(source) => Err(ConfigError::Read { path: path.into(), source }),
    }
}

fn plugin_limits(
    path: &Path,
    plugins: BTreeMap<String, crate::sections::Plugin>,
) -> Result<BTreeMap<String, PluginLimits>, ConfigError> {
    checked_limits(plugins).map_err(|problem| ConfigError::File {
        path: path.into(),
        problem: format!("`plugins.{}`: {}", problem.path, problem.message),
    })
}

fn level(word: &str) -> Option<SandboxLevel> {
    match word {
        "off" => Some(SandboxLevel::Off),
        "auto" => Some(SandboxLevel::Auto),
        "required" => Some(SandboxLevel::Required),
        _ => None,
    }
}

fn sandbox(environment: &Environment) -> Result<Option<SandboxLevel>, ConfigError> {
    let Some(word) = environment.get(env::OCTI_SANDBOX) else { return Ok(None) };
    level(word).map(Some).ok_or_else(|| ConfigError::Variable {
        name: env::OCTI_SANDBOX,
        value: word.to_owned(),
        expected: "it must be `off`, `auto` or `required`".to_owned(),
    })
}

fn log_json(environment: &Environment) -> Result<bool, ConfigError> {
    match environment.get(env::OCTI_LOG_FORMAT) {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(ConfigError::Variable {
            name: env::OCTI_LOG_FORMAT,
            value: other.to_owned(),
            expected: "it must be `text` or `json`".to_owned(),
        }),
    }
}

fn flag(environment: &Environment, name: &'static str) -> Result<bool, ConfigError> {
    match environment.get(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => {
            let expected = "it must be `true` or `false`".to_owned();
            Err(ConfigError::Variable { name, value: other.to_owned(), expected })
        }
    }
}

fn number<T: std::str::FromStr>(
    environment: &Environment,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, ConfigError> {
    environment
        .get(name)
        .map(|value| {
            value.parse().map_err(|_| ConfigError::Variable { name, value: value.to_owned(), expected: expected.to_owned() })
        })
        .transpose()
}

fn text(environment: &Environment, name: &str) -> Option<String> {
    environment.get(name).map(str::to_owned)
}

fn list(environment: &Environment, name: &str) -> Option<Vec<String>> {
    Some(entries(environment.get(name)?).collect())
}

fn address(environment: &Environment, name: &'static str, file: Option<String>) -> Result<Option<Url>, ConfigError> {
    let Some(value) = text(environment, name).or(file).filter(|value| !value.is_empty()) else { return Ok(None) };
    let url = web_address(&value);
    url.map(Some).ok_or_else(|| ConfigError::Variable { name, value, expected: ADDRESS_EXPECTED.to_owned() })
}

fn secret(environment: &Environment, name: &str) -> Option<SecretString> {
    environment.get(name).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Source, definition};

    fn load(file: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(home.path().join("config.toml"), file).expect("config.toml can be written");
        let path = home.path().display().to_string();
        let pairs = pairs.iter().copied().chain([(env::OCTI_HOME, path.as_str())]);
        Config::load(&Environment::of(pairs))
    }

    #[test]
    fn environment_beats_file_beats_default() {
        let config = load("[server]\nport = 4000\nhost = '0.0.0.0'", &[(env::OCTI_PORT, "5000")]).expect("valid");
        assert_eq!((config.port, config.host.as_str()), (5000, "0.0.0.0"));
        assert_eq!(config.settings.get(definition("server.port").expect("a setting")).source, Source::Environment);
        assert_eq!(config.settings.get(definition("server.host").expect("a setting")).source, Source::File);
        assert_eq!(config.settings.get(definition(key::MINUTES_MAX).expect("a setting")).value, json!(15));
        assert!(config.database_url.reveal().ends_with("octi.db"));
    }

    #[test]
    fn a_typo_in_the_file_is_named_with_its_line() {
        let error = load("[server]\nprot = 4000", &[]).expect_err("a typo").to_string();
        assert!(error.contains("unknown field `prot`") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn limits_of_a_plugin_are_read_and_checked_by_their_path() {
        let config = load("[plugins.\"acme/x\".limits]\nmemory_mb = 128\nfs_calls = 0", &[]).expect("valid");
        let set = PluginLimits { memory_mb: Some(128), fs_calls: Some(0), ..PluginLimits::default() };
        assert_eq!(config.plugin_limits, BTreeMap::from([("acme/x".to_owned(), set)]));
        for (file, says) in [
            (
                "[plugins.\"acme/x\".limits]\nmemory_mb = 0",
                "`plugins.\"acme/x\".limits.memory_mb`: 0 is not allowed: it must be from 1 to 256",
            ),
            ("[plugins.\"acme/x\".limits]\nmemory = 1", "unknown field `memory`"),
            ("[plugins.\"acme/x\"]\nlimit = 1", "unknown field `limit`"),
            ("[plugins.x.limits]\ntime_ms = 1", "`plugins.\"x\"`: this names no plugin"),
        ] {
            let error = load(file, &[]).expect_err(file).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_profile_is_read_and_its_mistakes_are_named_by_field() {
        let config = load("[shell.profiles.make]\nprogram = '/usr/bin/make'\nenv = ['CC']", &[]).expect("valid");
        assert_eq!(config.shell.profiles["make"].env, ["CC"]);
        for (line, says) in [
            ("seconds_max = 'long'", "`shell.profiles.make.seconds_max`"),
            ("colour = 1", "unknown field `colour`"),
            ("seconds_max = 0", "`shell.profiles.make.seconds_max`: it must be between 1 and 600"),
        ] {
            let text = format!("[shell.profiles.make]\nprogram = '/usr/bin/make'\n{line}");
            let error = load(&text, &[]).expect_err(line).to_string();
            assert!(error.contains("config.toml") && error.contains(says), "{error}");
        }
        assert!(load("[shell.profiles.make]", &[]).expect_err("no program").to_string().contains("`program`"));
    }

    #[test]
    fn a_wrong_value_says_what_is_valid() {
        for (name, value, says) in [
            (env::OCTI_PORT, "high", "a port is a number from 0 to 65535"),
            (env::OCTI_SANDBOX, "on", "`off`, `auto` or `required`"),
            (env::SKIP_MIGRATIONS, "maybe", "`true` or `false`"),
            (env::OCTI_MAX_MINUTES, "0", "a whole number from 1 to 1440"),
            (env::OCTI_MAX_TOKENS, "many", "a whole number from 0 to"),
            (env::OCTI_LOG_FORMAT, "xml", "`text` or `json`"),
            (env::OCTI_TRUSTED_PROXIES, "127.0.0.1, proxy.corp", "`[1]`: it must be an address or a network"),
            (env::OCTI_SEARXNG_URL, "searx", "a web address"),
            (env::OCTI_SEARXNG_URL, "ftp://searx.test/", "a web address"),
        ] {
            let error = load("", &[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_network_is_set_by_environment_or_file() {
        let file = "[network]\nprivate_targets = ['wiki.corp:443']\nca_file = '/etc/corp.pem'\nsearxng_url = 'http://10.0.0.5/'";
        let config = load(file, &[]).expect("valid");
        assert_eq!(config.private_targets, ["wiki.corp:443"]);
        assert_eq!(config.ca_file.as_deref(), Some(Path::new("/etc/corp.pem")));
        assert_eq!(config.searxng_url.map(String::from).as_deref(), Some("http://10.0.0.5/"));
        let config = load(file, &[(env::OCTI_PRIVATE_TARGETS, "a.corp:80, 10.0.0.0/8:443,")]).expect("valid");
        assert_eq!(config.private_targets, ["a.corp:80", "10.0.0.0/8:443"]);
    }

    #[test]
    fn proxies_are_trusted_by_environment_or_file_and_nobody_is_by_default() {
        let shown = |config: Config| config.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(load("", &[]).expect("valid")), [""; 0]);
        let file = "[server]\ntrusted_proxies = ['10.1.0.0/16', '::1']";
        assert_eq!(shown(load(file, &[]).expect("valid")), ["10.1.0.0/16", "::1/128"]);
        assert_eq!(shown(load(file, &[(env::OCTI_TRUSTED_PROXIES, "127.0.0.1")]).expect("valid")), ["127.0.0.1/32"]);
        let error = load("[server]\ntrusted_proxies = ['10.1.0.0/99']", &[]).expect_err("no network").to_string();
        assert!(error.contains("`server.trusted_proxies[0]`: it must be an address or a network"), "{error}");
    }

    #[test]
    fn a_limit_of_the_file_is_read_and_a_mistake_is_named_by_its_key() {
        let config = load("[gateway]\nchats_per_minute_max = 7\n[log]\nfilter = 'warn'", &[]).expect("valid");
        assert_eq!(config.settings.number(key::CHATS_PER_MINUTE_MAX), 7);
        assert_eq!(config.log_filter.as_deref(), Some("warn"));
        let error = load("[agent]\nminutes_max = 0", &[]).expect_err("no time").to_string();
        assert!(error.contains("`agent.minutes_max`: it must be a whole number from 1 to 1440"), "{error}");
        let error = load("[gateway]\nchats = 7", &[]).expect_err("a typo").to_string();
        assert!(error.contains("unknown field `chats`"), "{error}");
    }

    #[test]
    fn a_secret_that_cannot_be_used_is_not_repeated() {
        let error = load("", &[(env::OCTI_METRICS_TOKEN, "q7x9")]).expect_err("too short").to_string();
        assert!(error.contains(env::OCTI_METRICS_TOKEN) && !error.contains("q7x9"), "{error}");
        let config = load("", &[(env::MASTER_KEY, "5a5a"), (env::OCTI_METRICS_TOKEN, "q7x9q7x9q7x9q7x9")]).expect("valid");
        assert!(!format!("{config:?}").contains("q7x9") && !format!("{config:?}").contains("5a5a"), "{config:?}");
    }

    #[test]
    fn a_database_password_is_never_shown() {
        let config = load("", &[(env::DATABASE_URL, "postgres://octi:s3cret@db/octi")]).expect("valid");
        assert_eq!(config.database_url.to_string(), "postgres://…@db/octi");
        assert_eq!(config.settings.get(definition(key::DATABASE_URL).expect("a setting")).value, json!("postgres://…@db/octi"));
        assert!(!format!("{config:?}").contains("s3cret"));
        for (address, shown) in [
            ("postgres:///octi?host=/run/postgresql&user=octi&password=s3cret", "postgres:///octi"),
            ("postgres://octi:a@db/octi?password=s3cret", "postgres://…@db/octi"),
            ("postgres://octi:s3cret?@db/octi", "postgres://…"),
        ] {
            assert_eq!(Database(address.to_owned()).to_string(), shown);
        }
        let error = load("", &[(env::DATABASE_URL, "postgres://octi:s3cret@db/\u{7}octi")]).expect_err("no address").to_string();
        assert!(error.contains(env::DATABASE_URL) && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn the_line_end_of_a_file_with_a_secret_is_no_part_of_it() {
        let config = load("", &[(env::DATABASE_URL, "postgres://octi:s3cret@db/octi\n")]).expect("valid");
        assert_eq!(config.database_url.reveal(), "postgres://octi:s3cret@db/octi");
    }
}
