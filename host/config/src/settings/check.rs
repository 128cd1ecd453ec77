//! Whether a value may be set, and what a text of the environment or the command line means.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path};

use ipnet::IpNet;
use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use serde_json::Value;
use url::Url;

use super::{Definition, Kind, key};
use crate::sections::Plugin;

/// What is wrong with a value: the place inside it, empty for the whole, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if .path.is_empty() { String::new() } else { format!("`{path}`: ", path = .path) })]
pub struct Problem {
    pub path: String,
    pub message: String,
}

impl Problem {
    /// With the whole value.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    /// With a part of it.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Checks a value.
///
/// # Errors
/// [`Problem`] says what would be valid. It never repeats the value of a secret.
pub fn check(definition: &Definition, value: &Value) -> Result<(), Problem> {
    let wrong = || Problem::whole(format!("it must be {}", expected(definition)));
    if value.to_string().len() > limits::SETTING_BYTES_MAX {
        return Err(Problem::whole(format!("it is longer than {} bytes", limits::SETTING_BYTES_MAX)));
    }
    match (definition.kind, value) {
        (Kind::Number, value) => {
            let number = value.as_u64().ok_or_else(wrong)?;
            if definition.bounds.is_some_and(|(least, most)| number < least || number > most) {
                return Err(wrong());
            }
        }
        (Kind::Boolean, Value::Bool(_)) => {}
        (Kind::String, Value::String(text)) => check_text(definition, text)?,
        (Kind::StringArray, Value::Array(items)) => {
            if let Some(at) = items.iter().position(|item| !item.as_str().is_some_and(is_plain)) {
                return Err(Problem::at(format!("[{at}]"), "it must be a text without control characters"));
            }
        }
        (Kind::Json, Value::Object(_)) => {}
        _ => return Err(wrong()),
    }
    match definition.key {
        key::PLUGINS => plugin_limits(value).map(drop),
        key::SEARXNG_URL => match value.as_str() {
            None | Some("") => Ok(()),
            Some(text) => web_address(text).map(drop).ok_or_else(|| Problem::whole(ADDRESS_EXPECTED)),
        },
        key::TRUSTED_PROXIES => networks(value).map(drop),
        key::ADDITIONAL_PATHS => folders(value),
        key::MCP_HOSTS => names(value),
        key::PUBLIC_URL => match value.as_str() {
            None | Some("") => Ok(()),
            Some(text) => origin(text),
        },
        _ => Ok(()),
    }
}

fn check_text(definition: &Definition, text: &str) -> Result<(), Problem> {
    let is_allowed = definition.allowed.is_empty() || definition.allowed.contains(&text);
    let length = text.chars().count() as u64;
    let is_long = definition.bounds.is_none_or(|(least, most)| length >= least && length <= most);
    if is_allowed && is_long && is_plain(text) {
        return Ok(());
    }
    Err(Problem::whole(format!("it must be {}", expected(definition))))
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// What is valid, after “it must be”.
pub(crate) fn expected(definition: &Definition) -> String {
    let words: Vec<String> = definition.allowed.iter().map(|word| format!("`{word}`")).collect();
    if let Some((last, others)) = words.split_last() {
        return format!("{} or {last}", others.join(", "));
    }
    match (definition.kind, definition.bounds) {
        (Kind::Number, Some((least, most))) => format!("a whole number from {least} to {most}"),
        (Kind::Number, None) => "a whole number".to_owned(),
        (Kind::String, Some((least, most))) => format!("a text of {least} to {most} characters, none of them control characters"),
        (Kind::String, None) => "a text without control characters".to_owned(),
        (Kind::Boolean, _) => "`true` or `false`".to_owned(),
        (Kind::StringArray, _) => "a list of texts".to_owned(),
        (Kind::Json, _) => "an object".to_owned(),
    }
}

/// The value that a text stands for, as the environment and the command line hold it. It is not checked yet.
///
/// # Errors
/// [`Problem`] when the text is nothing of that kind.
pub fn parse(definition: &Definition, text: &str) -> Result<Value, Problem> {
    let wrong = || Problem::whole(format!("it must be {}", expected(definition)));
    match definition.kind {
        Kind::String => Ok(text.into()),
        Kind::Number => text.trim().parse::<u64>().map(Value::from).map_err(|_| wrong()),
        Kind::Boolean => match text.trim() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(wrong()),
        },
        Kind::StringArray => Ok(entries(text).collect::<Vec<_>>().into()),
        Kind::Json => serde_json::from_str(text).map_err(|error| Problem::whole(format!("this is not JSON: {error}"))),
    }
}

/// Entries between commas.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned)
}

/// What a web address must be.
pub(crate) const ADDRESS_EXPECTED: &str = "it must be a web address without a user name, such as `http://127.0.0.1:8080`";

pub(crate) fn web_address(text: &str) -> Option<Url> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    Url::parse(text).ok().filter(|url| is_web(url) && url.has_host())
}

/// Whether these can be folders that agents may work in. What is octi's own is told when one is used, where it is known.
fn folders(value: &Value) -> Result<(), Problem> {
    let entries: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if entries.len() > limits::ADDITIONAL_PATHS_MAX {
        return Err(Problem::whole(format!("it must have at most {} entries", limits::ADDITIONAL_PATHS_MAX)));
    }
    let is_plain = |entry: &&str| {
        let mut parts = Path::new(entry).components();
        parts.next() == Some(Component::RootDir)
            && parts.clone().next().is_some()
            && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match entries.iter().position(|entry| !is_plain(entry)) {
        Some(at) => Err(Problem::at(format!("[{at}]"), "it must be the absolute path of a folder, without `..`, and not `/`")),
        None => Ok(()),
    }
}

/// The networks of a list; a single address is a network of one.
pub(crate) fn networks(value: &Value) -> Result<Vec<IpNet>, Problem> {
    let entries: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if entries.len() > limits::TRUSTED_PROXIES_MAX {
        return Err(Problem::whole(format!("it must have at most {} entries", limits::TRUSTED_PROXIES_MAX)));
    }
    // Peers are compared in their shortest form, so an address is read into it too.
    let address = |entry: &str| entry.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    let read = |entry: &str| entry.parse::<IpNet>().ok().or_else(|| address(entry));
    let expected = "it must be an address or a network such as `127.0.0.1` or `10.1.0.0/16`";
    entries.iter().enumerate().map(|(at, entry)| read(entry).ok_or_else(|| Problem::at(format!("[{at}]"), expected))).collect()
}

/// Names of this host, as a browser writes them.
fn names(value: &Value) -> Result<(), Problem> {
    let entries: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if entries.len() > limits::MCP_HOSTS_MAX {
        return Err(Problem::whole(format!("it must have at most {} entries", limits::MCP_HOSTS_MAX)));
    }
    let is_name = |entry: &str| Url::parse(&format!("http://{entry}/")).is_ok_and(|url| url.host_str() == Some(entry));
    match entries.iter().position(|entry| !is_name(entry)) {
        Some(at) => {
            Err(Problem::at(format!("[{at}]"), "it must be the name of a host, in small letters, such as `octi.example.com`"))
        }
        None => Ok(()),
    }
}

/// The beginning of every address of this host.
fn origin(text: &str) -> Result<(), Problem> {
    let url = web_address(text).filter(|url| url.origin().ascii_serialization() == text);
    url.map(drop)
        .ok_or_else(|| Problem::whole("it must be scheme and host, in small letters, such as `https://octi.example.com`"))
}

/// The limits of plugins, by their ids.
pub(crate) fn plugin_limits(value: &Value) -> Result<BTreeMap<String, PluginLimits>, Problem> {
    let plugins: BTreeMap<String, Plugin> = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Problem::at(if path == "." { String::new() } else { path }, error.inner().to_string())
    })?;
    checked_limits(plugins)
}

/// The same, read already.
pub(crate) fn checked_limits(plugins: BTreeMap<String, Plugin>) -> Result<BTreeMap<String, PluginLimits>, Problem> {
    let mut all = BTreeMap::new();
    for (id, plugin) in plugins {
        if id.split('/').filter(|part| !part.is_empty()).count() != 2 {
            return Err(Problem::at(format!("\"{id}\""), "this names no plugin: write its id, such as `octi/shell`"));
        }
        let limits = PluginLimits::from(plugin.limits);
        if let Some((name, value, allowed)) = limits.outside() {
            let (least, most) = allowed.into_inner();
            let message = format!("{value} is not allowed: it must be from {least} to {most}");
            return Err(Problem::at(format!("\"{id}\".limits.{name}"), message));
        }
        all.insert(id, limits);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::{DEFINITIONS, definition};

    const ORIGIN_EXPECTED: &str = "it must be scheme and host, in small letters, such as `https://octi.example.com`";

    fn problem(key: &str, value: &Value) -> String {
        match check(definition(key).unwrap(), value) {
            Ok(()) => "fine".to_owned(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn a_value_of_another_kind_or_out_of_bounds_is_told_what_is_valid() {
        for (key, value, says) in [
            (key::MINUTES_MAX, json!(1), "fine"),
            (key::MINUTES_MAX, json!(0), "it must be a whole number from 1 to 1440"),
            (key::MINUTES_MAX, json!(1_441), "it must be a whole number from 1 to 1440"),
            (key::MINUTES_MAX, json!("5"), "it must be a whole number from 1 to 1440"),
            (key::MINUTES_MAX, json!(1.5), "it must be a whole number from 1 to 1440"),
            (key::MINUTES_MAX, json!(-1), "it must be a whole number from 1 to 1440"),
            (key::MINUTES_MAX, json!(null), "it must be a whole number from 1 to 1440"),
            (key::SANDBOX_PROCESSES, json!("on"), "it must be `off`, `auto` or `required`"),
            (key::LOG_FILTER, json!("a\nb"), "it must be a text without control characters"),
            (key::SEARXNG_URL, json!(""), "fine"),
            (key::SEARXNG_URL, json!("ftp://searx.test"), ADDRESS_EXPECTED),
            (key::PRIVATE_TARGETS, json!("a:1"), "it must be a list of texts"),
            (key::PRIVATE_TARGETS, json!(["a:1", 7]), "`[1]`: it must be a text without control characters"),
            (key::MCP_HOSTS, json!(["octi.example.com", "octi"]), "fine"),
            (key::MCP_HOSTS, json!(vec!["octi"; limits::MCP_HOSTS_MAX]), "fine"),
            (key::MCP_HOSTS, json!(vec!["octi"; limits::MCP_HOSTS_MAX + 1]), "it must have at most 32 entries"),
            (
                key::MCP_HOSTS,
                json!(["octi", "https://octi.example.com"]),
                "`[1]`: it must be the name of a host, in small letters, such as `octi.example.com`",
            ),
            (
                key::MCP_HOSTS,
                json!(["octi.example.com:443"]),
                "`[0]`: it must be the name of a host, in small letters, such as `octi.example.com`",
            ),
            (key::PUBLIC_URL, json!(""), "fine"),
            (key::PUBLIC_URL, json!("https://octi.example.com"), "fine"),
            (key::PUBLIC_URL, json!("http://192.0.2.7:3005"), "fine"),
            (key::PUBLIC_URL, json!("https://octi.example.com/"), ORIGIN_EXPECTED),
            (key::PUBLIC_URL, json!("https://octi.example.com/octi"), ORIGIN_EXPECTED),
            (key::PUBLIC_URL, json!("octi.example.com"), ORIGIN_EXPECTED),
            (key::PUBLIC_URL, json!("ftp://octi.example.com"), ORIGIN_EXPECTED),
            (key::TRUSTED_PROXIES, json!(["127.0.0.1", "10.1.0.0/16", "::1", "fd00::/8"]), "fine"),
            (
                key::TRUSTED_PROXIES,
                json!(["127.0.0.1", "proxy.corp"]),
                "`[1]`: it must be an address or a network such as `127.0.0.1` or `10.1.0.0/16`",
            ),
            (key::TRUSTED_PROXIES, json!(vec!["127.0.0.1"; limits::TRUSTED_PROXIES_MAX]), "fine"),
            (key::TRUSTED_PROXIES, json!(vec!["127.0.0.1"; limits::TRUSTED_PROXIES_MAX + 1]), "it must have at most 64 entries"),
            (key::PLUGINS, json!([]), "it must be an object"),
            (key::PLUGINS, json!({"x": {}}), "`\"x\"`: this names no plugin: write its id, such as `octi/shell`"),
            (
                key::PLUGINS,
                json!({"acme/x": {"limits": {"memory_mb": 0}}}),
                "`\"acme/x\".limits.memory_mb`: 0 is not allowed: it must be from 1 to 256",
            ),
        ] {
            assert_eq!(problem(key, &value), says, "{key} {value}");
        }
        assert!(problem(key::PLUGINS, &json!({"acme/x": {"limits": {"memory": 1}}})).contains("unknown field `memory`"));
    }

    #[test]
    fn every_number_has_a_ceiling() {
        for definition in DEFINITIONS.iter().filter(|definition| definition.kind == Kind::Number) {
            let (_, most) = definition.bounds.expect(definition.key);
            assert_eq!(problem(definition.key, &json!(most)), "fine", "{}", definition.key);
            assert!(problem(definition.key, &json!(most + 1)).ends_with(&format!("to {most}")), "{}", definition.key);
        }
    }

    #[test]
    fn a_folder_that_agents_may_work_in_is_one_of_the_machine_and_there_are_so_many_at_most() {
        let folders = |count: usize| json!((0..count).map(|number| format!("/srv/{number}")).collect::<Vec<_>>());
        assert_eq!(problem(key::ADDITIONAL_PATHS, &folders(limits::ADDITIONAL_PATHS_MAX)), "fine");
        let many = problem(key::ADDITIONAL_PATHS, &folders(limits::ADDITIONAL_PATHS_MAX + 1));
        assert!(many.contains(&format!("at most {} entries", limits::ADDITIONAL_PATHS_MAX)), "{many}");
        for wrong in ["srv", "./srv", "/", "", "/srv/../etc", "~/src"] {
            let told = problem(key::ADDITIONAL_PATHS, &json!(["/srv", wrong]));
            assert!(told.contains("`[1]`: it must be the absolute path of a folder"), "{wrong}: {told}");
        }
    }

    #[test]
    fn a_value_is_so_long_at_most() {
        let long = "x".repeat(limits::SETTING_BYTES_MAX);
        assert_eq!(problem(key::LOG_FILTER, &json!(long)), format!("it is longer than {} bytes", limits::SETTING_BYTES_MAX));
    }

    #[test]
    fn a_refused_secret_is_not_repeated() {
        for definition in DEFINITIONS.iter().filter(|definition| definition.is_secret && definition.bounds.is_some()) {
            for value in ["q7x9", "\u{1b}[31m-q7x9-and-more-of-it"] {
                let problem = check(definition, &json!(value)).unwrap_err().to_string();
                assert!(!problem.contains("q7x9") && problem.contains("characters"), "{problem}");
            }
        }
    }

    #[test]
    fn texts_are_read_by_their_kind() {
        for (key, text, expected) in [
            (key::TOKENS_MAX, "7", Some(json!(7))),
            (key::TOKENS_MAX, "many", None),
            (key::LOG_FILTER, "7", Some(json!("7"))),
            (key::PRIVATE_TARGETS, "a:1, b:2,", Some(json!(["a:1", "b:2"]))),
            (key::PLUGINS, "{}", Some(json!({}))),
            (key::PLUGINS, "{", None),
            ("database.skip_migrations", "1", Some(json!(true))),
            ("database.skip_migrations", "maybe", None),
        ] {
            assert_eq!(parse(definition(key).unwrap(), text).ok(), expected, "{key} {text}");
        }
    }
}
