//! The real programs octi is tested against: PostgreSQL with pgvector, a wire-exact model mock, a small real model,
//! the clients of OpenAI, an OCI registry, the reference server and the conformance suite of MCP, and more.
//!
//! Each has one script in `tests/peers/` that installs a pinned version outside the repository and, where it is a server,
//! starts it. The script prints `NAME=value` lines, which become the tests' environment.

use std::process::Command;

use anyhow::Context;

use crate::step;

/// What the tests are told.
pub(crate) struct Peers {
    pub(crate) environment: Vec<(String, String)>,
}

/// Installs or starts one of them.
pub(crate) fn one(script: &str, what: &str) -> anyhow::Result<Vec<(String, String)>> {
    eprintln!("      {what}");
    let path = step::root().join("tests").join("peers").join(script);
    let printed = step::output(Command::new("bash").arg(&path))
        .with_context(|| format!("{what} could not be had; run `bash tests/peers/{script}` to see why"))?;
    Ok(printed.lines().filter_map(assignment).collect())
}

/// Installs and starts everything; a second run finds it there.
pub(crate) fn start() -> anyhow::Result<Peers> {
    let mut environment = Vec::new();
    for (script, what) in [
        ("postgres.sh", "PostgreSQL 18 with pgvector"),
        ("aimock.sh", "aimock (the model providers' wire formats)"),
        ("openai.sh", "the official clients of OpenAI's API"),
        ("registry.sh", "docker-registry and skopeo (where plugins are published)"),
        ("mcp-everything.sh", "the reference server of the Model Context Protocol"),
        ("mcp-conformance.sh", "the conformance suite of MCP"),
        ("smollm.sh", "SmolLM2 (a small real model)"),
        ("extism.sh", "the official host of Extism"),
        ("componentize.sh", "what authors build plugins in JavaScript and Python with"),
    ] {
        environment.extend(one(script, what)?);
    }
    Ok(Peers { environment })
}

fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name.then(|| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assignments_become_environment() {
        assert_eq!(assignment("export OCTI_URL='x=y'"), Some(("OCTI_URL".into(), "x=y".into())));
        assert_eq!(assignment("OCTI_URL=postgres://a"), Some(("OCTI_URL".into(), "postgres://a".into())));
        assert_eq!(assignment("server ready at a=b"), None);
        assert_eq!(assignment("done"), None);
    }
}
