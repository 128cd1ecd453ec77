//! The folder of a plugin.

use std::fs;
use std::path::{Path, PathBuf};

use octi_domain::limits;
use octi_extension::manifest::Manifest;

use crate::error::AuthorError;
use crate::files;

/// A folder with a `plugin.toml` that could be read.
#[derive(Debug, Clone)]
pub struct Project {
    folder: PathBuf,
    text: String,
    manifest: Manifest,
}

impl Project {
    /// Reads what the folder says of itself.
    ///
    /// # Errors
    /// [`AuthorError`] when it is not the folder of a plugin, or its `plugin.toml` is not valid; that names the field.
    pub fn open(folder: &Path) -> Result<Self, AuthorError> {
        let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let path = shown.join("plugin.toml");
        if !path.is_file() {
            return Err(AuthorError::NoProject(shown.display().to_string()));
        }
        let text = files::read_text(&path, limits::MANIFEST_BYTES_MAX)?;
        let manifest =
            Manifest::from_toml(&text).map_err(|problem| AuthorError::Manifest { path: path.display().to_string(), problem })?;
        // Cargo tells absolute paths without links, and these are compared with them.
        let folder = shown.canonicalize().map_err(|error| AuthorError::file(shown, &error))?;
        Ok(Self { folder, text, manifest })
    }

    /// Where it is: an absolute path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `plugin.toml` says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `plugin.toml` as it stands.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The version of the SDK that cargo chose for it; none before the first build, and for what is not written in Rust.
    #[must_use]
    pub fn sdk_version(&self) -> Option<String> {
        let mut folders = self.folder.ancestors();
        let text = folders.find_map(|folder| fs::read_to_string(folder.join("Cargo.lock")).ok())?;
        let lock: toml::Table = text.parse().ok()?;
        let packages = lock.get("package")?.as_array()?;
        let sdk = packages.iter().find(|package| package.get("name").and_then(toml::Value::as_str) == Some("octi-sdk"))?;
        sdk.get("version")?.as_str().map(str::to_owned)
    }

    /// Where the packed plugin goes unless its author says otherwise: `<name>.wasm` in the folder.
    #[must_use]
    pub fn packed(&self) -> PathBuf {
        self.folder.join(self.manifest.alias()).with_extension("wasm")
    }

    /// The folder of its cases.
    #[must_use]
    pub fn cases(&self) -> PathBuf {
        self.folder.join("cases")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n";

    #[test]
    fn a_folder_says_what_it_is_or_why_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Project::open(folder.path()), Err(AuthorError::NoProject(_))));
        let path = folder.path().join("plugin.toml");
        fs::write(&path, MANIFEST.replace("'1.0'", "'9.9'")).unwrap();
        let refused = Project::open(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("plugin.toml`: manifest field `wit`: built for contract 9.9"), "{refused}");
        fs::write(&path, MANIFEST).unwrap();
        let project = Project::open(folder.path()).unwrap();
        assert!(project.packed().ends_with("x.wasm") && project.cases().ends_with("cases"));
    }

    #[test]
    fn the_version_of_the_sdk_is_the_one_that_cargo_chose() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plugin.toml"), MANIFEST).unwrap();
        let project = Project::open(folder.path()).unwrap();
        assert_eq!(project.sdk_version(), None);
        let lock =
            "version = 4\n[[package]]\nname = 'serde'\nversion = '1.0.1'\n[[package]]\nname = 'octi-sdk'\nversion = '0.3.1'\n";
        fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
        assert_eq!(project.sdk_version().as_deref(), Some("0.3.1"));
    }
}
