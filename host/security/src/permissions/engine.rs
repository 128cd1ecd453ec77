//! The decision: may this call run, must a person be asked, or is it refused.
//!
//! Order: what is never allowed, then deny rules, then per simple command (or once, for other tools) a person's allow
//! rules, ask rules, the built-in rules, and at last the plugin's own default. A line is allowed only when every command
//! in it is; what cannot be told before it runs is asked about, and where nobody can be asked it is refused.

use octi_domain::permission::{Level, Origin, Rule};
use octi_extension::manifest::SubjectKind;
use octi_extension::tool::ToolSpec;
use serde_json::Value;

use super::command::{CommandError, Script, SimpleCommand};
use super::defaults::DEFAULT_RULES;
use super::rule::{Matcher, RulePattern};

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub spec: &'a ToolSpec,
    /// From [`subject_of`].
    pub subject: Option<&'a str>,
    /// The person's own rules: global ones and those of this session.
    pub rules: &'a [Rule],
    pub origin: Origin,
}

/// What was decided, and why in words that name the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allow {
        because: String,
    },
    Ask {
        reason: String,
        /// The rule that "session" or "always" adds: it matches this kind of call.
        suggested_rule: String,
    },
    Deny {
        reason: String,
    },
}

/// The argument that rules match on: text as it stands, anything else as JSON; none when the operation has no subject
/// or the argument is missing.
#[must_use]
pub fn subject_of(spec: &ToolSpec, arguments: &Value) -> Option<String> {
    match arguments.get(spec.subject.as_deref()?)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Decides. Pure: the same facts give the same answer.
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Decision {
    let rules = Rules::read(facts);
    let decision = match (facts.spec.subject_kind, facts.subject) {
        (SubjectKind::Command, Some(line)) => decide_line(facts, &rules, line),
        _ => decide_plain(facts, &rules),
    };
    match (decision, facts.origin) {
        (Decision::Ask { reason, suggested_rule }, Origin::Unattended) => {
            Decision::Deny { reason: unattended(&facts.spec.name, &reason, &suggested_rule) }
        }
        (decision, _) => decision,
    }
}

fn unattended(name: &str, reason: &str, rule: &str) -> String {
    format!(
        "`{name}` needs a person's yes, and nobody is there to ask: {reason}. To let it run unattended, add the allow rule `{rule}`"
    )
}

/// The rules that speak of this operation, by level.
struct Rules<'a> {
    deny: Vec<(&'a str, RulePattern)>,
    allow: Vec<(&'a str, RulePattern)>,
    ask: Vec<(&'a str, RulePattern)>,
    /// A deny rule nobody can read: better no call than a call that was meant to be refused.
    broken_deny: Option<String>,
}

impl<'a> Rules<'a> {
    fn read(facts: &Facts<'a>) -> Self {
        let mut rules = Self { deny: Vec::new(), allow: Vec::new(), ask: Vec::new(), broken_deny: None };
        for rule in facts.rules {
            match rule.text.parse::<RulePattern>() {
                Ok(pattern) if pattern.names(&facts.spec.tool, &facts.spec.operation) => match rule.level {
                    Level::Deny => rules.deny.push((&rule.text, pattern)),
                    Level::Allow => rules.allow.push((&rule.text, pattern)),
                    Level::Ask => rules.ask.push((&rule.text, pattern)),
                },
                Ok(_) => {}
                Err(error) if rule.level == Level::Deny && rule.text.trim_start().starts_with(&facts.spec.tool) => {
                    rules.broken_deny =
                        Some(format!("the deny rule `{}` cannot be read ({error}); correct or delete it", rule.text));
                }
                Err(_) => {}
            }
        }
        rules
    }
}

/// Tools whose subject is plain text, or that have none.
fn decide_plain(facts: &Facts<'_>, rules: &Rules<'_>) -> Decision {
    let (spec, subject) = (facts.spec, facts.subject);
    if let Some(reason) = &rules.broken_deny {
        return Decision::Deny { reason: reason.clone() };
    }
    if let Some((text, _)) = rules.deny.iter().find(|(_, pattern)| text_matches(pattern, subject, true)) {
        return Decision::Deny { reason: denied(text) };
    }
    if let Some((text, _)) = rules.allow.iter().find(|(_, pattern)| text_matches(pattern, subject, false)) {
        return Decision::Allow { because: format!("your rule `{text}` allows it") };
    }
    let suggested_rule = suggest_plain(spec, subject);
    if let Some((text, _)) = rules.ask.iter().find(|(_, pattern)| text_matches(pattern, subject, true)) {
        return Decision::Ask { reason: format!("your rule `{text}` asks first"), suggested_rule };
    }
    by_default(spec, suggested_rule)
}

/// Shell lines: every simple command on its own.
fn decide_line(facts: &Facts<'_>, rules: &Rules<'_>, line: &str) -> Decision {
    let script = Script::read(line);
    let refusal = match &script {
        Ok(script) => script.refusal.clone(),
        Err(_) => super::command::refusal(line),
    };
    if let Some(refusal) = refusal {
        return Decision::Deny { reason: refusal.to_string() };
    }
    if let Some(reason) = &rules.broken_deny {
        return Decision::Deny { reason: reason.clone() };
    }
    let commands = script.as_ref().map_or(&[][..], |script| script.commands.as_slice());
    if let Some((text, _)) = rules.deny.iter().find(|(_, pattern)| line_matches(pattern, line, commands)) {
        return Decision::Deny { reason: denied(text) };
    }
    // The whole line as it stands was seen and allowed by a person, opaque or not.
    if let Some((text, _)) = rules.allow.iter().find(|(_, pattern)| is_whole_line(pattern, line)) {
        return Decision::Allow { because: format!("your rule `{text}` allows it") };
    }
    let whole = RulePattern::exact(&facts.spec.tool, None, line.trim()).to_string();
    match script {
        Err(error @ CommandError::TooLong { .. }) => Decision::Deny { reason: error.to_string() },
        Err(error) => Decision::Ask { reason: error.to_string(), suggested_rule: whole },
        Ok(script) => decide_commands(facts.spec, rules, &script.commands, whole),
    }
}

/// What is decided of one simple command.
enum Verdict {
    Allow(String),
    Ask(String),
    Default,
}

fn decide_commands(spec: &ToolSpec, rules: &Rules<'_>, commands: &[SimpleCommand], whole: String) -> Decision {
    let verdicts: Vec<(&SimpleCommand, Verdict)> =
        commands.iter().map(|command| (command, decide_command(spec, rules, command))).collect();
    let open: Vec<&(&SimpleCommand, Verdict)> =
        verdicts.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::Allow(_))).collect();
    let suggested_rule = match open.as_slice() {
        [(command, _)] if command.opaque.is_none() => suggest_command(spec, command),
        _ => whole,
    };
    if let Some(reason) = open.iter().find_map(|(_, verdict)| match verdict {
        Verdict::Ask(reason) => Some(reason.clone()),
        _ => None,
    }) {
        return Decision::Ask { reason, suggested_rule };
    }
    if let Some((command, _)) = open.first() {
        return match by_default(spec, suggested_rule) {
            Decision::Ask { suggested_rule, .. } => Decision::Ask {
                reason: format!("no rule covers `{}`, and `{}` asks unless a rule allows", shortened(&command.text), spec.name),
                suggested_rule,
            },
            other => other,
        };
    }
    match verdicts.as_slice() {
        [] => by_default(spec, suggested_rule),
        all => {
            let mut reasons: Vec<&str> = Vec::new();
            for (_, verdict) in all {
                if let Verdict::Allow(text) = verdict
                    && !reasons.contains(&text.as_str())
                {
                    reasons.push(text);
                }
            }
            Decision::Allow { because: format!("{} allows it", reasons.join(" and ")) }
        }
    }
}

fn decide_command(spec: &ToolSpec, rules: &Rules<'_>, command: &SimpleCommand) -> Verdict {
    if let Some(why) = command.opaque {
        return Verdict::Ask(format!("`{}` cannot be checked: {why}", shortened(&command.text)));
    }
    if let Some((text, _)) = rules.allow.iter().find(|(_, pattern)| command_matches(pattern, &command.text)) {
        return Verdict::Allow(format!("your rule `{text}`"));
    }
    if let Some((text, _)) = rules.ask.iter().find(|(_, pattern)| any_form_matches(pattern, command)) {
        return Verdict::Ask(format!("your rule `{text}` asks before `{}`", shortened(&command.text)));
    }
    for rule in DEFAULT_RULES {
        let Ok(pattern) = rule.text.parse::<RulePattern>() else { continue };
        if !pattern.names(&spec.tool, &spec.operation) {
            continue;
        }
        let is_excepted = !rule.unless.is_empty() && command.words.iter().any(|word| may_begin(word, rule.unless));
        match rule.level {
            Level::Allow if !is_excepted && command_matches(&pattern, &command.text) => {
                return Verdict::Allow(format!("the built-in rule `{}`", rule.text));
            }
            Level::Ask | Level::Deny if any_form_matches(&pattern, command) => {
                return Verdict::Ask(format!("the built-in rule `{}` asks before `{}`", rule.text, shortened(&command.text)));
            }
            _ => {}
        }
    }
    Verdict::Default
}

/// Whether a word begins with one of the texts, or could once a shell has expanded it.
fn may_begin(word: &str, starts: &[&str]) -> bool {
    let bare = word.trim_start_matches(['\'', '"', '\\']);
    let is_literal = word.starts_with('\'') || !word.contains(['$', '`', '*', '?', '[', '{']);
    !is_literal || starts.iter().any(|start| bare.starts_with(start))
}

fn by_default(spec: &ToolSpec, suggested_rule: String) -> Decision {
    match spec.permission {
        Level::Allow => Decision::Allow { because: format!("`{}` is allowed unless a rule says otherwise", spec.name) },
        Level::Ask => Decision::Ask { reason: format!("`{}` asks unless a rule allows it", spec.name), suggested_rule },
        Level::Deny => {
            Decision::Deny { reason: format!("`{}` is refused unless a rule such as `{suggested_rule}` allows it", spec.name) }
        }
    }
}

fn denied(text: &str) -> String {
    format!("the deny rule `{text}` forbids it")
}

/// Plain subjects. A wide match is for refusing and asking: it also sees through `./` and doubled slashes; a match that
/// allows stays away from `..`, which could lead out of the prefix.
fn text_matches(pattern: &RulePattern, subject: Option<&str>, wide: bool) -> bool {
    let forms = |subject: &str| -> Vec<String> {
        let mut forms = vec![subject.to_owned()];
        if wide {
            forms.push(tidy_path(subject));
        }
        forms
    };
    match (&pattern.matcher, subject) {
        (Matcher::Any, _) => true,
        (_, None) => false,
        (Matcher::Exact(text), Some(subject)) => forms(subject).contains(text),
        (Matcher::Prefix(prefix), Some(subject)) => {
            forms(subject).iter().any(|form| form.starts_with(prefix.as_str()))
                && (wide || !subject.split(['/', '\\']).any(|part| part == ".."))
        }
    }
}

fn tidy_path(subject: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (at, part) in subject.split('/').enumerate() {
        match part {
            "." => {}
            "" if at > 0 => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a rule speaks of a command written so. A prefix ends at the end of a word.
fn command_matches(pattern: &RulePattern, text: &str) -> bool {
    match &pattern.matcher {
        Matcher::Any => true,
        Matcher::Exact(exact) => text == exact,
        Matcher::Prefix(prefix) => {
            text.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        }
    }
}

fn any_form_matches(pattern: &RulePattern, command: &SimpleCommand) -> bool {
    command_matches(pattern, &command.text) || command.aliases.iter().any(|alias| command_matches(pattern, alias))
}

fn line_matches(pattern: &RulePattern, line: &str, commands: &[SimpleCommand]) -> bool {
    command_matches(pattern, line.trim()) || commands.iter().any(|command| any_form_matches(pattern, command))
}

fn is_whole_line(pattern: &RulePattern, line: &str) -> bool {
    matches!(&pattern.matcher, Matcher::Exact(text) if text == line.trim())
}

fn suggest_plain(spec: &ToolSpec, subject: Option<&str>) -> String {
    let operation = Some(spec.operation.as_str());
    match subject.map(str::trim).filter(|subject| !subject.is_empty() && subject.len() <= 1024) {
        Some(subject) => RulePattern::exact(&spec.tool, operation, subject).to_string(),
        None => RulePattern::any(&spec.tool, operation).to_string(),
    }
}

/// Programs whose second word is code: a prefix of it would allow any code.
const INTERPRETERS: [&str; 12] = ["python", "python3", "perl", "ruby", "node", "php", "awk", "gawk", "sed", "lua", "deno", "bun"];

fn suggest_command(spec: &ToolSpec, command: &SimpleCommand) -> String {
    let [first, rest @ ..] = command.words.as_slice() else {
        return RulePattern::exact(&spec.tool, None, &command.text).to_string();
    };
    let name = first.rsplit('/').next().unwrap_or(first);
    let is_code = INTERPRETERS.contains(&name) && rest.first().is_some_and(|word| word.starts_with(['-', '\'']));
    let is_known = rest.first().is_none_or(|word| !word.contains(['$', '`', '*', '?', '[', '{']));
    let prefix: Vec<&str> = command.words.iter().take(2).map(String::as_str).collect();
    let prefix = prefix.join(" ");
    if is_code || !is_known || first == ">" || !command.text.starts_with(&prefix) {
        return RulePattern::exact(&spec.tool, None, &command.text).to_string();
    }
    RulePattern::prefix(&spec.tool, None, &prefix).to_string()
}

fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 80;
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_MAX).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests;
