//! Who may depend on whom, read from `cargo metadata`. The picture is in docs/ARCHITECTURE.md.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::step;

/// Each crate of the host with the crates of the host it may use. A crate that is not listed is a mistake.
const MAY_USE: [(&str, &[&str]); 22] = [
    ("octi-domain", &[]),
    ("octi-api", &["octi-domain"]),
    ("octi-config", &["octi-domain"]),
    ("octi-store", &["octi-domain"]),
    ("octi-extension", &["octi-domain"]),
    ("octi-registry", &["octi-domain", "octi-extension"]),
    ("octi-skills", &["octi-domain", "octi-extension"]),
    ("octi-security", &["octi-domain", "octi-store", "octi-extension"]),
    ("octi-distribution", &["octi-domain", "octi-registry", "octi-security"]),
    ("octi-settings", &["octi-domain", "octi-config", "octi-store", "octi-security"]),
    ("octi-models", &["octi-domain"]),
    ("octi-mcp", &["octi-domain", "octi-store", "octi-extension", "octi-security"]),
    ("octi-engine", &["octi-domain", "octi-extension", "octi-security", "octi-skills"]),
    ("octi-install", &["octi-domain", "octi-extension", "octi-registry", "octi-engine"]),
    ("octi-author", &["octi-domain", "octi-extension", "octi-security", "octi-skills", "octi-engine"]),
    ("octi-agents", &["octi-domain", "octi-store", "octi-extension", "octi-security", "octi-skills", "octi-models"]),
    (
        "octi-gateway",
        &[
            "octi-domain",
            "octi-api",
            "octi-store",
            "octi-extension",
            "octi-security",
            "octi-settings",
            "octi-models",
            "octi-mcp",
            "octi-agents",
        ],
    ),
    ("octi-client", &["octi-domain", "octi-api"]),
    ("octi-tui", &["octi-domain", "octi-api", "octi-client"]),
    (
        "octi-cli",
        &[
            "octi-domain",
            "octi-api",
            "octi-author",
            "octi-config",
            "octi-distribution",
            "octi-store",
            "octi-extension",
            "octi-registry",
            "octi-security",
            "octi-settings",
            "octi-skills",
            "octi-models",
            "octi-mcp",
            "octi-engine",
            "octi-install",
            "octi-agents",
            "octi-gateway",
            "octi-client",
            "octi-tui",
        ],
    ),
    (
        "octi-testkit",
        &["octi-domain", "octi-store", "octi-extension", "octi-registry", "octi-security", "octi-models", "octi-agents"],
    ),
    ("xtask", &[]),
];

/// Libraries with one home.
const ONE_HOME: [(&str, &[&str]); 10] = [
    ("sqlx", &["octi-store", "octi-testkit"]),
    // The benchmark compares the engine with bare wasmtime.
    ("wasmtime", &["octi-engine", "octi-bench"]),
    ("wasmtime-wasi", &["octi-engine", "octi-bench"]),
    ("axum", &["octi-gateway"]),
    ("rmcp", &["octi-mcp"]),
    ("ratatui", &["octi-tui"]),
    ("genai", &["octi-models"]),
    ("seccompiler", &["octi-security"]),
    ("oci-client", &["octi-distribution"]),
    ("rmcp", &["octi-mcp"]),
];

/// What is wrong with the directions.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let metadata = MetadataCommand::new().current_dir(step::root()).no_deps().exec()?;
    Ok(metadata.packages.iter().flat_map(check_package).collect())
}

fn check_package(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let used: BTreeSet<&str> =
        package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str()).collect();
    let is_guest_side = ["octi-tool-", "octi-sdk", "octi-guest-", "octi-corpus"].iter().any(|prefix| name.starts_with(prefix));
    let mut problems = Vec::new();
    if is_guest_side {
        for dependency in used.iter().filter(|d| d.starts_with("octi-") && !d.starts_with("octi-sdk")) {
            problems.push(format!("`{name}` uses `{dependency}`: guests and the SDK never depend on the host"));
        }
    } else if !["octi-tests", "octi-bench", "octi-fuzz"].contains(&name) {
        match MAY_USE.iter().find(|(of, _)| *of == name) {
            None => {
                problems.push(format!("`{name}` is not in the table of directions: add it to host/xtask/src/tidy/directions.rs"))
            }
            Some((_, allowed)) => {
                for dependency in used.iter().filter(|d| d.starts_with("octi-") && !allowed.contains(d)) {
                    problems.push(format!("`{name}` must not depend on `{dependency}`: see Directions in docs/ARCHITECTURE.md"));
                }
            }
        }
    }
    for (library, homes) in ONE_HOME {
        if used.contains(library) && !homes.contains(&name) {
            problems.push(format!("`{name}` uses `{library}`, whose only home is `{}`", homes[0]));
        }
    }
    problems
}
