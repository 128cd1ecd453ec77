//! Paths as guests write them: relative, `/`-separated, and never up.

use octi_domain::limits;

use super::error::FsError;

/// The bytes one name may have on every file system octi runs on.
const NAME_BYTES_MAX: usize = 255;

/// A checked path: its parts, none of which is `.`, `..` or empty. No parts is the root itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelativePath {
    parts: Vec<String>,
}

impl RelativePath {
    /// Checks the text; `.`, `./a` and `a/` are understood, the empty text is the root.
    pub(super) fn parse(text: &str) -> Result<Self, FsError> {
        if text.len() > limits::FS_PATH_BYTES_MAX {
            return Err(FsError::TooLarge { what: "the bytes of the path", limit: limits::FS_PATH_BYTES_MAX as u64 });
        }
        if text.starts_with('/') {
            return Err(FsError::Escape(format!(
                "`{}` is an absolute path: paths are relative to the workspace, such as `notes/today.md`",
                text.escape_debug()
            )));
        }
        if text.chars().any(char::is_control) {
            return Err(FsError::Invalid(format!("`{}` contains a control character, which no path may", text.escape_debug())));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    return Err(FsError::Escape(format!("`{text}` goes up with `..`: name the path from the workspace's root")));
                }
                name if name.len() > NAME_BYTES_MAX => {
                    return Err(FsError::Invalid(format!(
                        "a part of the path has {} bytes: at most {NAME_BYTES_MAX} can be used",
                        name.len()
                    )));
                }
                name => parts.push(name.to_owned()),
            }
        }
        Ok(Self { parts })
    }

    pub(super) fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The directories above, and the name; none for the root.
    pub(super) fn split(&self) -> Option<(&[String], &str)> {
        self.parts.split_last().map(|(name, parents)| (parents, name.as_str()))
    }

    /// Like [`Self::split`], refusing the root.
    pub(super) fn split_or_refuse(&self) -> Result<(&[String], &str), FsError> {
        self.split().ok_or_else(|| FsError::Invalid("the path names the workspace itself: name something in it".to_owned()))
    }

    /// Whether `other` is this path or below it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        other.parts.starts_with(&self.parts)
    }
}

impl std::fmt::Display for RelativePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.parts.is_empty() { f.write_str(".") } else { f.write_str(&self.parts.join("/")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_spellings_mean_the_same() {
        for text in ["a/b", "./a/b", "a//b", "a/./b", "a/b/", "a/b/."] {
            assert_eq!(RelativePath::parse(text).unwrap().parts(), ["a", "b"], "{text}");
        }
        for text in ["", ".", "./", "././."] {
            assert!(RelativePath::parse(text).unwrap().split().is_none(), "{text}");
        }
    }

    #[test]
    fn ways_out_are_refused_and_say_why() {
        for (text, why) in [
            ("..", "`..`"),
            ("a/../../b", "`..`"),
            ("a/..", "`..`"),
            ("/etc", "absolute"),
            ("//x", "absolute"),
            ("/", "absolute"),
        ] {
            let error = RelativePath::parse(text).unwrap_err();
            assert!(matches!(&error, FsError::Escape(said) if said.contains(why)), "{text}: {error}");
        }
        for text in ["a\0b", "a\nb", "\u{1b}[31m", "a\u{7f}", "\u{85}"] {
            let error = RelativePath::parse(text).unwrap_err();
            assert!(error.to_string().contains("control"), "{error}");
            assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let long = "a/".repeat(limits::FS_PATH_BYTES_MAX);
        assert!(matches!(RelativePath::parse(&long), Err(FsError::TooLarge { .. })));
        let error = RelativePath::parse(&"n".repeat(256)).unwrap_err();
        assert!(error.to_string().contains("255"), "{error}");
    }
}
