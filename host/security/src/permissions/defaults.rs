//! The built-in rules, consulted after a person's own.

use octi_domain::permission::Level;

/// One built-in rule. A person's own rules of any level come first, so each of these can be overruled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultRule {
    /// As in `shell(ls:*)`.
    pub text: &'static str,
    pub level: Level,
    /// The rule does not speak of commands with an argument that begins so: options that make a reading command write a
    /// file or start a program.
    pub unless: &'static [&'static str],
}

const GIT_UNLESS: &[&str] = &["--out", "--ext"];

/// What the shell tool may run without asking: commands that only read, and what is always asked about even where the
/// plugin's own default is to allow.
///
/// Redirections are judged on their own (as `> file`), so `echo` in this list cannot write a file.
pub const DEFAULT_RULES: &[DefaultRule] = &[
    allow("shell(ls:*)", &[]),
    allow("shell(cat:*)", &[]),
    allow("shell(pwd:*)", &[]),
    allow("shell(echo:*)", &[]),
    allow("shell(cd:*)", &[]),
    allow("shell(true:*)", &[]),
    allow("shell(false:*)", &[]),
    allow("shell(git status:*)", GIT_UNLESS),
    allow("shell(git log:*)", GIT_UNLESS),
    allow("shell(git diff:*)", GIT_UNLESS),
    ask("shell(sudo:*)"),
    ask("shell(doas:*)"),
    ask("shell(su:*)"),
    ask("shell(pkexec:*)"),
    ask("shell(docker:*)"),
    ask("shell(podman:*)"),
    ask("shell(kubectl:*)"),
    ask("shell(systemctl:*)"),
    ask("shell(service:*)"),
    ask("shell(kill:*)"),
    ask("shell(pkill:*)"),
    ask("shell(killall:*)"),
    ask("shell(crontab:*)"),
    ask("shell(at:*)"),
    ask("shell(ssh:*)"),
    ask("shell(scp:*)"),
    ask("shell(iptables:*)"),
    ask("shell(mount:*)"),
    ask("shell(umount:*)"),
    ask("shell(chroot:*)"),
    ask("shell(useradd:*)"),
    ask("shell(userdel:*)"),
    ask("shell(passwd:*)"),
];

const fn allow(text: &'static str, unless: &'static [&'static str]) -> DefaultRule {
    DefaultRule { text, level: Level::Allow, unless }
}

const fn ask(text: &'static str) -> DefaultRule {
    DefaultRule { text, level: Level::Ask, unless: &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::rule::RulePattern;

    #[test]
    fn every_built_in_rule_is_readable() {
        for rule in DEFAULT_RULES {
            assert_eq!(rule.text.parse::<RulePattern>().map(|read| read.to_string()), Ok(rule.text.to_owned()));
        }
    }
}
