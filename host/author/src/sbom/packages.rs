//! The npm packages of a plugin in JavaScript, as its `package-lock.json` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use octi_extension::manifest::Manifest;
use serde::Deserialize;
use serde_json::Value;

use super::{Bill, Component, Uses, bill, licences, own_reference};
use crate::error::AuthorError;

const LOCK: &str = "package-lock.json";
/// What npm calls the project itself.
const ROOT: &str = "";

/// A lock file of npm 7 and newer, as far as it is needed.
/// Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.
#[derive(Deserialize)]
struct Lock {
    /// By their paths in the project.
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    /// Where its path does not end with it.
    name: Option<String>,
    #[serde(default)]
    version: String,
    resolved: Option<String>,
    /// None for what npm took from no archive.
    integrity: Option<String>,
    /// Old packages have more than a text here.
    license: Option<Value>,
    /// It is found at the path `resolved`.
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
}

/// What npm chose for the plugin in that folder. What only builds it (`devDependencies`) is no part of it.
pub(super) fn bill_of(manifest: &Manifest, folder: &Path) -> Result<Bill, AuthorError> {
    let path = folder.join(LOCK);
    let problem = |problem: String| AuthorError::File { path: path.display().to_string(), problem };
    let text = std::fs::read(&path).map_err(|error| {
        problem(format!("what the plugin is made of cannot be read: {error}; `npm install` writes this file"))
    })?;
    let lock = serde_json::from_slice(&text)
        .map_err(|error| problem(format!("it is no lock file of npm 7 or newer: {error}; `npm install` writes one")))?;
    of_packages(manifest, &lock).map_err(problem)
}

fn of_packages(manifest: &Manifest, lock: &Lock) -> Result<Bill, String> {
    let (mut components, mut uses) = (BTreeMap::new(), BTreeMap::<String, BTreeSet<String>>::new());
    let (mut found, mut next) = (BTreeSet::from([ROOT]), vec![ROOT]);
    while let Some(path) = next.pop() {
        let package = lock.packages.get(path).ok_or_else(|| format!("`packages` has no `{path}`"))?;
        let of = if path == ROOT { own_reference(manifest) } else { purl(path, package) };
        // The same version can lie at several paths.
        let depends_on = uses.entry(of.clone()).or_default();
        for path in used(lock, path, package) {
            let Some(package) = lock.packages.get(path) else { continue };
            depends_on.insert(purl(path, package));
            if found.insert(path) {
                next.push(path);
            }
        }
        if path != ROOT {
            components.insert(of, component(path, package));
        }
    }
    let uses = uses.into_iter().map(|(r#ref, depends_on)| Uses { r#ref, depends_on });
    Ok(bill(manifest, components, uses.collect()))
}

/// The paths of what a package uses. What is optional, or a peer's, may not be there.
fn used<'a>(lock: &'a Lock, path: &'a str, package: &'a Package) -> impl Iterator<Item = &'a str> {
    let names = package.dependencies.keys().chain(package.optional_dependencies.keys()).chain(package.peer_dependencies.keys());
    names.filter_map(move |name| resolve(lock, path, name))
}

/// As Node.js looks for a package: beside the one that uses it, then beside each folder above.
/// Source: <https://nodejs.org/api/modules.html#loading-from-node_modules-folders>.
fn resolve<'a>(lock: &'a Lock, from: &str, name: &str) -> Option<&'a str> {
    let mut above = Some(from);
    while let Some(folder) = above {
        let wanted = if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
        if let Some((path, package)) = lock.packages.get_key_value(&wanted) {
            return if package.link { package.resolved.as_deref() } else { Some(path) };
        }
        above = (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or(ROOT, |(above, _)| above));
    }
    None
}

fn component(path: &str, package: &Package) -> Component {
    let is_public =
        package.integrity.is_some() && package.resolved.as_deref().is_none_or(|resolved| resolved.starts_with("https://"));
    Component {
        r#type: "library",
        bom_ref: purl(path, package),
        name: name(path, package).to_owned(),
        version: package.version.clone(),
        licenses: licences(package.license.as_ref().and_then(Value::as_str)),
        purl: is_public.then(|| purl(path, package)),
    }
}

fn name<'a>(path: &'a str, package: &'a Package) -> &'a str {
    package.name.as_deref().unwrap_or_else(|| path.rsplit_once("node_modules/").map_or(path, |(_, name)| name))
}

/// The `@` of a scope is escaped. Source: <https://github.com/package-url/purl-spec>.
fn purl(path: &str, package: &Package) -> String {
    let escape = |text: &str| text.replace('@', "%40").replace('+', "%2B");
    format!("pkg:npm/{}@{}", escape(name(path, package)), escape(&package.version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest::from_toml("id = 'acme/weather'\nversion = '1.2.0'\nwit = '1.0'\ndescription = 'x'\nlicense = 'MIT'\n").unwrap()
    }

    fn text(lock: serde_json::Value) -> Result<String, String> {
        let bill = of_packages(&manifest(), &serde_json::from_value(lock).unwrap())?;
        Ok(serde_json::to_string_pretty(&bill).unwrap())
    }

    #[test]
    fn a_bill_names_what_is_in_the_plugin_and_nothing_that_only_builds_it() {
        let lock = json!({ "lockfileVersion": 3, "packages": {
            "": {
                "dependencies": { "@octi/plugin": "file:vendor/octi-plugin", "dates": "^2.0.0" },
                "optionalDependencies": { "not-for-this-machine": "1" },
                "devDependencies": { "esbuild": "0.28.2" },
            },
            "node_modules/@octi/plugin": { "resolved": "vendor/octi-plugin", "link": true },
            "vendor/octi-plugin": { "name": "@octi/plugin", "version": "0.1.0", "license": "MIT OR Apache-2.0", "dependencies": { "words": "1" } },
            "node_modules/dates": { "version": "2.0.1", "integrity": "sha512-x", "license": "ISC", "dependencies": { "words": "2", "@tiny/zones": "1" } },
            "node_modules/dates/node_modules/words": { "version": "2.0.0", "integrity": "sha512-x", "resolved": "https://registry.example/words" },
            "node_modules/words": { "version": "1.0.0+x", "resolved": "git+ssh://git@example.org/words.git#0a1b" },
            "node_modules/@tiny/zones": { "version": "1.4.0", "integrity": "sha512-x", "peerDependencies": { "dates": "2" } },
            "node_modules/esbuild": { "version": "0.28.2", "integrity": "sha512-x", "dev": true, "license": { "type": "MIT" } },
        } });
        insta::assert_snapshot!(text(lock).unwrap());
    }

    #[test]
    fn without_a_lock_file_that_can_be_read_there_is_no_bill() {
        let folder = tempfile::tempdir().unwrap();
        for (text, problem) in [(None, "cannot be read"), (Some(r#"{ "lockfileVersion": 1 }"#), "no lock file of npm 7 or newer")]
        {
            if let Some(text) = text {
                std::fs::write(folder.path().join(LOCK), text).unwrap();
            }
            let refused = bill_of(&manifest(), folder.path()).map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains(problem) && refused.contains("`npm install` writes"), "{refused}");
        }
    }

    #[test]
    fn a_lock_file_without_the_project_is_none() {
        assert_eq!(text(json!({ "packages": {} })), Err("`packages` has no ``".to_owned()));
    }
}
