//! Permission rules, and what they decide.

use chrono::DateTime;
use octi_domain::limits::RULE_BYTES_MAX;
use octi_domain::permission::{Level, Origin, Rule};
use octi_extension::manifest::SubjectKind;
use octi_extension::tool::ToolSpec;
use serde_json::json;
use uuid::Uuid;

use crate::security::permissions::{Decision, Facts, RulePattern, decide};

/// Longer subjects have no rule of their own.
const SUBJECT_BYTES_MAX: usize = 1_024;

/// The first line is a rule, the rest what a call is about: a path, and then a shell line. Rules read back as they are shown, and do
/// what they say.
pub fn run(data: &[u8]) {
    let Some((text, subject)) = crate::two_texts(data) else { return };
    let Ok(pattern) = text.parse::<RulePattern>() else { return };
    let shown = pattern.to_string();
    assert_eq!(shown.parse(), Ok(pattern.clone()), "`{text}` is shown as `{shown}`");
    if subject.len() > SUBJECT_BYTES_MAX || subject.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return;
    }
    for kind in [SubjectKind::Text, SubjectKind::Command] {
        let spec = spec(&pattern.tool, kind);
        obey(&spec, &shown, subject);
        is_enough(&spec, subject);
    }
}

/// A deny rule always wins over the same rule as an allow rule; who can be asked makes no call run.
fn obey(spec: &ToolSpec, rule: &str, subject: &str) {
    let decision = |rules: &[Rule], origin| decide(&Facts { spec, subject: Some(subject), rules, origin });
    let (allow, deny) = (self::rule(rule, Level::Allow), self::rule(rule, Level::Deny));
    let denied = decision(std::slice::from_ref(&deny), Origin::Chat);
    let both = decision(&[allow.clone(), deny], Origin::Chat);
    assert_eq!(matches!(denied, Decision::Deny { .. }), matches!(both, Decision::Deny { .. }), "`{rule}` on {subject:?}");
    let allowed = decision(std::slice::from_ref(&allow), Origin::Chat);
    let is_allowed = |decision: &Decision| matches!(decision, Decision::Allow { .. });
    if is_allowed(&allowed) && !is_allowed(&decision(&[], Origin::Chat)) {
        assert!(matches!(denied, Decision::Deny { .. }), "`{rule}` allows {subject:?}, and as a deny rule does not forbid it");
    }
    let alone = decision(&[allow], Origin::Unattended);
    assert_eq!(is_allowed(&alone), is_allowed(&allowed), "`{rule}` on {subject:?}");
}

/// The rule that a person is offered makes the call run that they were asked about.
fn is_enough(spec: &ToolSpec, subject: &str) {
    // A rule cannot be written for nothing, nor for spaces at an end.
    if subject.is_empty() || subject.trim() != subject {
        return;
    }
    let facts = |rules| Facts { spec, subject: Some(subject), rules, origin: Origin::Chat };
    let Decision::Ask { suggested_rule, .. } = decide(&facts(&[])) else { return };
    if suggested_rule.len() > RULE_BYTES_MAX {
        return;
    }
    let rules = [rule(&suggested_rule, Level::Allow)];
    let then = decide(&facts(&rules));
    assert!(matches!(then, Decision::Allow { .. }), "`{suggested_rule}` was offered for {subject:?}, then: {then:?}");
}

fn rule(text: &str, level: Level) -> Rule {
    let at = DateTime::UNIX_EPOCH;
    let (id, user_id) = (Uuid::nil().into(), Uuid::nil().into());
    Rule { id, user_id, text: text.to_owned(), level, session_id: None, created_at: at }
}

fn spec(tool: &str, subject_kind: SubjectKind) -> ToolSpec {
    ToolSpec {
        name: format!("{tool}__run"),
        tool: tool.to_owned(),
        operation: "run".to_owned(),
        plugin: "acme/run".to_owned(),
        plugin_version: "1.0.0".to_owned(),
        digest: String::new(),
        description: String::new(),
        input_schema: json!({ "type": "object" }),
        output_schema: None,
        permission: Level::Ask,
        effects: Vec::new(),
        subject: Some("subject".to_owned()),
        subject_kind,
    }
}
