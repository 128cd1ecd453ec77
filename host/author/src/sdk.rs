//! The SDKs, as they are in this program: a new project gets its own copy, so that making and building one asks no repository, and
//! what was released together stays together.

use octi_extension::contract::SOURCES;

use crate::language::Language;

/// The files of a folder of the repository.
macro_rules! files {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!("../../../", $folder, "/", $file)))),+]
    };
}

type Files = &'static [(&'static str, &'static str)];

const RUST: Files = files!("sdk/rust":
    "Cargo.toml", "README.md", "src/artifacts.rs", "src/ask.rs", "src/channel.rs", "src/clock.rs", "src/error.rs", "src/fs.rs", "src/hook.rs", "src/http.rs", "src/kv.rs", "src/lib.rs", "src/llm.rs", "src/log.rs",
    "src/operation.rs", "src/output.rs", "src/raw.rs", "src/schema.rs", "src/shell.rs",
);
const MACROS: Files = files!("sdk/macros": "Cargo.toml", "src/data.rs", "src/lib.rs", "src/tool.rs");
const JAVASCRIPT: Files = files!("sdk/js":
    "README.md", "build.mjs", "package.json", "src/artifacts.d.ts", "src/artifacts.js", "src/ask.d.ts", "src/ask.js", "src/bytes.js", "src/channel.d.ts",
    "src/channel.js", "src/errors.js", "src/fs.d.ts", "src/fs.js", "src/guest.js", "src/hook.d.ts", "src/hook.js", "src/http.d.ts", "src/http.js",
    "src/index.d.ts", "src/index.js", "src/kv.d.ts", "src/kv.js", "src/llm.d.ts", "src/llm.js", "src/log.d.ts", "src/log.js", "src/output.js",
    "src/parts.js", "src/schema.js", "src/serve.js", "src/shell.d.ts", "src/shell.js", "src/tool.js", "testing.mjs",
);
const PYTHON: Files = files!("sdk/python/octi_plugin":
    "__init__.py", "_absent.py", "_bytes.py", "_raw.py", "_serve.py", "artifacts.py", "ask.py", "channel.py", "channel_guest.py", "errors.py", "fs.py",
    "guest.py", "hook.py", "hook_guest.py", "http.py", "kv.py", "llm.py", "log.py", "py.typed",
    "schema.py", "shell.py", "tools.py",
);
/// The workspace that the crates of the SDK take their versions from.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// Where in a project the SDK of a language is.
pub(crate) const fn folder(language: Language) -> &'static str {
    match language {
        Language::Rust => "vendor/octi",
        Language::JavaScript => "vendor/octi-plugin",
        Language::Python => "vendor/octi_plugin",
    }
}

/// The files of the SDK of a language, below [`folder`].
pub(crate) fn files(language: Language) -> Vec<(String, String)> {
    let below = |folder: &str, files: Files| -> Vec<(String, String)> {
        files.iter().map(|(path, text)| (format!("{folder}{path}"), (*text).to_owned())).collect()
    };
    match language {
        Language::JavaScript => below("", JAVASCRIPT),
        Language::Python => below("", PYTHON),
        Language::Rust => {
            let mut all = [below("sdk/rust/", RUST), below("sdk/macros/", MACROS)].concat();
            let package = |name: &str| name.trim_end_matches(".wit").to_owned();
            all.extend(SOURCES.iter().map(|(name, text)| (format!("wit/{}/{name}", package(name)), (*text).to_owned())));
            all.push(("Cargo.toml".to_owned(), workspace()));
            all
        }
    }
}

/// A workspace of the two crates alone. Their own files stay as they are in the repository.
fn workspace() -> String {
    let is_used = |name: &str| {
        let line = format!("{name}.workspace = true");
        RUST.iter().chain(MACROS).any(|(path, text)| *path == "Cargo.toml" && text.lines().any(|other| other == line))
    };
    let whole: toml::Table = WORKSPACE.parse().unwrap_or_default();
    let mut workspace = whole.get("workspace").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    workspace.insert("members".to_owned(), vec!["sdk/rust", "sdk/macros"].into());
    workspace.remove("default-members");
    // What this repository forbids itself is not an author's business.
    workspace.insert("lints".to_owned(), toml::Table::new().into());
    if let Some(toml::Value::Table(dependencies)) = workspace.get_mut("dependencies") {
        dependencies.retain(|name, _| is_used(name));
    }
    toml::Table::from_iter([("workspace".to_owned(), toml::Value::Table(workspace))]).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn in_repository(folder: &Path, below: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().into_string().unwrap();
            if path.is_dir() && !["tests", "test", "target", "node_modules", "__pycache__"].contains(&name.as_str()) {
                in_repository(&path, below, found);
            } else if path.is_file() {
                found.insert(path.strip_prefix(below).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_sdks_is_in_the_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let sets = [("sdk/rust", RUST), ("sdk/macros", MACROS), ("sdk/js", JAVASCRIPT), ("sdk/python/octi_plugin", PYTHON)];
        for (folder, files) in sets {
            let folder = root.join(folder);
            let mut there = BTreeSet::new();
            in_repository(&folder, &folder, &mut there);
            let known: BTreeSet<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
            assert_eq!(known, there, "{}", folder.display());
        }
    }

    #[test]
    fn the_workspace_of_a_copy_has_what_its_crates_take_from_it() {
        let table: toml::Table = workspace().parse().unwrap();
        let workspace = &table["workspace"];
        assert_eq!(workspace["package"]["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
        for name in ["octi-sdk-macros", "wit-bindgen", "serde_json", "syn"] {
            assert!(workspace["dependencies"].get(name).is_some(), "{name}");
        }
        assert_eq!(workspace["dependencies"].get("wasmtime"), None);
    }
}
