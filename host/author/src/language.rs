//! What plugins are written in.

use std::path::Path;

/// A language that octi builds plugins of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Rust,
    JavaScript,
    Python,
}

impl Language {
    /// What the folder of a plugin is written in; none for a role, and for what has no code yet.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let has = |name: &str| folder.join(name).is_file();
        if has("Cargo.toml") {
            Some(Self::Rust)
        } else if has("src/plugin.py") {
            Some(Self::Python)
        } else if has("package.json") {
            Some(Self::JavaScript)
        } else {
            None
        }
    }

    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_known_by_the_file_that_its_language_cannot_do_without() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Language::of(folder.path()), None);
        fs::create_dir(folder.path().join("src")).unwrap();
        // Projects in Python and in Rust may have a package.json for their editor's tools, and none of a component.
        for (file, language) in
            [("package.json", Language::JavaScript), ("src/plugin.py", Language::Python), ("Cargo.toml", Language::Rust)]
        {
            fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(Language::of(folder.path()), Some(language));
        }
    }
}
