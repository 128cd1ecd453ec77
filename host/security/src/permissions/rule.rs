//! The text of one rule: `tool`, `tool.operation`, each optionally with `(exact)`, `(prefix:*)` or `(*)`.

use std::fmt;
use std::str::FromStr;

use octi_domain::limits::{MCP_TOOL_NAME_BYTES_MAX, RULE_BYTES_MAX};

/// What a rule matches on, besides the tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Matcher {
    /// `tool` or `tool(*)`: every call.
    Any,
    /// `tool(text)`: this subject only.
    Exact(String),
    /// `tool(text:*)`: subjects that begin so.
    Prefix(String),
}

/// A rule that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RulePattern {
    /// The plugin's alias, such as `shell`.
    pub tool: String,
    /// Such as `write_file`; none for every operation of the tool. Operations in groups have the group before a dot, as
    /// `files.read` of the tool `mcp` has its server, and the name of a group alone is every operation in it.
    pub operation: Option<String>,
    pub matcher: Matcher,
}

/// Why a rule is refused, with what is valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a rule is empty; write one such as `shell(git status:*)`, `filesystem.read_file` or `tasks(*)`")]
    Empty,
    #[error("a rule of {bytes} bytes is longer than the {max} allowed; use a prefix such as `shell(git status:*)`")]
    TooLong { bytes: usize, max: usize },
    #[error("`{0}` is not a tool's name: expected lower case letters, digits, `-` and `_`, as in `shell(git status:*)`")]
    Tool(String),
    #[error(
        "`{0}` is not an operation's name: expected lower case letters, digits, `-` and `_`, as in `filesystem.read_file(notes/:*)`, or those after a server's name and a dot, as in `mcp.github.get_issue`"
    )]
    Operation(String),
    #[error("rule `{0}` has `(` without the closing `)` at its end; write it as `shell(git status:*)`")]
    Unclosed(String),
    #[error(
        "rule `{0}` has nothing to match on; write `{1}(*)` for every call, or `{1}(text:*)` for those that begin with a text"
    )]
    Blank(String, String),
    #[error("a rule may not hold the control character {0:?}; write the rule in plain text")]
    Control(char),
}

impl RulePattern {
    /// A rule for every call of one operation.
    #[must_use]
    pub fn any(tool: &str, operation: Option<&str>) -> Self {
        Self { tool: tool.to_owned(), operation: operation.map(str::to_owned), matcher: Matcher::Any }
    }

    /// A rule for one subject only.
    #[must_use]
    pub fn exact(tool: &str, operation: Option<&str>, subject: &str) -> Self {
        Self { tool: tool.to_owned(), operation: operation.map(str::to_owned), matcher: Matcher::Exact(subject.to_owned()) }
    }

    /// A rule for the subjects that begin with a text.
    #[must_use]
    pub fn prefix(tool: &str, operation: Option<&str>, prefix: &str) -> Self {
        Self { tool: tool.to_owned(), operation: operation.map(str::to_owned), matcher: Matcher::Prefix(prefix.to_owned()) }
    }

    /// Whether the rule speaks of this operation of this tool.
    #[must_use]
    pub fn names(&self, tool: &str, operation: &str) -> bool {
        let group = operation.split_once('.').map(|(group, _)| group);
        self.tool == tool && self.operation.as_deref().is_none_or(|own| own == operation || Some(own) == group)
    }
}

impl FromStr for RulePattern {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RuleError::Empty);
        }
        if text.len() > RULE_BYTES_MAX {
            return Err(RuleError::TooLong { bytes: text.len(), max: RULE_BYTES_MAX });
        }
        if let Some(control) = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t') {
            return Err(RuleError::Control(control));
        }
        let (head, matcher) = match text.split_once('(') {
            None => (text, Matcher::Any),
            Some((head, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(|| RuleError::Unclosed(text.to_owned()))?;
                (head, read_matcher(inner).ok_or_else(|| RuleError::Blank(text.to_owned(), head.to_owned()))?)
            }
        };
        let (tool, operation) = match head.split_once('.') {
            None => (head, None),
            Some((tool, operation)) => (tool, Some(operation)),
        };
        if !is_name(tool) {
            return Err(RuleError::Tool(tool.to_owned()));
        }
        if let Some(operation) = operation
            && !is_operation(operation)
        {
            return Err(RuleError::Operation(operation.to_owned()));
        }
        Ok(Self { tool: tool.to_owned(), operation: operation.map(str::to_owned), matcher })
    }
}

/// What stands between the brackets. A final `\*` is a plain star, so that every exact subject can be written.
fn read_matcher(inner: &str) -> Option<Matcher> {
    let inner = inner.trim();
    if inner == "*" {
        return Some(Matcher::Any);
    }
    if let Some(prefix) = inner.strip_suffix(":*") {
        let prefix = prefix.trim();
        return (!prefix.is_empty()).then(|| Matcher::Prefix(prefix.to_owned()));
    }
    if let Some(before) = inner.strip_suffix("\\*") {
        return Some(Matcher::Exact(format!("{before}*")));
    }
    (!inner.is_empty()).then(|| Matcher::Exact(inner.to_owned()))
}

/// Within a group, the name is whatever its server calls it.
fn is_operation(text: &str) -> bool {
    let Some((group, own)) = text.split_once('.') else { return is_name(text) };
    let is_own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    is_name(group) && (1..=MCP_TOOL_NAME_BYTES_MAX).contains(&own.len()) && own.chars().all(is_own)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

impl fmt::Display for RulePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tool)?;
        if let Some(operation) = &self.operation {
            write!(f, ".{operation}")?;
        }
        match &self.matcher {
            Matcher::Any => Ok(()),
            Matcher::Prefix(prefix) => write!(f, "({prefix}:*)"),
            Matcher::Exact(text) => match text.strip_suffix('*') {
                Some(before) if before.is_empty() || before.ends_with([':', '\\']) => write!(f, "({before}\\*)"),
                _ => write!(f, "({text})"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<RulePattern>().map_or_else(|error| error.to_string(), |rule| format!("accepted as {rule:?}"))
    }

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("shell", RulePattern::any("shell", None)),
            (" shell(*) ", RulePattern::any("shell", None)),
            ("shell(git status:*)", RulePattern::prefix("shell", None, "git status")),
            ("shell(npm test)", RulePattern::exact("shell", None, "npm test")),
            ("filesystem.read_file", RulePattern::any("filesystem", Some("read_file"))),
            ("filesystem.write_file(notes/:*)", RulePattern::prefix("filesystem", Some("write_file"), "notes/")),
            ("mcp.github", RulePattern::any("mcp", Some("github"))),
            ("mcp.github.get_Issue.v2", RulePattern::any("mcp", Some("github.get_Issue.v2"))),
            ("shell(echo $(date))", RulePattern::exact("shell", None, "echo $(date)")),
            ("shell(ls :\\*)", RulePattern::exact("shell", None, "ls :*")),
            ("web(https://example.org/:*)", RulePattern::prefix("web", None, "https://example.org/")),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_rule_says_what_is_valid() {
        for (text, part) in [
            ("", "write one such as `shell(git status:*)`"),
            ("Shell(ls)", "`Shell` is not a tool's name"),
            ("shell(git status:*", "without the closing `)`"),
            ("shell()", "write `shell(*)` for every call"),
            ("shell(:*)", "write `shell(*)` for every call"),
            ("shell.(x)", "`` is not an operation's name"),
            ("mcp.Github.get", "`Github.get` is not an operation's name"),
            ("mcp.github.", "`github.` is not an operation's name"),
            ("shell(a\u{1b}[2J)", "control character '\\u{1b}'"),
            ("(ls)", "`` is not a tool's name"),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
        }
    }

    #[test]
    fn the_name_of_a_group_is_every_operation_in_it_and_nothing_else_is() {
        let names = |rule: &str, operation| rule.parse::<RulePattern>().unwrap().names("mcp", operation);
        assert!(names("mcp", "files.read") && names("mcp.files", "files.read") && names("mcp.files.read", "files.read"));
        assert!(
            !names("mcp.files", "other.files")
                && !names("mcp.files", "files2.read")
                && !names("mcp.files.read", "files.read.all")
        );
    }

    #[test]
    fn a_rule_over_the_limit_is_refused() {
        let text = format!("shell({})", "x".repeat(RULE_BYTES_MAX));
        assert!(error(&text).contains("longer than the 4096 allowed"), "{}", error(&text));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            if let Ok(rule) = text.parse::<RulePattern>() {
                prop_assert_eq!(rule.to_string().parse::<RulePattern>(), Ok(rule));
            }
        }

        #[test]
        fn an_exact_rule_survives_its_text(subject in "[ -~]{0,20}[:*\\\\)(a-z]{1,6}") {
            let subject = subject.trim();
            prop_assume!(!subject.is_empty());
            let rule = RulePattern::exact("shell", None, subject);
            prop_assert_eq!(rule.to_string().parse::<RulePattern>(), Ok(rule));
        }
    }
}
