//! A new project: the files of a template, all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use octi_domain::limits;
use octi_extension::manifest::{self, WIT_VERSION};

use crate::error::AuthorError;
use crate::language::Language;
use crate::sdk;
use crate::templates::{self, Template};

/// What a new plugin is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NewKind {
    /// Operations that a model calls.
    #[default]
    Tool,
    /// Who an agent is.
    Role,
    /// What an agent is told when it helps.
    Skill,
    /// What watches over calls.
    Hook,
    /// Another place where people write and read.
    Channel,
}

impl NewKind {
    const fn template(self, language: Language) -> Template {
        use templates::{
            CHANNEL_JS, CHANNEL_PYTHON, CHANNEL_RUST, HOOK_JS, HOOK_PYTHON, HOOK_RUST, ROLE, SKILL, TOOL_JS, TOOL_PYTHON,
            TOOL_RUST,
        };
        match (self, language) {
            (Self::Tool, Language::Rust) => TOOL_RUST,
            (Self::Tool, Language::JavaScript) => TOOL_JS,
            (Self::Tool, Language::Python) => TOOL_PYTHON,
            // Texts: the same folder whatever the language.
            (Self::Role, _) => ROLE,
            (Self::Skill, _) => SKILL,
            (Self::Hook, Language::Rust) => HOOK_RUST,
            (Self::Channel, Language::Rust) => CHANNEL_RUST,
            (Self::Hook, Language::JavaScript) => HOOK_JS,
            (Self::Hook, Language::Python) => HOOK_PYTHON,
            (Self::Channel, Language::JavaScript) => CHANNEL_JS,
            (Self::Channel, Language::Python) => CHANNEL_PYTHON,
        }
    }
}

/// Where a new project takes the SDK from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// A copy in the project, of the SDK that this program was released with.
    Copy,
    /// A folder of this machine: the SDK's own, or a checkout of octi. Only for Rust, whose compiler takes one where it is.
    Folder(PathBuf),
}

/// What is to be made.
#[derive(Debug, Clone)]
pub struct NewPlugin {
    /// `publisher/name`.
    pub id: String,
    /// None for a folder of the plugin's name, here.
    pub folder: Option<PathBuf>,
    pub kind: NewKind,
    pub language: Language,
    pub sdk: Sdk,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub folder: PathBuf,
    /// Relative to the folder; the SDK's are not among them.
    pub files: Vec<&'static str>,
    /// Where in the folder a copy of the SDK is.
    pub sdk: Option<&'static str>,
}

/// Makes a project that builds and whose cases pass.
///
/// # Errors
/// [`AuthorError`] when the name cannot be one, the folder is there already, or cannot be written; then nothing was made.
pub fn create(wanted: &NewPlugin) -> Result<Created, AuthorError> {
    let (publisher, name) = parts(&wanted.id)?;
    let folder = wanted.folder.clone().unwrap_or_else(|| PathBuf::from(name));
    if folder.symlink_metadata().is_ok() {
        return Err(AuthorError::Exists(folder.display().to_string()));
    }
    let template = wanted.kind.template(wanted.language);
    let dependency = dependency(wanted)?;
    let package = format!("{publisher}-{name}");
    // Names of skills and roles are those of agentskills.io.
    let plain = name.split(['-', '_']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let names = [
        ("id", wanted.id.as_str()),
        ("name", name),
        ("plain", &plain),
        ("package", &package),
        ("sdk", &dependency),
        ("wit", WIT_VERSION),
    ];
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Beside its place, so that it gets there in one step; whatever fails before that takes the draft with it.
    let draft = tempfile::Builder::new().prefix(".octi-new-").tempdir_in(parent).map_err(|e| AuthorError::file(parent, &e))?;
    let inside = draft.path().join(name);
    for (path, text) in template {
        write(&inside.join(path), &filled(text, &names))?;
    }
    let is_code = !matches!(wanted.kind, NewKind::Role | NewKind::Skill);
    let copied = (is_code && wanted.sdk == Sdk::Copy).then(|| sdk::folder(wanted.language));
    if let Some(place) = copied {
        for (path, text) in sdk::files(wanted.language) {
            write(&inside.join(place).join(path), &text)?;
        }
    }
    fs::rename(&inside, &folder).map_err(|error| AuthorError::file(&folder, &error))?;
    Ok(Created { folder, files: template.iter().map(|(path, _)| *path).collect(), sdk: copied })
}

fn parts(id: &str) -> Result<(&str, &str), AuthorError> {
    manifest::check_id(id).map_err(AuthorError::Name)?;
    let (publisher, name) = id.split_once('/').unwrap_or_default();
    if name.len() > limits::NEW_PLUGIN_NAME_BYTES_MAX {
        return Err(AuthorError::Name(format!(
            "`{name}` has more than {} characters, which leaves too few for the names of its operations",
            limits::NEW_PLUGIN_NAME_BYTES_MAX
        )));
    }
    Ok((publisher, name))
}

/// The dependency as it stands in `Cargo.toml`.
fn dependency(wanted: &NewPlugin) -> Result<String, AuthorError> {
    let text = |text: &str| toml::Value::from(text).to_string();
    match &wanted.sdk {
        Sdk::Copy => Ok(format!("{{ path = {} }}", text(&format!("{}/sdk/rust", sdk::folder(Language::Rust))))),
        Sdk::Folder(_) if wanted.language != Language::Rust => Err(AuthorError::SdkElsewhere(wanted.language.name())),
        Sdk::Folder(folder) => {
            let none = || AuthorError::NoSdk(folder.display().to_string());
            let found = [folder.clone(), folder.join("sdk/rust")].into_iter().find(|place| is_sdk(place)).ok_or_else(none)?;
            let found = found.canonicalize().map_err(|error| AuthorError::file(folder, &error))?;
            Ok(format!("{{ path = {} }}", text(found.to_str().ok_or_else(none)?)))
        }
    }
}

fn is_sdk(folder: &Path) -> bool {
    fs::read_to_string(folder.join("Cargo.toml"))
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
        .is_some_and(|table| table.get("package").and_then(|package| package.get("name")?.as_str()) == Some("octi-sdk"))
}

fn filled(template: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

fn write(path: &Path, text: &str) -> Result<(), AuthorError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|error| AuthorError::file(path, &error))
}

#[cfg(test)]
mod tests {
    use octi_extension::manifest::Manifest;

    use super::*;

    fn wanted(id: &str, folder: PathBuf) -> NewPlugin {
        NewPlugin { id: id.to_owned(), folder: Some(folder), kind: NewKind::Tool, language: Language::Rust, sdk: Sdk::Copy }
    }

    #[test]
    fn every_name_is_filled_in_and_the_manifest_is_valid() {
        for language in [Language::Rust, Language::JavaScript, Language::Python] {
            let place = tempfile::tempdir().unwrap();
            let created = create(&NewPlugin { language, ..wanted("acme/hello", place.path().join("hello")) }).unwrap();
            assert_eq!(created.files.len(), NewKind::Tool.template(language).len());
            for file in created.files {
                let text = fs::read_to_string(created.folder.join(file)).unwrap();
                assert!(!text.contains("{{"), "{file}: {text}");
            }
            let text = fs::read_to_string(created.folder.join("plugin.toml")).unwrap();
            assert_eq!(Manifest::from_toml(&text).unwrap().id, "acme/hello");
            assert_eq!(Language::of(&created.folder), Some(language));
            let sdk = created.folder.join(created.sdk.unwrap());
            assert!(sdk.is_dir() && !fs::read_dir(sdk).unwrap().next().unwrap().unwrap().path().is_symlink());
        }
    }

    #[test]
    fn a_project_in_rust_takes_the_sdk_from_its_own_folder() {
        let place = tempfile::tempdir().unwrap();
        let created = create(&wanted("acme/hello", place.path().join("hello"))).unwrap();
        let cargo = fs::read_to_string(created.folder.join("Cargo.toml")).unwrap();
        let table: toml::Table = cargo.parse().unwrap();
        assert_eq!(table["package"]["name"].as_str(), Some("acme-hello"));
        let path = table["dependencies"]["octi-sdk"]["path"].as_str().unwrap();
        assert!(Path::new(path).is_relative() && is_sdk(&created.folder.join(path)), "{path}");
    }

    /// What is pinned is what this repository is tested with.
    #[test]
    fn the_versions_of_a_project_in_rust_are_those_of_this_repository() {
        let lock = include_str!("../../../Cargo.lock");
        let packages = |text: &str| -> Vec<(String, String)> {
            let table: toml::Table = text.parse().unwrap();
            let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
            table["package"].as_array().unwrap().iter().map(|p| (text(p, "name"), text(p, "version"))).collect()
        };
        let ours = packages(lock);
        let (_, template) = templates::TOOL_RUST.iter().find(|(path, _)| *path == "Cargo.lock").unwrap();
        let strangers: Vec<_> =
            packages(template).into_iter().filter(|package| package.0 != "{{package}}" && !ours.contains(package)).collect();
        assert!(
            strangers.is_empty(),
            "make a project, copy this repository's Cargo.lock into it, and keep what a build leaves of it: {strangers:?}"
        );
    }

    #[test]
    fn every_kind_is_there_in_every_language() {
        let kinds = [NewKind::Tool, NewKind::Role, NewKind::Skill, NewKind::Hook, NewKind::Channel];
        let languages = [Language::Rust, Language::JavaScript, Language::Python];
        for (kind, language) in kinds.into_iter().flat_map(|kind| languages.map(|language| (kind, language))) {
            let place = tempfile::tempdir().unwrap();
            let created = create(&NewPlugin { kind, language, ..wanted("acme/hello", place.path().join("hello")) }).unwrap();
            let texts = created.files.iter().map(|file| (file, fs::read_to_string(created.folder.join(file)).unwrap()));
            for (file, text) in texts {
                // What is left in braces is filled in by a host.
                let is_prompt = kind == NewKind::Role && (file.starts_with("prompt") || file.starts_with("cases/"));
                assert!(is_prompt || !text.contains("{{"), "{kind:?} {language:?} {file}: {text}");
            }
            let manifest = Manifest::from_toml(&fs::read_to_string(created.folder.join("plugin.toml")).unwrap()).unwrap();
            assert_eq!((manifest.hook.is_some(), manifest.channel.is_some()), (kind == NewKind::Hook, kind == NewKind::Channel));
            let is_text = matches!(kind, NewKind::Role | NewKind::Skill);
            assert_eq!(Language::of(&created.folder), (!is_text).then_some(language), "{kind:?}");
            assert_eq!(created.sdk.is_none(), is_text, "{kind:?}");
            assert!(created.files.iter().any(|file| file.ends_with("case.json")), "{kind:?} {language:?} has a case");
        }
    }

    #[test]
    fn the_sdk_is_found_in_its_folder_and_in_a_checkout() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let checkout = here.ancestors().nth(2).unwrap();
        let from = |folder: &Path| {
            let sdk = Sdk::Folder(folder.to_owned());
            dependency(&NewPlugin { sdk, ..wanted("acme/hello", PathBuf::new()) })
        };
        let of_checkout = from(checkout).unwrap();
        assert_eq!(from(&checkout.join("sdk/rust")).unwrap(), of_checkout);
        assert!(of_checkout.starts_with("{ path = \"/") && of_checkout.ends_with("/sdk/rust\" }"), "{of_checkout}");
        assert!(matches!(from(here), Err(AuthorError::NoSdk(_))));
    }

    #[test]
    fn names_that_cannot_be_published_are_refused_and_nothing_is_made() {
        let place = tempfile::tempdir().unwrap();
        let long = format!("acme/{}", "x".repeat(limits::NEW_PLUGIN_NAME_BYTES_MAX + 1));
        for name in ["hello", "acme/", "/x", "acme/../x", "Acme/x", "acme/x/y", "acme/x y", "acme/x\"\nid = \"", "acme/1x", &long]
        {
            let refused = create(&wanted(name, place.path().join("x")));
            assert!(matches!(refused, Err(AuthorError::Name(_))), "{name}: {refused:?}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        let longest = format!("acme/{}", "x".repeat(limits::NEW_PLUGIN_NAME_BYTES_MAX));
        create(&wanted(&longest, place.path().join("x"))).unwrap();
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_is_left() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("hello");
        fs::create_dir(&folder).unwrap();
        assert!(matches!(create(&wanted("acme/hello", folder.clone())), Err(AuthorError::Exists(_))));
        std::os::unix::fs::symlink("nowhere", place.path().join("link")).unwrap();
        assert!(matches!(create(&wanted("acme/hello", place.path().join("link"))), Err(AuthorError::Exists(_))));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let inside_a_file = place.path().join("file");
        fs::write(&inside_a_file, "").unwrap();
        assert!(matches!(create(&wanted("acme/hello", inside_a_file.join("x"))), Err(AuthorError::File { .. })));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
    }
}
