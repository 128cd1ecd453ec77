//! `plugin.toml` and the `octi:manifest` section made from it.
//!
//! The file is what an author writes; the section (JSON) is the same data with the tools' schemas added by the build. One
//! type serves both, and unknown fields are errors, so a typo cannot pass silently.

mod offered;
mod skill;

use std::collections::BTreeMap;

use octi_domain::limits;
use octi_domain::permission::Level;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capability::Capabilities;
use crate::channel::ChannelEntry;
use crate::hook::HookEntry;
use crate::served;
pub use offered::{Attached, DocumentEntry, PromptArgument, PromptEntry};
pub use skill::{SkillEntry, is_skill_name};

/// The custom section of a component that holds its manifest, as JSON.
pub const SECTION: &str = "octi:manifest";
/// The contract that plugins are made for now, the newest that this octi [serves](crate::served).
pub const WIT_VERSION: &str = "1.0";

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `publisher/name`, lower case.
    pub id: String,
    /// Semantic version (semver.org).
    pub version: String,
    /// The contract it was built for, such as `1.0`.
    pub wit: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    #[serde(default)]
    pub kinds: Vec<Kind>,
    #[serde(default)]
    pub capabilities: Capabilities,
    #[serde(default)]
    pub limits: Limits,
    /// Per operation: permission, effects and, added by the build, description and schema.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillEntry>,
    pub hook: Option<HookEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelEntry>,
    /// Texts for people and programs to begin with, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, PromptEntry>,
    /// Texts and pictures to read, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<String, DocumentEntry>,
}

/// The kinds of plugin; one may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Tool,
    Role,
    Skill,
    Hook,
    Channel,
}

/// Limits a plugin asks for; the host caps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// MiB of linear memory.
    pub memory_mb: u32,
    /// Milliseconds of wall clock for one call.
    pub time_ms: u64,
    /// Milliseconds of guest code for one call.
    pub cpu_ms: u64,
    /// Bytes that one call returns.
    pub output_bytes: u64,
    /// Calls that run at once.
    pub concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mb: 64,
            time_ms: limits::GUEST_WALL_MS_MAX,
            cpu_ms: limits::GUEST_CPU_MS_MAX,
            output_bytes: limits::ARTIFACT_BYTES_MAX as u64,
            concurrency: limits::PLUGIN_CALLS_MAX as u32,
        }
    }
}

impl Limits {
    /// What the host grants of what was asked.
    #[must_use]
    pub fn capped(self) -> Self {
        Self {
            memory_mb: self.memory_mb.clamp(1, (limits::GUEST_BIG_MEMORY_BYTES_MAX >> 20) as u32),
            time_ms: self.time_ms.clamp(1, limits::GUEST_WALL_MS_CEILING),
            cpu_ms: self.cpu_ms.clamp(limits::GUEST_TICK_MS, limits::GUEST_CPU_MS_CEILING),
            output_bytes: self.output_bytes.clamp(1, limits::ARTIFACT_BYTES_MAX as u64),
            concurrency: self.concurrency.clamp(1, limits::PLUGIN_CALLS_MAX as u32),
        }
    }
}

/// What one operation does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    Read,
    Write,
    Network,
    Secret,
    Process,
    Money,
}

/// Default permission of an operation, as written in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    Allow,
    #[default]
    Ask,
    Deny,
}

impl From<Permission> for Level {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::Allow => Self::Allow,
            Permission::Ask => Self::Ask,
            Permission::Deny => Self::Deny,
        }
    }
}

/// How the subject of a permission rule is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// Compared as it stands.
    #[default]
    Text,
    /// A shell command line, parsed into its simple commands; each must be allowed.
    Command,
}

/// One operation of a tool plugin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolEntry {
    pub permission: Permission,
    pub effects: Vec<Effect>,
    /// The argument that permission rules match on, such as `path` or `command`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub subject_kind: SubjectKind,
    /// For the model. Written by the build from the doc comment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema 2020-12 of the arguments. Written by the build from the types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
}

/// The `[role]` table of a role plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    pub name: String,
    pub purpose: String,
    /// Aliases of the tools the role may use; `*` for every tool.
    pub tools: Vec<String>,
    #[serde(default)]
    pub core_tools: Vec<String>,
    #[serde(default = "default_topic")]
    pub topic: String,
    #[serde(default)]
    pub read_only: bool,
}

impl RoleEntry {
    /// Whether the role may use the tool of that alias.
    #[must_use]
    pub fn may_use(&self, alias: &str) -> bool {
        self.tools.iter().any(|tool| tool == "*" || tool == alias)
    }
}

fn default_topic() -> String {
    "chat".to_owned()
}

/// Characters of an error: what it repeats may be the whole file.
const SHOWN_CHARS_MAX: usize = 2_000;

/// Why a manifest is refused. The text names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("manifest is not valid: {0}")]
    Syntax(String),
    #[error("manifest field `{field}`: {problem}")]
    Field { field: String, problem: String },
}

impl ManifestError {
    fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Field { field: shown(&field.into()), problem: shown(&problem.into()) }
    }

    fn syntax(problem: &str) -> Self {
        Self::Syntax(shown(problem))
    }
}

/// The text without what commands a terminal or cannot be seen: it repeats parts of a file that nobody has looked at.
fn shown(text: &str) -> String {
    let plain = |c: char| matches!(c, '\n' | '"' | '\'' | '\\');
    let escaped = text.chars().flat_map(|c| {
        let (kept, escaped) = if plain(c) { (Some(c), None) } else { (None, Some(c.escape_debug())) };
        kept.into_iter().chain(escaped.into_iter().flatten())
    });
    escaped.take(SHOWN_CHARS_MAX).collect()
}

/// What is read of a manifest that is not understood.
#[derive(Deserialize)]
struct OnlyContract {
    wit: String,
}

/// Why a manifest is not understood: one for another contract may have what this host does not know.
fn unread(contract: Option<OnlyContract>, problem: &str) -> ManifestError {
    match contract.map(|OnlyContract { wit }| served::check(&wit)) {
        Some(Err(unserved)) => ManifestError::field("wit", unserved.to_string()),
        Some(Ok(())) | None => ManifestError::syntax(problem),
    }
}

impl Manifest {
    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// [`ManifestError`] names the field and what is valid there.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| unread(toml::from_str(text).ok(), &error.to_string()))?;
        manifest.checked()
    }

    /// Reads the JSON of a component's section.
    ///
    /// # Errors
    /// [`ManifestError`] names the field and what is valid there.
    pub fn from_section(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > limits::MANIFEST_BYTES_MAX {
            return Err(ManifestError::Syntax(format!(
                "{} bytes are more than the {} allowed",
                bytes.len(),
                limits::MANIFEST_BYTES_MAX
            )));
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| unread(serde_json::from_slice(bytes).ok(), &error.to_string()))?;
        offered::check_filled(&manifest.prompts, &manifest.documents)
            .map_err(|(field, problem)| ManifestError::field(field, problem))?;
        manifest.checked()
    }

    /// The section's bytes.
    #[must_use]
    pub fn to_section(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The last part of the id, which models and rules use: `filesystem` of `octi/filesystem`.
    #[must_use]
    pub fn alias(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }

    /// What it asks for, a line each, for the person who grants it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let hook = self.hook.iter().flat_map(HookEntry::lines);
        let channel = self.channel.iter().map(ChannelEntry::line);
        hook.chain(channel).chain(self.capabilities.lines()).collect()
    }

    fn checked(self) -> Result<Self, ManifestError> {
        check_id(&self.id).map_err(|problem| ManifestError::field("id", problem))?;
        if !is_semver(&self.version) {
            return Err(ManifestError::field("version", format!("`{}` is not a version such as `1.2.0`", self.version)));
        }
        for (field, text) in [("description", Some(&self.description)), ("license", self.license.as_ref())] {
            one_line(text.map_or("", String::as_str)).map_err(|problem| ManifestError::field(field, problem))?;
        }
        served::check(&self.wit).map_err(|unserved| ManifestError::field("wit", unserved.to_string()))?;
        if self.tools.len() > limits::MANIFEST_TOOLS_MAX {
            return Err(ManifestError::field(
                "tools",
                format!("{} tools are more than the {} allowed", self.tools.len(), limits::MANIFEST_TOOLS_MAX),
            ));
        }
        if let Some(bad) = self.tools.keys().find(|name| !is_name(name)) {
            return Err(ManifestError::field(format!("tools.{bad}"), "a tool's name is lower case letters, digits and `_`"));
        }
        if let Some(role) = &self.role
            && let Some(missing) = role.core_tools.iter().find(|tool| !role.may_use(tool))
        {
            return Err(ManifestError::field("role.core_tools", format!("`{missing}` is not among `role.tools`")));
        }
        if let Some(skill) = &self.skill {
            skill.check().map_err(|(field, problem)| ManifestError::field(format!("skill.{field}"), problem))?;
        }
        if let Some(hook) = &self.hook {
            hook.check().map_err(|(field, problem)| ManifestError::field(format!("hook.{field}"), problem))?;
        }
        if let Some(channel) = &self.channel {
            channel.check().map_err(|(field, problem)| ManifestError::field(format!("channel.{field}"), problem))?;
        }
        offered::check(&self.prompts, &self.documents).map_err(|(field, problem)| ManifestError::field(field, problem))?;
        self.capabilities.check().map_err(|(field, problem)| ManifestError::field(format!("capabilities.{field}"), problem))?;
        Ok(self)
    }
}

/// Whether a text can be the id of a plugin: `publisher/name`.
///
/// # Errors
/// What is wrong with it, with the text itself.
pub fn check_id(id: &str) -> Result<(), String> {
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() == 2 && parts.iter().all(|part| is_name(part)) {
        return Ok(());
    }
    Err(format!("`{id}` is not `publisher/name` in lower case letters, digits, `-` and `_`"))
}

/// Whether the text can be the publisher or the name in a plugin's id, or the name of a tool.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
        && !text.contains("__")
}

/// Refuses what would move a terminal's cursor, begin another line or turn text around, where a person decides by what they read.
///
/// # Errors
/// Says which character it is.
pub fn one_line(text: &str) -> Result<(), String> {
    let is_control = |c: &char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match text.chars().find(is_control) {
        Some(control) => Err(format!("it holds the control character {control:?}; write one line of plain text")),
        None => Ok(()),
    }
}

fn is_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
    text.chars().all(is_plain)
        && numbers.len() == 3
        && numbers.iter().all(|n| !n.is_empty() && n.len() <= 9 && n.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "id = 'acme/weather'\nversion = '1.2.0'\nwit = '1.0'\ndescription = 'Forecasts'\n";

    fn error(extra: &str) -> String {
        Manifest::from_toml(&format!("{SMALL}{extra}")).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn a_small_manifest_is_enough() {
        assert_eq!(Manifest::from_toml(SMALL).map(|m| m.alias().to_owned()), Ok("weather".to_owned()));
    }

    #[test]
    fn a_typo_is_named() {
        assert!(error("colour = 'red'").contains("unknown field `colour`"), "{}", error("colour = 'red'"));
    }

    #[test]
    fn another_contract_says_what_to_do() {
        let newer = "manifest field `wit`: built for contract 9.0, this octi serves 1.0; update octi, or choose an older version of the plugin";
        // It may have what this host cannot read.
        for more in ["", "colour = 'red'", "limits = 7"] {
            let text = format!("{}{more}", SMALL.replace("'1.0'", "'9.0'"));
            assert_eq!(Manifest::from_toml(&text).map_err(|e| e.to_string()).err().as_deref(), Some(newer));
        }
        let section = r#"{"id":"acme/x","version":"1.0.0","wit":"9.0","description":"x","kinds":["dream"]}"#;
        assert_eq!(Manifest::from_section(section.as_bytes()).map_err(|e| e.to_string()).err().as_deref(), Some(newer));
        let older = Manifest::from_toml(&SMALL.replace("'1.0'", "'0.1'")).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(older.contains("built for contract 0.1, this octi serves 1.0; choose a newer version"), "{older}");
    }

    #[test]
    fn ids_and_versions_are_checked() {
        let versions = ["one", "1.2", "1.2.0-a b", "1.2.0+\\u001b[2J"].map(|version| ("1.2.0", version, "`version`"));
        for (from, to, field) in [("acme/weather", "Weather", "`id`")].into_iter().chain(versions) {
            let text = SMALL.replace(&format!("'{from}'"), &format!("\"{to}\""));
            let message = Manifest::from_toml(&text).map_err(|e| e.to_string()).err().unwrap_or_default();
            assert!(message.contains(field), "{message}");
        }
        assert!(Manifest::from_toml(&SMALL.replace("1.2.0", "1.2.0-rc.1+build-5")).is_ok());
    }

    #[test]
    fn what_a_person_decides_by_is_one_line_of_plain_text() {
        for (extra, field) in [
            ("license = \"MIT\\u001b[2J\"", "`license`"),
            (
                "[capabilities]\nfs = [{ root = 'workspace', access = 'read', reason = \"a)\\nkv: nothing (b\" }]",
                "`capabilities.fs[0].reason`",
            ),
            ("[capabilities]\nshell = [{ profile = \"git\\u202e\", reason = 'a' }]", "`capabilities.shell[0].profile`"),
        ] {
            assert!(error(extra).contains(&format!("{field}: it holds the control character")), "{}", error(extra));
        }
        let text = SMALL.replace("'Forecasts'", "\"\"\"Fore\ncasts\"\"\"");
        assert!(Manifest::from_toml(&text).is_err_and(|error| error.to_string().contains("`description`")));
    }

    #[test]
    fn what_a_file_says_does_not_command_the_terminal_of_who_reads_the_error() {
        let id = r#"{"id":"acme/\u202e\u001b[31m","version":"1.0.0","wit":"1.0","description":"x"}"#;
        for text in [id, r#"{"\u202e\u001b[2J":1}"#] {
            let message = Manifest::from_section(text.as_bytes()).map_err(|e| e.to_string()).err().unwrap_or_default();
            assert!(message.contains("\\u{1b}["), "{message}");
            assert!(!message.contains(|c: char| c == '\u{202e}' || (c.is_control() && c != '\n')), "{message:?}");
        }
        let long = format!("{{\"{}\":1}}", "x".repeat(100_000));
        let message = Manifest::from_section(long.as_bytes()).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(message.contains("unknown field") && message.len() < 3_000, "{}", message.len());
    }

    #[test]
    fn the_section_reads_back_as_it_was_written() {
        let manifest = Manifest::from_toml(&format!("{SMALL}[tools.forecast]\npermission = 'allow'\neffects = ['network']\n"));
        let Ok(manifest) = manifest else { panic!("{manifest:?}") };
        assert_eq!(Manifest::from_section(&manifest.to_section()), Ok(manifest));
    }

    #[test]
    fn a_section_over_the_limit_is_refused() {
        let bytes = vec![b' '; limits::MANIFEST_BYTES_MAX + 1];
        assert!(Manifest::from_section(&bytes).is_err_and(|e| e.to_string().contains("more than the 1048576 allowed")));
    }
}
