//! Calls that destroy something need a second key, because the first may have been meant for something else.
//! `web/src/pages/chat/danger.ts` asks the same of browsers.

use std::sync::LazyLock;

use octi_api::v1::permissions::PermissionRequest;
use regex::{Regex, RegexSet};
use serde_json::Value;

/// Arguments inside each other that are looked at.
const DEPTH_MAX: usize = 6;

/// Words of a tool's or an operation's name: `delete_file`, `db-drop`, `volumePrune`.
const NAMES: &str = "(?i)(^|[_\\-.: ])(delete|remove|rm|rmdir|unlink|reset|destroy|drop|purge|wipe|erase|truncate|prune|uninstall|revoke|terminate|kill|shutdown|reboot|format_disk|clean|discard|overwrite|revert|rollback)($|[_\\-.: ])";
/// Arguments that make a call a destroying one, by their names. Writing over a file is everyday work: asking twice would dull.
const SWITCHES: &str = "(?i)^(force|hard|purge|prune|permanent(ly)?|delete|destroy|recursive_delete|truncate|mirror)$";
/// What is text for a person or a file, in which a command is only spoken of.
const PROSE: &str =
    "(?i)^(content|contents|text|body|message|title|description|prompt|comment|summary|old|new|old_text|new_text|note)$";
const VERBS: &str = "(?i)^(method|verb|action)$";
const COMMANDS: &[&str] = &[
    r"(?i)\b(rm|rmdir|unlink|shred|mkfs(\.\w+)?|wipefs|fdisk|parted)\s",
    r"\bsudo\b|\bdoas\b",
    r"\bdd\s[^|;]*\bof=",
    r"\b(shutdown|reboot|poweroff|halt)\b",
    r"\b(kill|pkill|killall)\s",
    r"\bfind\s.*\s-(delete|exec\s+rm)\b",
    r"\b(chmod|chown|chgrp)\s+(-\w*R|--recursive)",
    r"\btruncate\s+-",
    r"\bgit\s+(reset\s+--hard|clean\s+-\w*f|checkout\s+(--\s|\.)|restore\s|branch\s+-D|stash\s+(drop|clear)|filter-branch|reflog\s+expire)",
    r"\bgit\s+push\b(.*\s)?\s?(-f\b|--force|--delete|--mirror|\+\S)",
    r"\s--(force|hard|purge|prune|no-preserve-root)\b",
    r"\b(docker|podman)\s+(\w+\s+)?(rm|rmi|prune|kill)\b",
    r"\bkubectl\s+(delete|drain)\b|\b(terraform|tofu|pulumi)\s+destroy\b|\bhelm\s+(uninstall|delete)\b",
    r"\b(apt|apt-get|dnf|yum|pacman|brew|npm|pip|cargo)\s+(-\S+\s+)*(remove|purge|uninstall|autoremove|-R\w*|unpublish|yank)\b",
    r"(?i)\b(drop|truncate)\s+(table|database|schema|index|view|collection)\b",
    r"(?i)\bdelete\s+from\b",
    r"(^|[^>&\d])>\s*/(dev/(sd|nvme|disk)|etc/)",
];

/// The patterns. They are constants, and a test compiles each.
struct Patterns {
    names: Option<Regex>,
    switches: Option<Regex>,
    prose: Option<Regex>,
    verbs: Option<Regex>,
    camel: Option<Regex>,
    commands: Option<RegexSet>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    names: Regex::new(NAMES).ok(),
    switches: Regex::new(SWITCHES).ok(),
    prose: Regex::new(PROSE).ok(),
    verbs: Regex::new(VERBS).ok(),
    camel: Regex::new(r"([a-z\d])([A-Z])").ok(),
    commands: RegexSet::new(COMMANDS).ok(),
});

/// A pattern that cannot be compiled counts as one that matches: too often is better than once too few.
fn is(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}

/// Whether a call destroys something, by its name, its switches, or a command in it.
pub(crate) fn is_destructive(request: &PermissionRequest) -> bool {
    let named = |name: &str| is(PATTERNS.names.as_ref(), &words(name));
    if named(&request.operation) || named(&request.tool) {
        return true;
    }
    let subject = request.subject.as_deref();
    subject.is_some_and(|subject| is_command(subject) && !is_prose_of(subject, &request.arguments))
        || destroys(&request.arguments, "", 0)
}

/// `deleteFile` as `delete_File`.
fn words(name: &str) -> String {
    match &PATTERNS.camel {
        Some(camel) => camel.replace_all(name, "${1}_${2}").into_owned(),
        None => name.to_owned(),
    }
}

fn is_command(text: &str) -> bool {
    PATTERNS.commands.as_ref().is_none_or(|commands| commands.is_match(text))
}

fn is_prose(name: &str) -> bool {
    PATTERNS.prose.as_ref().is_some_and(|prose| prose.is_match(name))
}

fn destroys(value: &Value, name: &str, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    match value {
        Value::Bool(given) => *given && is(PATTERNS.switches.as_ref(), name),
        Value::String(text) => {
            !is_prose(name)
                && (is_command(text)
                    || (PATTERNS.verbs.as_ref().is_some_and(|verbs| verbs.is_match(name)) && is(PATTERNS.names.as_ref(), text)))
        }
        Value::Array(parts) => {
            // A command as a list of its words.
            let line: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            destroys(&Value::String(line.join(" ")), name, depth + 1)
                || parts.iter().any(|inner| destroys(inner, name, depth + 1))
        }
        Value::Object(fields) => fields.iter().any(|(inner, part)| destroys(part, inner, depth + 1)),
        Value::Null | Value::Number(_) => false,
    }
}

/// The subject repeats one argument; that one may be prose.
fn is_prose_of(subject: &str, arguments: &Value) -> bool {
    let Some(fields) = arguments.as_object() else { return false };
    fields.iter().any(|(name, value)| value.as_str() == Some(subject) && is_prose(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::question;

    #[test]
    fn every_pattern_compiles() {
        let patterns = &*PATTERNS;
        let single = [&patterns.names, &patterns.switches, &patterns.prose, &patterns.verbs, &patterns.camel];
        assert!(single.iter().all(|pattern| pattern.is_some()) && patterns.commands.is_some());
    }

    #[test]
    fn what_destroys_is_known_by_name_switch_and_command() {
        for (operation, arguments) in [
            ("delete_file", json!({"path": "a"})),
            ("volumePrune", json!({})),
            ("run", json!({"command": "rm -rf build"})),
            ("run", json!({"argv": ["git", "push", "--force"]})),
            ("push", json!({"force": true})),
            ("request", json!({"method": "delete"})),
            ("query", json!({"sql": "DROP TABLE users"})),
        ] {
            assert!(is_destructive(&question(operation, arguments.clone())), "{operation} {arguments}");
        }
    }

    #[test]
    fn everyday_work_is_asked_once() {
        for (operation, arguments) in [
            ("write_file", json!({"path": "a", "content": "do not run rm -rf / here"})),
            ("run", json!({"command": "git status"})),
            ("run", json!({"command": "cargo test", "force": false})),
            ("read_file", json!({"path": "format.rs"})),
        ] {
            assert!(!is_destructive(&question(operation, arguments.clone())), "{operation} {arguments}");
        }
    }
}
