//! Exit codes and signals in words, so that a model does not take "no match" for a failure.

use octi_sdk::shell::Ending;

use crate::line::deciding_programs;

/// Exit codes that programs use for something else than failure.
const OF_PROGRAMS: [(&[&str], i32, &str); 6] = [
    (&["grep", "egrep", "fgrep", "zgrep", "rg", "ag"], 1, "no line matched; this is an answer, not an error"),
    (&["diff", "cmp", "colordiff"], 1, "the files differ; this is an answer, not an error"),
    (&["test", "["], 1, "the condition is false; this is an answer, not an error"),
    (&["which", "command"], 1, "no such program was found"),
    (&["pgrep", "pkill", "pidof"], 1, "no process matched"),
    (&["grep", "egrep", "fgrep", "rg", "diff", "cmp"], 2, "it failed: a file is missing or an option is wrong"),
];

/// Exit codes that mean the same for every command the shell runs.
const OF_THE_SHELL: [(i32, &str); 4] = [
    (2, "usually a wrong option, or a mistake in the command line"),
    (124, "`timeout` ended the command because it took too long"),
    (126, "the program was found but may not be executed"),
    (127, "the program was not found; `which` tells whether it is installed"),
];

const SIGNALS: [(i32, &str); 13] = [
    (1, "SIGHUP"),
    (2, "SIGINT: it was interrupted"),
    (3, "SIGQUIT"),
    (4, "SIGILL: it crashed"),
    (6, "SIGABRT: it gave up by itself"),
    (8, "SIGFPE: it crashed"),
    (9, "SIGKILL: it was killed, perhaps because it needed too much memory"),
    (11, "SIGSEGV: it crashed"),
    (13, "SIGPIPE: the program reading its output ended first"),
    (15, "SIGTERM: it was told to end"),
    (24, "SIGXCPU: it computed for longer than it may"),
    (25, "SIGXFSZ: it wrote a file larger than it may"),
    (31, "SIGSYS: it used a system call that the sandbox forbids"),
];

/// What an ending means; none when there is nothing to explain.
pub(crate) fn of(line: &str, ending: Ending) -> Option<String> {
    match ending {
        Ending::Exited(0) => None,
        Ending::Exited(code) => of_code(line, code),
        Ending::Signalled(signal) => Some(of_signal(signal)),
        Ending::TimedOut => {
            Some("it took longer than allowed and was ended; pass a larger `timeout_ms`, or use `run_background`".to_owned())
        }
        Ending::OutputLimit => Some(
            "it wrote more than is kept and was ended; send its output to a file, or filter it with `head` or `grep`".to_owned(),
        ),
    }
}

fn of_code(line: &str, code: i32) -> Option<String> {
    let programs = deciding_programs(line);
    let special = programs.iter().find_map(|program| {
        let known = OF_PROGRAMS.iter().find(|(names, of, _)| *of == code && names.contains(&program.as_str()))?;
        Some((program, known.2))
    });
    if let Some((program, meaning)) = special {
        return Some(match programs.len() {
            1 => format!("exit code {code} of `{program}`: {meaning}"),
            _ => format!("if exit code {code} came from `{program}`: {meaning}"),
        });
    }
    if let Some((_, meaning)) = OF_THE_SHELL.iter().find(|(of, _)| *of == code) {
        return Some(format!("exit code {code}: {meaning}"));
    }
    let signal = code - 128;
    (1..=64).contains(&signal).then(|| of_signal(signal))
}

fn of_signal(signal: i32) -> String {
    match SIGNALS.iter().find(|(number, _)| *number == signal) {
        Some((_, meaning)) => format!("ended by {meaning}"),
        None => format!("ended by signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(line: &str, code: i32) -> String {
        of(line, Ending::Exited(code)).unwrap_or_default()
    }

    #[test]
    fn no_match_is_not_a_failure() {
        assert_eq!(meaning("grep x a", 1), "exit code 1 of `grep`: no line matched; this is an answer, not an error");
        assert_eq!(meaning("cat a | rg x", 1), "exit code 1 of `rg`: no line matched; this is an answer, not an error");
        assert!(meaning("diff a b", 1).contains("the files differ"));
        assert!(meaning("[ -f a ]", 1).contains("the condition is false"));
    }

    #[test]
    fn a_chain_says_if() {
        assert!(meaning("cd src && grep x a", 1).starts_with("if exit code 1 came from `grep`"));
    }

    #[test]
    fn codes_of_the_shell_are_explained() {
        for (code, part) in
            [(126, "may not be executed"), (127, "`which`"), (124, "took too long"), (130, "SIGINT"), (137, "SIGKILL")]
        {
            assert!(meaning("make", code).contains(part), "{code}: {}", meaning("make", code));
        }
        assert!(meaning("grep x missing", 2).contains("a file is missing"));
    }

    #[test]
    fn what_is_plain_needs_no_words() {
        assert_eq!(of("make", Ending::Exited(0)), None);
        assert_eq!(of("make", Ending::Exited(1)), None);
        assert_eq!(of("make", Ending::Exited(255)), None);
    }

    #[test]
    fn signals_and_limits_are_named() {
        assert_eq!(
            of("x", Ending::Signalled(31)).as_deref(),
            Some("ended by SIGSYS: it used a system call that the sandbox forbids")
        );
        assert_eq!(of("x", Ending::Signalled(40)).as_deref(), Some("ended by signal 40"));
        assert!(of("x", Ending::TimedOut).is_some_and(|text| text.contains("`run_background`")));
        assert!(of("x", Ending::OutputLimit).is_some_and(|text| text.contains("`head`")));
    }
}
