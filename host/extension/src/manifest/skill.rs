//! The `[skill]` table: what a skill says of itself.

use octi_domain::limits;
use serde::{Deserialize, Serialize};

use super::one_line;

/// What a skill says of itself. `octi plugin build` writes it from the front matter of a `SKILL.md`; a skill with code has it in
/// its `plugin.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillEntry {
    /// Lower case letters, digits and `-`.
    pub name: String,
    /// What it knows and when it helps.
    pub description: String,
    /// Words that call for it wherever a person says them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<String>,
    /// Given in every turn.
    #[serde(default)]
    pub always: bool,
    /// Topics of the roles that it is for; none for every topic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// The roles that it is for; none for every role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Its code decides and writes for each message.
    #[serde(default)]
    pub dynamic: bool,
    /// The tools that its text speaks of, for people to read. It grants none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_tools: Vec<String>,
}

impl SkillEntry {
    /// Whether an agent of that role may be given it.
    #[must_use]
    pub fn is_for(&self, role: &str, topic: &str) -> bool {
        let fits = |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|one| one == is);
        fits(&self.roles, role) && fits(&self.topics, topic)
    }

    /// Checks the names, sizes and counts.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !is_skill_name(&self.name) {
            return Err((
                "name",
                format!(
                    "`{}` is not 1 to {} lower case letters, digits and single `-` between them",
                    self.name,
                    limits::SKILL_NAME_CHARS_MAX
                ),
            ));
        }
        let chars = self.description.chars().count();
        if self.description.trim().is_empty() || chars > limits::SKILL_DESCRIPTION_CHARS_MAX {
            let max = limits::SKILL_DESCRIPTION_CHARS_MAX;
            return Err((
                "description",
                format!("it has {chars} characters; write 1 to {max} that say what it knows and when it helps"),
            ));
        }
        one_line(&self.description).map_err(|problem| ("description", problem))?;
        let lists = [
            ("triggers", &self.triggers),
            ("topics", &self.topics),
            ("roles", &self.roles),
            ("allowed_tools", &self.allowed_tools),
        ];
        lists.into_iter().try_for_each(|(field, list)| check_list(list).map_err(|problem| (field, problem)))
    }
}

fn check_list(list: &[String]) -> Result<(), String> {
    if list.len() > limits::SKILL_LIST_MAX {
        return Err(format!("{} entries are more than the {} allowed", list.len(), limits::SKILL_LIST_MAX));
    }
    for entry in list {
        let chars = entry.chars().count();
        if entry.trim().is_empty() || chars > limits::SKILL_ENTRY_CHARS_MAX {
            return Err(format!("an entry has {chars} characters; write 1 to {}", limits::SKILL_ENTRY_CHARS_MAX));
        }
        one_line(entry)?;
    }
    Ok(())
}

/// Whether the text can be the name of a skill, as agentskills.io has it.
#[must_use]
pub fn is_skill_name(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= limits::SKILL_NAME_CHARS_MAX && text.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> SkillEntry {
        SkillEntry { name: "code-review".into(), description: "How to review code".into(), ..SkillEntry::default() }
    }

    fn refused(change: impl FnOnce(&mut SkillEntry)) -> String {
        let mut entry = entry();
        change(&mut entry);
        entry.check().map_or_else(|(field, problem)| format!("{field}: {problem}"), |()| "accepted".to_owned())
    }

    #[test]
    fn names_are_those_of_agentskills() {
        for good in ["pdf", "code-review", "a1", "2026-plan"] {
            assert_eq!(refused(|entry| entry.name = good.into()), "accepted", "{good}");
        }
        let long = "x".repeat(limits::SKILL_NAME_CHARS_MAX + 1);
        for bad in ["", "-pdf", "pdf-", "a--b", "Code", "a b", "a_b", "ä", "../x", &long] {
            assert!(refused(|entry| entry.name = bad.into()).starts_with("name: "), "{bad}");
        }
    }

    #[test]
    fn what_is_too_long_too_many_or_not_one_line_is_named() {
        let long = "x".repeat(limits::SKILL_DESCRIPTION_CHARS_MAX + 1);
        assert!(refused(|entry| entry.description = long).contains("description: it has 1025 characters"));
        assert!(refused(|entry| entry.description = " ".into()).starts_with("description: "));
        assert!(refused(|entry| entry.description = "a\u{1b}[2J".into()).contains("control character"));
        let many = vec!["a".to_owned(); limits::SKILL_LIST_MAX + 1];
        assert!(refused(|entry| entry.triggers = many).contains("triggers: 33 entries"));
        let wide = vec!["a".repeat(limits::SKILL_ENTRY_CHARS_MAX + 1)];
        assert!(refused(|entry| entry.roles = wide).contains("roles: an entry has 101 characters"));
        assert!(refused(|entry| entry.allowed_tools = vec!["a\nb".into()]).contains("allowed_tools: it holds the control"));
    }

    #[test]
    fn a_skill_is_for_the_roles_and_topics_it_names() {
        let anybody = entry();
        assert!(anybody.is_for("general", "chat"));
        let bound = SkillEntry { roles: vec!["reviewer".into()], topics: vec!["code".into()], ..entry() };
        assert!(bound.is_for("reviewer", "code"));
        assert!(!bound.is_for("reviewer", "chat") && !bound.is_for("general", "code"));
    }
}
