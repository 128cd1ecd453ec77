//! Decisions as tables, and what must hold for every rule and line.

use chrono::DateTime;
use octi_domain::ids::{RuleId, UserId};
use octi_domain::limits::SHELL_LINE_BYTES_MAX;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn spec(tool: &str, operation: &str, permission: Level, kind: SubjectKind) -> ToolSpec {
    ToolSpec {
        name: format!("{tool}__{operation}"),
        tool: tool.to_owned(),
        operation: operation.to_owned(),
        plugin: format!("octi/{tool}"),
        plugin_version: "1.0.0".to_owned(),
        digest: "00".repeat(32),
        description: String::new(),
        input_schema: json!({}),
        output_schema: None,
        permission,
        effects: Vec::new(),
        subject: Some(if kind == SubjectKind::Command { "command" } else { "path" }.to_owned()),
        subject_kind: kind,
    }
}

fn shell() -> ToolSpec {
    spec("shell", "run", Level::Ask, SubjectKind::Command)
}

fn rule(level: Level, text: &str) -> Rule {
    Rule {
        id: RuleId::from(Uuid::from_u128(1)),
        user_id: UserId::from(Uuid::from_u128(2)),
        text: text.to_owned(),
        level,
        session_id: None,
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn run(spec: &ToolSpec, subject: &str, rules: &[(Level, &str)]) -> Decision {
    let rules: Vec<Rule> = rules.iter().map(|(level, text)| rule(*level, text)).collect();
    decide(&Facts { spec, subject: Some(subject), rules: &rules, origin: Origin::Chat })
}

fn short(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allow",
        Decision::Ask { .. } => "ask",
        Decision::Deny { .. } => "deny",
    }
}

#[test]
fn shell_lines_are_decided_command_by_command() {
    use Level::{Allow, Ask, Deny};
    let git = &[(Allow, "shell(git status:*)")][..];
    for (line, rules, expected) in [
        ("git status", git, "allow"),
        ("git status --short", git, "allow"),
        ("git statusx", git, "ask"),
        ("git status; touch x", git, "ask"),
        ("git status; rm -rf /", git, "deny"),
        ("git status && git log", git, "allow"),
        ("git status | head", git, "ask"),
        ("git status $(touch x)", git, "ask"),
        ("git status > out.txt", git, "ask"),
        ("git status > /dev/null 2>&1", git, "allow"),
        ("PATH=/tmp git status", git, "ask"),
        ("PATH=/tmp; git status", git, "ask"),
        ("'git status' x", git, "ask"),
        ("/tmp/git status", git, "ask"),
        ("nohup git status", git, "allow"),
        ("/tmp/nohup git status", git, "ask"),
        ("env GIT_PAGER=x git status", git, "ask"),
        ("sh -c 'git status'", git, "allow"),
        ("sudo git status", git, "ask"),
        ("$X status", &[(Allow, "shell(*)")][..], "ask"),
        ("npm test", &[(Allow, "shell")][..], "allow"),
        ("npm test", &[(Allow, "shell.run")][..], "allow"),
        ("npm test", &[(Allow, "shell.spawn")][..], "ask"),
        ("npm test", &[(Allow, "shell"), (Deny, "shell(npm:*)")][..], "deny"),
        ("cd a && sudo npm test", &[(Allow, "shell"), (Deny, "shell(npm:*)")][..], "deny"),
        ("/usr/bin/npm test", &[(Allow, "shell"), (Deny, "shell(npm:*)")][..], "deny"),
        ("X=1 npm test", &[(Allow, "shell"), (Deny, "shell(npm:*)")][..], "deny"),
        ("n=npm; $n test", &[(Allow, "shell"), (Deny, "shell(npm:*)")][..], "deny"),
        ("ls", &[(Ask, "shell(ls:*)")][..], "ask"),
        ("ls", &[(Deny, "shell(oops")][..], "deny"),
        ("ls -la && cat a.txt && pwd && echo done", &[][..], "allow"),
        ("git diff --stat", &[][..], "allow"),
        ("git diff --output=x", &[][..], "ask"),
        ("git log --outp x", &[][..], "ask"),
        ("git diff '--output=a b'", &[][..], "ask"),
        ("git diff $X", &[][..], "ask"),
        ("git diff {--output=x,y}", &[][..], "ask"),
        ("git diff -- 'a b'", &[][..], "allow"),
        ("echo hi > notes.md", &[][..], "ask"),
        ("echo hi > notes.md", &[(Allow, "shell(> notes.md)")][..], "allow"),
        ("echo $(date)", &[(Allow, "shell(date)")][..], "allow"),
        ("rm -rf ./build", &[][..], "ask"),
        ("rm -rf ./build", &[(Allow, "shell(rm:*)")][..], "allow"),
        ("rm -rf /", &[(Allow, "shell(*)"), (Allow, "shell(rm -rf /)")][..], "deny"),
        ("x=1", &[][..], "ask"),
        ("", &[][..], "ask"),
        ("echo 'unclosed", &[(Allow, "shell(*)")][..], "ask"),
        ("$X status", &[(Allow, "shell($X status)")][..], "allow"),
    ] {
        let decision = run(&shell(), line, rules);
        assert_eq!(short(&decision), expected, "{line}: {decision:?}");
    }
}

#[test]
fn the_plugins_default_counts_last() {
    let free = spec("shell", "run", Level::Allow, SubjectKind::Command);
    for (line, expected) in [("make", "allow"), ("make; sudo make install", "ask"), ("$X", "ask"), ("docker ps", "ask")] {
        assert_eq!(short(&run(&free, line, &[])), expected, "{line}");
    }
    let closed = spec("shell", "run", Level::Deny, SubjectKind::Command);
    assert_eq!(short(&run(&closed, "make", &[])), "deny");
    assert_eq!(short(&run(&closed, "make", &[(Level::Allow, "shell(make)")])), "allow");
}

#[test]
fn paths_are_matched_as_text() {
    use Level::{Allow, Deny};
    let write = spec("filesystem", "write_file", Level::Ask, SubjectKind::Text);
    for (path, rules, expected) in [
        ("notes/a.md", &[(Allow, "filesystem(notes/:*)")][..], "allow"),
        ("notes/../secret", &[(Allow, "filesystem(notes/:*)")][..], "ask"),
        ("other/a.md", &[(Allow, "filesystem(notes/:*)")][..], "ask"),
        ("notes/a.md", &[(Allow, "filesystem.read_file")][..], "ask"),
        ("a.md", &[(Allow, "filesystem.write_file(a.md)")][..], "allow"),
        ("secret/x", &[(Allow, "filesystem"), (Deny, "filesystem(secret/:*)")][..], "deny"),
        ("./secret//x", &[(Allow, "filesystem"), (Deny, "filesystem(secret/:*)")][..], "deny"),
        ("a/../secret/x", &[(Allow, "filesystem"), (Deny, "filesystem(secret/:*)")][..], "deny"),
    ] {
        let decision = run(&write, path, rules);
        assert_eq!(short(&decision), expected, "{path}: {decision:?}");
    }
}

#[test]
fn the_reason_names_what_decided() {
    let allow = |text| [(Level::Allow, text)];
    for (decision, part) in [
        (run(&shell(), "npm test", &allow("shell(npm test:*)")), "your rule `shell(npm test:*)` allows it"),
        (run(&shell(), "ls", &[]), "the built-in rule `shell(ls:*)` allows it"),
        (run(&shell(), "npm test", &[]), "no rule covers `npm test`, and `shell__run` asks unless a rule allows"),
        (run(&shell(), "npm x", &[(Level::Deny, "shell(npm:*)")]), "the deny rule `shell(npm:*)` forbids it"),
        (run(&shell(), "npm x", &[(Level::Ask, "shell(npm:*)")]), "your rule `shell(npm:*)` asks before `npm x`"),
        (run(&shell(), "rm -rf /", &[]), "`rm -rf /` is never allowed: it deletes everything"),
        (run(&shell(), "$(date)", &[]), "cannot be checked: which program it runs is known only when it runs"),
    ] {
        assert!(format!("{decision:?}").contains(part), "{decision:?}");
    }
}

#[test]
fn a_suggested_rule_allows_the_same_call_again() {
    for (line, expected) in [
        ("npm test", "shell(npm test:*)"),
        ("npm", "shell(npm:*)"),
        ("npm run build --silent", "shell(npm run:*)"),
        ("ls && npm install left-pad", "shell(npm install:*)"),
        ("X=1 npm test", "shell(X=1 npm test)"),
        ("make && npm test", "shell(make && npm test)"),
        ("$(echo make) all", "shell($(echo make) all)"),
        ("python3 -c 'print(1)'", "shell(python3 -c 'print(1)')"),
        ("echo hi > notes.md", "shell(> notes.md)"),
        ("touch a :*", "shell(touch a:*)"),
        ("make *", "shell(make *)"),
    ] {
        let Decision::Ask { suggested_rule, .. } = run(&shell(), line, &[]) else { panic!("{line} was not asked about") };
        assert_eq!(suggested_rule, expected, "{line}");
        assert_eq!(short(&run(&shell(), line, &[(Level::Allow, &suggested_rule)])), "allow", "{line}");
    }
    let write = spec("filesystem", "write_file", Level::Ask, SubjectKind::Text);
    let Decision::Ask { suggested_rule, .. } = run(&write, "a b.md", &[]) else { panic!("not asked about") };
    assert_eq!(suggested_rule, "filesystem.write_file(a b.md)");
}

#[test]
fn where_nobody_can_be_asked_it_is_refused_with_the_way_out() {
    let spec = shell();
    let facts = Facts { spec: &spec, subject: Some("npm test"), rules: &[], origin: Origin::Unattended };
    let Decision::Deny { reason } = decide(&facts) else { panic!("not refused") };
    assert!(reason.contains("nobody is there to ask"), "{reason}");
    assert!(reason.ends_with("add the allow rule `shell(npm test:*)`"), "{reason}");
    let rules = [rule(Level::Allow, "shell(npm test:*)")];
    assert_eq!(short(&decide(&Facts { rules: &rules, ..facts })), "allow");
}

#[test]
fn a_line_over_the_limit_is_refused() {
    let line = format!("echo {}", "a".repeat(SHELL_LINE_BYTES_MAX));
    let Decision::Deny { reason } = run(&shell(), &line, &[(Level::Allow, "shell(*)")]) else { panic!("not refused") };
    assert!(reason.contains("write it into a script file"), "{reason}");
}

#[test]
fn the_subject_is_the_named_argument() {
    let spec = shell();
    assert_eq!(subject_of(&spec, &json!({"command": "ls"})).as_deref(), Some("ls"));
    assert_eq!(subject_of(&spec, &json!({"command": ["ls", "-l"]})).as_deref(), Some(r#"["ls","-l"]"#));
    assert_eq!(subject_of(&spec, &json!({"other": 1})), None);
    assert_eq!(subject_of(&ToolSpec { subject: None, ..spec }, &json!({"command": "ls"})), None);
}

fn shell_text() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        "[a-z]{1,6}",
        Just("git status".to_owned()),
        Just("npm test".to_owned()),
        Just("rm -r x".to_owned()),
        Just("$(npm test)".to_owned()),
        Just("'a b'".to_owned()),
    ];
    let joints = prop_oneof![Just(" "), Just(" && "), Just("; "), Just(" | "), Just(" || "), Just(" & "), Just("\n")];
    proptest::collection::vec((words, joints), 1..6)
        .prop_map(|parts| parts.into_iter().map(|(word, joint)| format!("{word}{joint}")).collect::<String>() + "true")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_matching_deny_rule_is_never_overruled(line in shell_text(), allows in proptest::collection::vec("shell|shell\\(\\*\\)|shell\\([a-z]{1,4}:\\*\\)", 0..3)) {
        let rules: Vec<Rule> = allows.iter().map(|text| rule(Level::Allow, text)).collect();
        let spec = spec("shell", "run", Level::Allow, SubjectKind::Command);
        for command in Script::read(&line).map(|script| script.commands).unwrap_or_default() {
            let mut rules = rules.clone();
            rules.push(rule(Level::Deny, &RulePattern::exact("shell", None, &command.text).to_string()));
            let decision = decide(&Facts { spec: &spec, subject: Some(&line), rules: &rules, origin: Origin::Chat });
            prop_assert_eq!(short(&decision), "deny", "{} in {}", command.text, line);
        }
    }

    #[test]
    fn a_bare_deny_rule_denies_everything(line in "\\PC{0,60}", text in shell_text()) {
        let spec = spec("shell", "run", Level::Allow, SubjectKind::Command);
        let rules = [rule(Level::Allow, "shell(*)"), rule(Level::Deny, "shell")];
        for line in [line, text] {
            let decision = decide(&Facts { spec: &spec, subject: Some(&line), rules: &rules, origin: Origin::Chat });
            prop_assert_eq!(short(&decision), "deny");
        }
    }

    #[test]
    fn nothing_unattended_is_asked(line in "\\PC{0,60}") {
        let spec = shell();
        let decision = decide(&Facts { spec: &spec, subject: Some(&line), rules: &[], origin: Origin::Unattended });
        prop_assert_ne!(short(&decision), "ask");
    }
}
