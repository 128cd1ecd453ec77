//! The contract as compilers of other languages want it: a folder with one world in it, of what the manifest asks for.
//!
//! They make a component import everything that its world has. So what the world has is what plugin.toml asks for, and code that
//! uses more does not build.

use std::fs;
use std::path::Path;

use octi_extension::capability::GATED_PACKAGES;
use octi_extension::contract::SOURCES;
use octi_extension::manifest::Manifest;

use crate::error::AuthorError;

/// The world's name.
pub(crate) const WORLD: &str = "component";

/// Writes `world.wit` and `deps/` into the folder; what was there before goes.
pub(crate) fn write(folder: &Path, manifest: &Manifest) -> Result<(), AuthorError> {
    let failed = |error| AuthorError::file(folder, &error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    for (name, text) in SOURCES {
        let package = folder.join("deps").join(name.trim_end_matches(".wit"));
        fs::create_dir_all(&package).and_then(|()| fs::write(package.join(name), text)).map_err(failed)?;
    }
    fs::write(folder.join("world.wit"), text(manifest)).map_err(failed)
}

fn text(manifest: &Manifest) -> String {
    let is_wanted = |import: &&str| {
        let package = import.split('/').next().unwrap_or_default();
        let key = GATED_PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, key)| key);
        key.is_none_or(|key| manifest.capabilities.asks_for(key))
    };
    let imports: String = imports().filter(is_wanted).map(|import| format!("    import {import};\n")).collect();
    format!("package octi:build;\n\nworld {WORLD} {{\n{imports}    export {};\n}}\n", export("tools"))
}

fn contract() -> &'static str {
    SOURCES.iter().find(|(name, _)| *name == "plugin.wit").map_or("", |(_, text)| text)
}

/// Everything that the contract lets a plugin import.
fn imports() -> impl Iterator<Item = &'static str> {
    let lines = contract().lines().skip_while(|line| !line.starts_with("world host"));
    let lines = lines.take_while(|line| !line.starts_with('}'));
    lines.filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'))
}

/// An interface of `octi:plugin` with the contract's version.
fn export(interface: &str) -> String {
    let version = contract().lines().find_map(|line| line.strip_prefix("package octi:plugin@")?.strip_suffix(';'));
    format!("octi:plugin/{interface}@{}", version.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(extra: &str) -> String {
        let toml = format!("id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n{extra}");
        text(&Manifest::from_toml(&toml).unwrap())
    }

    #[test]
    fn a_world_has_what_the_manifest_asks_for() {
        let nothing =
            "package octi:build;\n\nworld component {\n    import octi:log/log@1.0.0;\n    export octi:plugin/tools@1.0.0;\n}\n";
        assert_eq!(world(""), nothing);
        let asks = "[capabilities]\nkv = { bytes_max = 1 }\nhttp = [{ host = 'a.test', methods = ['GET'], reason = 'x' }]";
        let asked = world(asks);
        assert!(asked.contains("    import octi:kv/store@1.0.0;\n") && asked.contains("    import octi:http/client@1.0.0;\n"));
        assert!(!asked.contains("octi:fs") && !asked.contains("octi:shell"), "{asked}");
    }

    #[test]
    fn every_gated_package_can_be_asked_for() {
        for (package, _) in GATED_PACKAGES {
            assert!(imports().any(|import| import.starts_with(&format!("{package}/"))), "{package}");
        }
    }

    #[test]
    fn the_folder_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let wit = folder.path().join("wit");
        let manifest = "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n";
        let manifest = Manifest::from_toml(manifest).unwrap();
        write(&wit, &manifest).unwrap();
        fs::write(wit.join("deps/old.wit"), "left over").unwrap();
        write(&wit, &manifest).unwrap();
        assert!(!wit.join("deps/old.wit").exists() && wit.join("deps/fs/fs.wit").is_file());
    }
}
