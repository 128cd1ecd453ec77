//! What watches over calls: the `[hook]` table of a manifest, and a hook as its host sees it.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ids::{CallId, SessionId};
use octi_domain::limits;
use octi_domain::principal::Principal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifest::is_name;
use crate::tool::{Redact, ToolError};

/// What a hook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HookEvent {
    /// A tool is about to be called: the hook may refuse the call or change its arguments.
    #[serde(rename = "tool.before")]
    ToolBefore,
    /// A call ended, or was refused.
    #[serde(rename = "tool.after")]
    ToolAfter,
    /// The first message of a conversation was said.
    #[serde(rename = "session.started")]
    SessionStarted,
    /// A person said something.
    #[serde(rename = "message")]
    Message,
    /// A turn ended, in whatever way.
    #[serde(rename = "turn.ended")]
    TurnEnded,
}

impl HookEvent {
    /// As manifests and plugins write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolBefore => "tool.before",
            Self::ToolAfter => "tool.after",
            Self::SessionStarted => "session.started",
            Self::Message => "message",
            Self::TurnEnded => "turn.ended",
        }
    }
}

/// The `[hook]` table of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookEntry {
    pub events: Vec<HookEvent>,
    /// The operations whose calls it is told of: `*`, `shell.*` or `shell.run`.
    #[serde(default = "every_tool")]
    pub tools: Vec<String>,
    /// The lowest runs first; those with the same number go by the ids of their plugins.
    #[serde(default = "middle")]
    pub priority: u16,
    /// Milliseconds for one answer.
    #[serde(default = "time_ms_default")]
    pub time_ms: u64,
}

fn every_tool() -> Vec<String> {
    vec!["*".to_owned()]
}

const fn middle() -> u16 {
    limits::HOOK_PRIORITY_MAX / 2
}

const fn time_ms_default() -> u64 {
    limits::HOOK_MS_DEFAULT
}

impl HookEntry {
    /// Whether it is told of that.
    #[must_use]
    pub fn hears(&self, event: HookEvent) -> bool {
        self.events.contains(&event)
    }

    /// Whether calls are not made without its answer.
    #[must_use]
    pub fn must_agree(&self) -> bool {
        self.hears(HookEvent::ToolBefore)
    }

    /// Whether it is told of calls of that operation.
    #[must_use]
    pub fn watches(&self, tool: &str, operation: &str) -> bool {
        self.tools.iter().any(|pattern| match pattern.split_once('.') {
            None => true,
            Some((of, "*")) => of == tool,
            Some((of, one)) => of == tool && one == operation,
        })
    }

    /// How long one answer may take.
    #[must_use]
    pub const fn time_max(&self) -> Duration {
        Duration::from_millis(self.time_ms)
    }

    /// What it is told and may do, for whoever installs it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let tools = if self.tools.iter().any(|pattern| pattern == "*") { "every tool".to_owned() } else { self.tools.join(", ") };
        let before = self.hears(HookEvent::ToolBefore);
        let after = self.events.iter().filter(|event| **event != HookEvent::ToolBefore).map(|event| event.as_str());
        let after: Vec<&str> = after.collect();
        let before = before.then(|| {
            format!("hook: see every person's calls of {tools} before they run, refuse them, or change their arguments")
        });
        let after = (!after.is_empty())
            .then(|| format!("hook: be told of every person's {} (of {tools}, where it is about one)", after.join(", ")));
        before.into_iter().chain(after).collect()
    }

    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.events.is_empty() {
            return Err(("events", "name at least one, such as `tool.before`".to_owned()));
        }
        if self.tools.is_empty() || self.tools.len() > limits::HOOK_TOOLS_MAX {
            return Err(("tools", format!("there are {}; name between 1 and {}", self.tools.len(), limits::HOOK_TOOLS_MAX)));
        }
        let fits = |pattern: &str| match pattern.split_once('.') {
            None => pattern == "*",
            Some((tool, operation)) => is_name(tool) && (operation == "*" || is_name(operation)),
        };
        if let Some(pattern) = self.tools.iter().find(|pattern| !fits(pattern)) {
            return Err(("tools", format!("`{pattern}` is none of `*`, `shell.*` and `shell.run`")));
        }
        if self.priority > limits::HOOK_PRIORITY_MAX {
            return Err(("priority", format!("{} is more than {}", self.priority, limits::HOOK_PRIORITY_MAX)));
        }
        if self.time_ms == 0 || self.time_ms > limits::HOOK_MS_MAX {
            return Err(("time_ms", format!("must be between 1 and {}", limits::HOOK_MS_MAX)));
        }
        Ok(())
    }
}

/// Which hook it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSpec {
    /// `publisher/name` of the plugin, which is the hook's name too.
    pub plugin: String,
    pub plugin_version: String,
    pub entry: HookEntry,
}

impl HookSpec {
    /// Whether it is told of that; of calls, with the tool and the operation.
    #[must_use]
    pub fn hears(&self, event: HookEvent, of: Option<(&str, &str)>) -> bool {
        self.entry.hears(event) && of.is_none_or(|(tool, operation)| self.entry.watches(tool, operation))
    }

    /// By priority, then by name.
    #[must_use]
    pub fn order(&self) -> (u16, &str) {
        (self.entry.priority, &self.plugin)
    }
}

/// Whose event it is. What the hook keeps and reaches is its own, by its own grants; of the person it is only what those are for.
#[derive(Clone)]
pub struct HookContext {
    pub principal: Principal,
    pub session_id: Option<SessionId>,
    pub call_id: Option<CallId>,
    /// How long the answer may take; the hook's own limit may be lower.
    pub time_max: Duration,
    /// For what the plugin writes to the log.
    pub redact: Redact,
}

/// What a hook answered. Text is as the plugin wrote it: who shows it cleans it, blacks out what is secret, and cuts it.
#[derive(Debug, Clone, PartialEq)]
pub enum HookAnswer {
    GoOn,
    Block(String),
    Rewrite(Value),
}

/// A hook of a plugin, bound to its generation.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Which it is and what it is told of.
    fn spec(&self) -> &HookSpec;

    /// Tells it.
    ///
    /// # Errors
    /// [`ToolError`] when there is no answer, for whatever reason.
    async fn tell(&self, context: HookContext, event: HookEvent, details: Value) -> Result<HookAnswer, ToolError>;
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn read(hook: &str) -> Result<Manifest, String> {
        let text = format!("id = 'acme/guard'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n[hook]\n{hook}");
        Manifest::from_toml(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_hook_is_told_of_what_its_patterns_name_and_of_nothing_else() {
        let watches = |tools: &str, tool: &str, operation: &str| {
            let manifest = read(&format!("events = ['tool.before']\ntools = {tools}")).unwrap();
            manifest.hook.unwrap().watches(tool, operation)
        };
        assert!(
            watches("['*']", "shell", "run")
                && watches("['shell.*']", "shell", "run")
                && watches("['shell.run']", "shell", "run")
        );
        assert!(!watches("['shell.*']", "shellfish", "run") && !watches("['shell.run']", "shell", "runner"));
        assert!(watches("['git.push', 'shell.*']", "git", "push") && !watches("['git.push']", "git", "pull"));
    }

    #[test]
    fn the_smallest_table_is_told_of_every_tool_and_says_so_to_whoever_installs_it() {
        let manifest = read("events = ['tool.before', 'turn.ended']").unwrap();
        assert_eq!(
            manifest.lines(),
            [
                "hook: see every person's calls of every tool before they run, refuse them, or change their arguments",
                "hook: be told of every person's turn.ended (of every tool, where it is about one)",
            ]
        );
    }

    #[test]
    fn what_a_hook_may_not_ask_for_is_refused_by_its_field() {
        for (table, says) in [
            ("events = []", "`hook.events`: name at least one"),
            ("events = ['tool.during']", "unknown variant `tool.during`"),
            ("events = ['message']\ntools = ['shell']", "`hook.tools`: `shell` is none of"),
            ("events = ['message']\ntools = ['*.run']", "`hook.tools`: `*.run` is none of"),
            ("events = ['message']\ntools = []", "`hook.tools`: there are 0"),
            ("events = ['message']\npriority = 1001", "`hook.priority`: 1001 is more than 1000"),
            ("events = ['message']\ntime_ms = 2001", "`hook.time_ms`: must be between 1 and 2000"),
            ("events = ['message']\ntime_ms = 0", "`hook.time_ms`"),
        ] {
            let error = read(table).err().unwrap_or_default();
            assert!(error.contains(says), "{table}: {error}");
        }
        let many = vec!["'a.b'"; octi_domain::limits::HOOK_TOOLS_MAX + 1].join(", ");
        assert!(read(&format!("events = ['message']\ntools = [{many}]")).is_err_and(|error| error.contains("there are 65")));
    }
}
