//! What an agent is told when it helps.

use async_trait::async_trait;

use crate::manifest::SkillEntry;
use crate::tool::ToolError;

/// Where a skill comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkillSource {
    /// A plugin, by its id and version.
    Plugin { id: String, version: String },
    /// A `SKILL.md` of the skills folder; the path is relative to that.
    Folder { path: String },
}

/// A text of a plugin or of the skills folder. It gives no tool and no right, whatever it says.
#[async_trait]
pub trait Skill: Send + Sync {
    /// Name, description, and when it is given.
    fn spec(&self) -> &SkillEntry;

    /// Where it comes from.
    fn source(&self) -> &SkillSource;

    /// The licence of its text, if it names one.
    fn license(&self) -> Option<&str>;

    /// Whether its code finds that it helps with what was said; only a dynamic one is asked.
    ///
    /// # Errors
    /// [`ToolError::Contained`] when the sandbox ended the call.
    async fn fits(&self, said: &str) -> Result<bool, ToolError>;

    /// Its text, as it was written: who shows it cleans it.
    ///
    /// # Errors
    /// [`ToolError::Contained`] when the sandbox ended the call.
    async fn text(&self, said: &str) -> Result<String, ToolError>;
}

/// A file of the skills folder that is no skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillProblem {
    /// Relative to the skills folder.
    pub path: String,
    /// From 1, where a line is to blame.
    pub line: Option<u64>,
    pub problem: String,
}

impl std::fmt::Display for SkillProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "`{}` line {line}: {}", self.path, self.problem),
            None => write!(f, "`{}`: {}", self.path, self.problem),
        }
    }
}
