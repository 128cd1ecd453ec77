//! Programs whose arguments are another command: how to find it.

use super::word::Word;

/// How one such program is called.
struct Wrapper {
    name: &'static str,
    /// One-letter options without a value.
    flags: &'static str,
    /// One-letter options with a value, attached or next.
    values: &'static str,
    /// Long options with a value in the next word (`--name=value` needs no entry).
    long_values: &'static [&'static str],
    /// Words between the options and the command.
    positionals: usize,
    /// It only starts the command: a rule for the command is enough.
    is_transparent: bool,
}

/// The command inside another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// The program runs no other.
    None,
    /// It runs these words.
    Command { words: Vec<Word>, is_transparent: bool },
    /// It runs something that its options hide.
    Hidden,
}

const fn transparent(name: &'static str, flags: &'static str, values: &'static str, positionals: usize) -> Wrapper {
    Wrapper { name, flags, values, long_values: &[], positionals, is_transparent: true }
}

const fn outer(name: &'static str, flags: &'static str, values: &'static str, positionals: usize) -> Wrapper {
    Wrapper { name, flags, values, long_values: &[], positionals, is_transparent: false }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "env",
        flags: "i0v",
        values: "uC",
        long_values: &["--unset", "--chdir"],
        positionals: 0,
        is_transparent: true,
    },
    Wrapper { name: "nice", flags: "", values: "n", long_values: &["--adjustment"], positionals: 0, is_transparent: true },
    Wrapper {
        name: "timeout",
        flags: "fpv",
        values: "ks",
        long_values: &["--kill-after", "--signal"],
        positionals: 1,
        is_transparent: true,
    },
    Wrapper {
        name: "xargs",
        flags: "0rtpx",
        values: "InPdLsEa",
        long_values: &["--max-args", "--max-procs", "--delimiter", "--arg-file", "--max-chars"],
        positionals: 0,
        is_transparent: true,
    },
    transparent("ionice", "t", "cn", 0),
    transparent("nohup", "", "", 0),
    transparent("time", "pv", "", 0),
    transparent("stdbuf", "", "ioe", 0),
    transparent("setsid", "cfw", "", 0),
    transparent("command", "p", "", 0),
    transparent("builtin", "", "", 0),
    transparent("exec", "cl", "a", 0),
    outer("busybox", "", "", 0),
    outer("sudo", "AbEeHiknPSsv", "CDghpRTUu", 0),
    outer("doas", "Lns", "Cau", 0),
    outer("pkexec", "", "", 0),
    outer("chroot", "", "", 1),
    outer("watch", "bcdegptwx", "nq", 0),
    outer("flock", "esxunoFv", "wE", 1),
    outer("strace", "fcqtTvxyCdhiknrV", "aeEIObopPsSuX", 0),
    outer("ltrace", "fciStTrCL", "aAeElnopsuxw", 0),
    outer("unshare", "imnpuUfrcT", "RwSG", 0),
    outer("nsenter", "aFe", "tSGrw", 0),
    outer("parallel", "0kqtuvX", "aIjLNnPsS", 0),
    outer("ssh", "46AaCfGgKkMNnqsTtVvXxYy", "BbcDEeFIiJLlmOopQRSWw", 1),
    outer("su-exec", "", "", 1),
    outer("gosu", "", "", 1),
    outer("runuser", "lmpf", "ucgG", 0),
    outer("torsocks", "", "", 0),
    outer("proxychains", "q", "f", 0),
    outer("catchsegv", "", "", 0),
];

/// Folders whose programs are what their names say.
const SYSTEM_FOLDERS: [&str; 5] = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"];

/// The program's name without its folder.
pub(super) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a command of that name is the system's own: without a folder, or in one of the system's.
pub(super) fn is_system(program: &str) -> bool {
    program.rsplit_once('/').is_none_or(|(folder, _)| SYSTEM_FOLDERS.contains(&folder))
}

/// Finds the command inside `words` (the program and its arguments).
pub(super) fn unwrap(words: &[Word]) -> Inner {
    let Some(program) = words.first().and_then(Word::certain) else { return Inner::None };
    let name = base_name(program);
    let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) else { return Inner::None };
    if name == "command" && words.get(1).is_some_and(|word| matches!(word.text.as_str(), "-v" | "-V")) {
        return Inner::None;
    }
    let Some((mut used, replaced)) = options_end(wrapper, &words[1..]) else { return Inner::Hidden };
    // To `env`, a lone `-` behind the options is one more of them.
    if name == "env" && words.get(1 + used).and_then(Word::certain) == Some("-") {
        used += 1;
    }
    let mut inner: Vec<Word> = words[1 + used..].to_vec();
    if inner.len() <= wrapper.positionals {
        return Inner::None;
    }
    inner.drain(..wrapper.positionals);
    if let Some(replaced) = replaced {
        mark_replaced(&mut inner, &replaced);
    }
    Inner::Command { words: inner, is_transparent: wrapper.is_transparent && is_system(program) }
}

/// Words in which the program replaces a placeholder are known only when it runs.
pub(super) fn mark_replaced(words: &mut [Word], placeholder: &str) {
    for word in words.iter_mut().filter(|word| word.text.contains(placeholder)) {
        word.raw = word.canonical();
        word.dynamic = true;
    }
}

/// How many words are options, and the placeholder of `xargs -I`; none when an option is not known.
fn options_end(wrapper: &Wrapper, words: &[Word]) -> Option<(usize, Option<String>)> {
    let mut replaced = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let Some(text) = word.certain() else {
            // Not an option for sure; as a command name it is opaque anyway.
            return if word.raw.starts_with('-') { None } else { Some((at, replaced)) };
        };
        if text == "--" {
            return Some((at + 1, replaced));
        }
        if !text.starts_with('-') || text == "-" {
            return Some((at, replaced));
        }
        if text.starts_with("--") {
            if let Some(value) = text.strip_prefix("--replace") {
                replaced = Some(value.strip_prefix('=').unwrap_or("{}").to_owned());
            } else if text.starts_with("--split-string") {
                return None;
            }
            at += if wrapper.long_values.contains(&text) { 2 } else { 1 };
            continue;
        }
        at += 1;
        let mut letters = text[1..].chars();
        while let Some(letter) = letters.next() {
            if wrapper.values.contains(letter) {
                let attached = letters.as_str();
                let value = if attached.is_empty() {
                    at += 1;
                    words.get(at - 1)?.certain()?.to_owned()
                } else {
                    attached.to_owned()
                };
                if wrapper.name == "xargs" && letter == 'I' {
                    replaced = Some(value);
                }
                break;
            }
            if wrapper.name == "nice" && letter.is_ascii_digit() {
                continue;
            }
            if !wrapper.flags.contains(letter) {
                return None;
            }
        }
    }
    Some((at.min(words.len()), replaced))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(line: &str) -> String {
        let words: Vec<Word> = line.split(' ').map(Word::literal).collect();
        match unwrap(&words) {
            Inner::None => "none".to_owned(),
            Inner::Hidden => "hidden".to_owned(),
            Inner::Command { words, .. } => words
                .iter()
                .map(|w| if w.dynamic { format!("<{}>", w.text) } else { w.text.clone() })
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn the_command_is_found_behind_options() {
        for (line, expected) in [
            ("nohup ls -l", "ls -l"),
            ("timeout -k 5 10 rm x", "rm x"),
            ("timeout --signal=KILL 10 rm x", "rm x"),
            ("xargs -0 -n1 rm -f", "rm -f"),
            ("xargs -I{} sh -c {}", "sh -c <{}>"),
            ("xargs -I % %", "<%>"),
            ("xargs --max-args 1 rm", "rm"),
            ("sudo -u root rm x", "rm x"),
            ("nice -10 make", "make"),
            ("exec -a ls rm x", "rm x"),
            ("env -S ls", "hidden"),
            ("env - rm x", "rm x"),
            ("env -i -- - rm x", "rm x"),
            ("nohup - rm", "- rm"),
            ("xargs -Q rm", "hidden"),
            ("command -v rm", "none"),
            ("ls -l", "none"),
            ("timeout 5", "none"),
        ] {
            assert_eq!(inner(line), expected, "{line}");
        }
    }
}
