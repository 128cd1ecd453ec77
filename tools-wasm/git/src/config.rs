//! The settings that a repository brings along. They come with its files, so they are somebody else's: those that name programs and
//! cannot be overruled on the command line are a reason to stop.

use octi_sdk::ToolError;

/// Settings with a name in the middle, by their first and last part, that make git run their value, or trust a server blindly.
const DANGEROUS: [(&str, &str); 8] = [
    ("filter.", ".clean"),
    ("filter.", ".smudge"),
    ("filter.", ".process"),
    ("merge.", ".driver"),
    ("remote.", ".uploadpack"),
    ("remote.", ".receivepack"),
    ("hook.", ".command"),
    ("http.", ".sslverify"),
];

/// The settings of one repository, in the order in which they count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config(Vec<(String, String)>);

impl Config {
    /// Reads `git config --list --show-scope -z`: scope, then the key and after a line break the value.
    pub(crate) fn parse(listing: &str) -> Self {
        let mut parts = listing.split('\0');
        let mut settings = Vec::new();
        while let (Some(scope), Some(setting)) = (parts.next(), parts.next()) {
            // Those of the command line are the profile's.
            if matches!(scope, "local" | "worktree") {
                let (key, value) = setting.split_once('\n').unwrap_or((setting, "true"));
                settings.push((key.to_owned(), value.to_owned()));
            }
        }
        Self(settings)
    }

    /// # Errors
    /// [`ToolError::NeedsUser`] names the settings that would run programs.
    pub(crate) fn check(&self) -> Result<(), ToolError> {
        let is_dangerous = |key: &str| {
            DANGEROUS
                .iter()
                .any(|(first, last)| key.starts_with(first) && key.ends_with(last) && key.len() > first.len() + last.len())
        };
        let mut found: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).filter(|key| is_dangerous(key)).collect();
        found.dedup();
        if found.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = found.iter().take(5).map(|key| format!("`{}`", key.escape_debug())).collect();
        Err(ToolError::NeedsUser(format!(
            "this repository's own settings name programs for git to run, or switch off a check: {}; nothing was done: remove them from \
             `.git/config` if you do not need them, or use git in the shell",
            shown.join(", ")
        )))
    }

    /// The last value of a setting.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Config {
        let listing: String = settings.iter().map(|(scope, setting)| format!("{scope}\0{setting}\0")).collect();
        Config::parse(&listing)
    }

    #[test]
    fn the_last_value_of_the_repository_counts() {
        let config = config(&[
            ("local", "user.name\nAda"),
            ("local", "core.bare"),
            ("worktree", "user.name\nGrace\nHopper"),
            ("command", "user.name\nprofile"),
        ]);
        assert_eq!(config.get("user.name"), Some("Grace\nHopper"));
        assert_eq!((config.get("core.bare"), config.get("user.email")), (Some("true"), None));
    }

    #[test]
    fn settings_that_run_programs_are_named() {
        for key in [
            "filter.x.clean",
            "filter.a.b.smudge",
            "filter.x.process",
            "merge.x.driver",
            "remote.origin.uploadpack",
            "remote.o.receivepack",
            "hook.x.command",
            "http.https://example.com/.sslverify",
        ] {
            let setting = format!("{key}\ntouch x");
            let Err(ToolError::NeedsUser(text)) = config(&[("local", &setting)]).check() else { panic!("{key}") };
            assert!(text.contains(&format!("`{key}`")), "{text}");
            assert_eq!(config(&[("command", &setting)]).check(), Ok(()));
        }
        for key in ["core.bare", "filter.x.required", "remote.origin.url", "branch.main.merge", "http.sslverify"] {
            assert_eq!(config(&[("local", key)]).check(), Ok(()), "{key}");
        }
    }
}
