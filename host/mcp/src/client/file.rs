//! `mcp.json`: servers in a file, as other programs have them, with `${NAME}` for what the operator lets it read.

use std::collections::BTreeMap;

use octi_domain::limits;
use serde::Deserialize;
use serde_json::Value;

use super::config::{ConfigError, ServerConfig, check_name};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(alias = "servers")]
    mcp_servers: BTreeMap<String, Value>,
}

/// The servers of a file. `lookup` gives the variables that the operator allows it to read, and no others.
///
/// # Errors
/// Names the server and the field that cannot be used.
pub fn read_file(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<BTreeMap<String, ServerConfig>, ConfigError> {
    if text.len() > limits::MCP_FILE_BYTES_MAX {
        let why = format!("it has {} bytes and at most {} are allowed", text.len(), limits::MCP_FILE_BYTES_MAX);
        return Err(ConfigError::new("mcp.json", why));
    }
    let file: File = serde_json::from_str(text).map_err(|error| ConfigError::new("mcp.json", error.to_string()))?;
    if file.mcp_servers.len() > limits::MCP_SERVERS_MAX {
        let why = format!("{} servers are more than the {} of one host", file.mcp_servers.len(), limits::MCP_SERVERS_MAX);
        return Err(ConfigError::new("mcpServers", why));
    }
    file.mcp_servers.into_iter().map(|(name, value)| one(name, value, lookup)).collect()
}

fn one(name: String, mut value: Value, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(String, ServerConfig), ConfigError> {
    let place = format!("mcpServers.{name}");
    check_name(&name).map_err(|error| ConfigError::new(&place, error.why))?;
    expand_all(&mut value, &place, lookup)?;
    let config: ServerConfig = serde_path_to_error::deserialize(value)
        .map_err(|error| ConfigError::new(format!("{place}.{}", error.path()), error.inner().to_string()))?;
    config.check().map_err(|error| ConfigError::new(format!("{place}.{}", error.field), error.why))?;
    Ok((name, config))
}

fn expand_all(value: &mut Value, place: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
    match value {
        Value::String(text) => *text = expand(text, place, lookup)?,
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                expand_all(item, &format!("{place}[{at}]"), lookup)?;
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                expand_all(field, &format!("{place}.{name}"), lookup)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// `${NAME}` and `${NAME:-default}`. What a variable holds is not expanded again.
fn expand(text: &str, place: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ConfigError> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = (&rest[..start], &rest[start + 2..]);
        let end = after.find('}').ok_or_else(|| ConfigError::new(place, "`${` has no `}` after it"))?;
        let (name, default) = match after[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&after[..end], None),
        };
        expanded.push_str(before);
        match lookup(name).or_else(|| default.map(str::to_owned)) {
            Some(value) => expanded.push_str(&value),
            None => {
                let why = format!(
                    "the variable `{}` is not set, or `OCTI_MCP_ENV` does not name it: the file reads no others",
                    name.escape_debug()
                );
                return Err(ConfigError::new(place, why));
            }
        }
        rest = &after[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, ServerConfig>, String> {
        let lookup = |name: &str| match name {
            "TOOLS" => Some("/opt/tools".to_owned()),
            "ODD" => Some("${TOOLS}".to_owned()),
            _ => None,
        };
        read_file(text, &lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_that_are_allowed_are_put_in_and_not_read_again() {
        let text = r#"{"mcpServers": {"files": {"command": "${TOOLS}/run", "args": ["${ODD}", "${NONE:-x}y"]}}}"#;
        let files = &read(text).unwrap()["files"];
        assert_eq!(files.command.as_deref(), Some("/opt/tools/run"));
        assert_eq!(files.args, ["${TOOLS}", "xy"]);
    }

    #[test]
    fn a_mistake_is_named_by_its_place() {
        let many: Vec<String> =
            (0..=limits::MCP_SERVERS_MAX).map(|nth| format!(r#""s{nth}": {{"command": "/bin/a"}}"#)).collect();
        for (text, part) in [
            (r#"{"mcpServers": {"a": {"command": "${PATH}/x"}}}"#.to_owned(), "`mcpServers.a.command`: the variable `PATH`"),
            (r#"{"mcpServers": {"a": {"command": "${PATH"}}}"#.to_owned(), "has no `}`"),
            (r#"{"mcpServers": {"A": {"command": "/bin/a"}}}"#.to_owned(), "`mcpServers.A`"),
            (r#"{"mcpServers": {"a": {"command": 5}}}"#.to_owned(), "`mcpServers.a.command`"),
            (r#"{"mcpServers": {"a": {"url": "ftp://x"}}}"#.to_owned(), "`mcpServers.a.url`"),
            (r#"{"mcpServers": {}, "more": 1}"#.to_owned(), "`mcp.json`"),
            (format!(r#"{{"mcpServers": {{{}}}}}"#, many.join(",")), "`mcpServers`"),
            (" ".repeat(limits::MCP_FILE_BYTES_MAX + 1), "`mcp.json`"),
        ] {
            let error = read(&text).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }
}
