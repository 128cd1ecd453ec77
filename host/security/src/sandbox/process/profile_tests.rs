//! What a profile lets through.

use super::*;

fn shell() -> (Profiles, Spawn) {
    (Profiles::default(), Spawn { profile: WORKSPACE_SHELL.into(), argv: vec!["true".into()], ..Spawn::default() })
}

fn refusal(change: impl FnOnce(&mut Spawn)) -> String {
    let (profiles, mut spawn) = shell();
    change(&mut spawn);
    profiles.get(WORKSPACE_SHELL).unwrap().check(&spawn).unwrap_err().to_string()
}

#[test]
fn an_unknown_profile_is_answered_with_the_known_ones() {
    let text = Profiles::default().get("hg").unwrap_err().to_string();
    assert!(text.contains("`hg`") && text.contains("`git`") && text.contains("`workspace-shell`"), "{text}");
}

#[test]
fn the_usual_bound_holds_unless_less_is_asked_for_or_the_profile_allows_more() {
    let (profiles, _) = shell();
    let profile = profiles.get(WORKSPACE_SHELL).unwrap();
    assert_eq!(profile.time(None), Duration::from_millis(limits::PROCESS_WALL_MS_MAX));
    assert_eq!(profile.time(Some(Duration::from_secs(1))), Duration::from_secs(1));
    assert_eq!(profile.time(Some(Duration::from_secs(86_400))), profile.time_max);
}

#[test]
fn sizes_are_bounded() {
    let text = refusal(|s| s.argv = vec!["x".repeat(limits::PROCESS_ARGV_BYTES_MAX)]);
    assert!(text.contains("arguments"), "{text}");
    let text = refusal(|s| s.stdin = Some(vec![0; limits::PROCESS_INPUT_BYTES_MAX + 1]));
    assert!(text.contains("input"), "{text}");
    let text = refusal(|s| s.env = vec![("A".into(), "x".repeat(limits::PROCESS_ENV_BYTES_MAX))]);
    assert!(text.contains("environment"), "{text}");
}

#[test]
fn variables_that_change_what_is_loaded_are_refused() {
    for name in ["LD_PRELOAD", "PATH", "BASH_ENV", "A=B", "", "1A", "A\0"] {
        let text = refusal(|s| s.env = vec![(name.into(), "x".into())]);
        assert!(text.contains("variable"), "{name}: {text}");
    }
    let (profiles, mut spawn) = shell();
    spawn.env = vec![("GREETING".into(), "hello".into())];
    assert_eq!(profiles.get(WORKSPACE_SHELL).unwrap().check(&spawn), Ok(()));
}

#[test]
fn a_shell_line_is_one_argument() {
    let text = refusal(|s| s.argv = vec!["a".into(), "b".into()]);
    assert!(text.contains("at most 1"), "{text}");
    let text = refusal(|s| s.argv = vec!["a\0b".into()]);
    assert!(text.contains("NUL"), "{text}");
}

#[test]
fn a_program_is_named_by_its_absolute_path() {
    let mut profiles = Profiles::default();
    let mut git = profiles.get(WORKSPACE_SHELL).unwrap().clone();
    git.program = "git".into();
    assert!(profiles.insert("git", git).is_err_and(|e| e.to_string().contains("absolute")));
}
