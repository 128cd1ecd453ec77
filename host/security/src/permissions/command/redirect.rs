//! Redirections: what a line writes to, and what it feeds a command.

use brush_parser::ast::{IoFileRedirectKind, IoFileRedirectTarget, IoRedirect};

use super::walk::{Input, Stop, Walker};
use super::word::Word;

impl Walker {
    /// Notes what a redirection writes and returns what it feeds, if that is known.
    pub(super) fn redirect(&mut self, redirect: &IoRedirect) -> Result<Option<Input>, Stop> {
        match redirect {
            IoRedirect::File(_, kind, target) => {
                self.file(kind, target)?;
                Ok(None)
            }
            IoRedirect::OutputAndError(word, _) => {
                let word = self.resolve(&word.value)?;
                self.writes_to(&word)?;
                Ok(None)
            }
            IoRedirect::HereString(_, word) => {
                let word = self.resolve(&word.value)?;
                Ok(Some(Input { is_certain: !word.dynamic, text: word.guess }))
            }
            IoRedirect::HereDocument(_, document) => {
                if document.requires_expansion {
                    self.embedded(&document.doc.value)?;
                }
                let has_expansion = document.requires_expansion && document.doc.value.contains(['$', '`', '\\']);
                Ok(Some(Input { text: document.doc.value.clone(), is_certain: !has_expansion }))
            }
        }
    }

    fn file(&mut self, kind: &IoFileRedirectKind, target: &IoFileRedirectTarget) -> Result<(), Stop> {
        let word = match target {
            IoFileRedirectTarget::Fd(_) => return Ok(()),
            IoFileRedirectTarget::ProcessSubstitution(_, subshell) => return self.list(&subshell.list).map(|_| ()),
            IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word) => self.resolve(&word.value)?,
        };
        if is_network(&word.guess) {
            self.refuse(&format!("> {}", word.guess), "it opens a network connection behind the host's back");
        }
        match kind {
            IoFileRedirectKind::Read => Ok(()),
            IoFileRedirectKind::DuplicateInput | IoFileRedirectKind::DuplicateOutput if is_descriptor(&word) => Ok(()),
            IoFileRedirectKind::DuplicateInput
            | IoFileRedirectKind::Write
            | IoFileRedirectKind::Append
            | IoFileRedirectKind::ReadAndWrite
            | IoFileRedirectKind::Clobber
            | IoFileRedirectKind::DuplicateOutput => self.writes_to(&word),
        }
    }

    /// Writing a file needs a rule of its own, so that a rule for `echo` cannot write one.
    fn writes_to(&mut self, word: &Word) -> Result<(), Stop> {
        if let Some(why) = device(&word.guess) {
            self.refuse(&format!("> {}", word.guess), why);
        }
        if word.certain().is_some_and(is_harmless) {
            return Ok(());
        }
        let opaque = word.certain().is_none().then_some("the file it writes is known only when it runs");
        self.push(&[Word { raw: ">".to_owned(), pattern: true, ..Word::literal(">") }, word.clone()], &[], opaque)
    }
}

fn is_descriptor(word: &Word) -> bool {
    word.certain().is_some_and(|text| text.trim_end_matches('-').bytes().all(|b| b.is_ascii_digit()))
}

fn is_network(path: &str) -> bool {
    let path = clean_path(path);
    path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/")
}

/// Files that swallow, feed or show, and change nothing.
fn is_harmless(path: &str) -> bool {
    matches!(clean_path(path).as_str(), "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/stdin" | "/dev/tty" | "/dev/zero")
        || path.starts_with("/dev/fd/")
}

/// Why writing to this path could destroy the machine, if it is a device or a switch of the kernel.
pub(super) fn device(path: &str) -> Option<&'static str> {
    let path = clean_path(path);
    let is_device = path.starts_with("/dev/")
        && !is_harmless(&path)
        && !["/dev/shm/", "/dev/pts/", "/dev/full", "/dev/random", "/dev/urandom", "/dev/ptmx"]
            .iter()
            .any(|harmless| path.starts_with(harmless));
    if is_device {
        Some("it writes over a device of this machine")
    } else if path.starts_with("/proc/sys") || path.starts_with("/sys/") {
        Some("it turns a switch of the kernel")
    } else {
        None
    }
}

/// A path without `.`, `..` and doubled slashes, as far as text alone can tell.
pub(super) fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if path.starts_with('/') || parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (path, expected) in [
            ("//dev//sda", "/dev/sda"),
            ("/tmp/../dev/./sda", "/dev/sda"),
            ("./a/../b", "b"),
            ("../../x", "../../x"),
            ("/..", "/"),
        ] {
            assert_eq!(clean_path(path), expected);
        }
    }

    #[test]
    fn devices_are_told_from_files() {
        for (path, expected) in [
            ("/dev/sda", true),
            ("/dev/nvme0n1", true),
            ("/dev/mem", true),
            ("/proc/sysrq-trigger", true),
            ("/sys/power/state", true),
            ("/dev/null", false),
            ("/dev/shm/x", false),
            ("dev/sda", false),
            ("/tmp/x", false),
        ] {
            assert_eq!(device(path).is_some(), expected, "{path}");
        }
    }
}
