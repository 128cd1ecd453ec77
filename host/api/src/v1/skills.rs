//! `/api/skills`: texts that turns are given when they help.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A skill, without its text. It gives no tool and no right, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// Such as `technical-writing`.
    pub name: String,
    /// What it knows and when it helps.
    pub description: String,
    /// The plugin that it is part of; none for one of the skills folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The plugin's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its file in the skills folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Words that call for it.
    pub triggers: Vec<String>,
    /// Given in every turn.
    pub always: bool,
    /// Its code decides for each message.
    pub dynamic: bool,
    /// The topics of the roles that it is for; none for every topic.
    pub topics: Vec<String>,
    /// The roles that it is for; none for every role.
    pub roles: Vec<String>,
    /// The tools that its text speaks of, for you to read. It is granted none.
    pub allowed_tools: Vec<String>,
    /// Whether your turns may be given it.
    pub enabled: bool,
    /// Your turns that were given it.
    pub uses: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<DateTime<Utc>>,
}

/// Every skill that there is, and, for administrators, what should be one and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skills {
    pub items: Vec<Skill>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<SkillProblem>,
}

/// A file of the skills folder that is no skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillProblem {
    /// Relative to the skills folder.
    pub path: String,
    /// From 1, where a line is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    pub problem: String,
}

/// A skill with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillText {
    pub skill: Skill,
    /// Markdown, as a model is shown it. One that writes for each message is asked with nothing said.
    pub text: String,
}

/// Whether your turns may be given a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchSkill {
    pub enabled: bool,
}
