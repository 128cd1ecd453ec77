//! Which arguments a profile takes, so that a tool that was talked into something cannot pass an option that the operator did not mean.

use octi_domain::limits;
use regex::{RegexSet, RegexSetBuilder};

use super::limit;
use crate::sandbox::process::types::ProcessError;

/// Bytes that the compiled patterns of one list may take.
const PATTERNS_BYTES_MAX: usize = 1024 * 1024;

/// What the arguments after the program and the prefix may be.
#[derive(Debug, Clone)]
pub struct ArgumentRules {
    count_max: usize,
    first: Vec<String>,
    exact: Vec<String>,
    allow: Option<RegexSet>,
    deny: RegexSet,
}

impl ArgumentRules {
    /// Any arguments, but not more than this many.
    #[must_use]
    pub fn any(count_max: usize) -> Self {
        Self { count_max, first: Vec::new(), exact: Vec::new(), allow: None, deny: RegexSet::empty() }
    }

    /// The first argument must be one of these words, such as the subcommands of a program.
    #[must_use]
    pub fn first<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.first = words.into_iter().map(Into::into).collect();
        self
    }

    /// These arguments are fine whatever the patterns say.
    #[must_use]
    pub fn exact<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.exact = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Each argument must match one of these regular expressions, from its first to its last character.
    ///
    /// # Errors
    /// Names the expression that cannot be read.
    pub fn allow<S: AsRef<str>>(mut self, patterns: impl IntoIterator<Item = S>) -> Result<Self, ProcessError> {
        self.allow = Some(compile(patterns)?);
        Ok(self)
    }

    /// No argument may match one of these regular expressions, from its first to its last character.
    ///
    /// # Errors
    /// Names the expression that cannot be read.
    pub fn deny<S: AsRef<str>>(mut self, patterns: impl IntoIterator<Item = S>) -> Result<Self, ProcessError> {
        self.deny = compile(patterns)?;
        Ok(self)
    }

    pub(super) fn check(&self, profile: &str, argv: &[String]) -> Result<(), ProcessError> {
        if argv.len() > self.count_max {
            return Err(ProcessError::Invalid(format!(
                "profile `{profile}` takes at most {} argument(s), not {}",
                self.count_max,
                argv.len()
            )));
        }
        let bytes = argv.iter().map(|argument| argument.len() + 1).sum::<usize>();
        if bytes > limits::PROCESS_ARGV_BYTES_MAX {
            return Err(limit("the bytes of the arguments", limits::PROCESS_ARGV_BYTES_MAX));
        }
        if argv.iter().any(|argument| argument.contains('\0')) {
            return Err(ProcessError::Invalid("an argument contains a NUL character, which no program can take".to_owned()));
        }
        if !self.first.is_empty() && !argv.first().is_some_and(|word| self.first.contains(word)) {
            return Err(ProcessError::Invalid(format!(
                "profile `{profile}` needs one of these words first: {}",
                self.first.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            )));
        }
        let refused = |argument: &&String| {
            !self.exact.contains(argument)
                && (self.deny.is_match(argument) || self.allow.as_ref().is_some_and(|allow| !allow.is_match(argument)))
        };
        match argv.iter().find(refused) {
            None => Ok(()),
            Some(argument) => {
                Err(ProcessError::Invalid(format!("profile `{profile}` does not allow the argument `{}`", shortened(argument))))
            }
        }
    }
}

fn compile<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<RegexSet, ProcessError> {
    // A pattern speaks of the whole argument; an argument may have several lines.
    let whole = patterns.into_iter().map(|pattern| format!(r"\A(?s:{})\z", pattern.as_ref()));
    RegexSetBuilder::new(whole)
        .size_limit(PATTERNS_BYTES_MAX)
        .build()
        .map_err(|error| ProcessError::Invalid(format!("an argument pattern cannot be used: {error}")))
}

fn shortened(argument: &str) -> String {
    const SHOWN_MAX: usize = 80;
    let shown: String = argument.escape_debug().take(SHOWN_MAX).collect();
    if argument.len() > SHOWN_MAX { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &ArgumentRules, argv: &[&str]) -> Result<(), String> {
        let argv: Vec<String> = argv.iter().map(|argument| (*argument).to_owned()).collect();
        rules.check("build", &argv).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_word_is_one_of_the_list() {
        let rules = ArgumentRules::any(8).first(["build", "test"]);
        assert_eq!(check(&rules, &["build", "publish"]), Ok(()));
        for argv in [&["publish"][..], &[], &["--config=x", "build"]] {
            let text = check(&rules, argv).unwrap_err();
            assert!(text.contains("`build`, `test`"), "{text}");
        }
    }

    #[test]
    fn a_pattern_speaks_of_the_whole_argument() {
        let rules = ArgumentRules::any(8).allow(["[a-z]+", "--jobs=[0-9]"]).unwrap().deny(["x.*"]).unwrap();
        assert_eq!(check(&rules, &["abc", "--jobs=4"]), Ok(()));
        for argument in ["abc; rm", "a\nb", "--jobs=44", "xyz", "", "ABC"] {
            assert!(check(&rules, &[argument]).unwrap_err().contains("does not allow"), "{argument:?}");
        }
        let rules = ArgumentRules::any(8).deny(["--upload-pack.*"]).unwrap().exact(["--upload-pack=mine"]);
        assert_eq!(check(&rules, &["--upload-pack=mine"]), Ok(()));
        assert!(check(&rules, &["--upload-pack=theirs\nmine"]).unwrap_err().contains(r"theirs\nmine"));
    }

    #[test]
    fn patterns_that_cannot_be_read_are_named() {
        for pattern in ["(", "[a-z", "a{9999999}"] {
            let text = ArgumentRules::any(1).allow([pattern]).unwrap_err().to_string();
            assert!(text.contains("pattern"), "{text}");
        }
    }

    #[test]
    fn a_long_argument_is_shown_in_part() {
        let rules = ArgumentRules::any(1).allow(["a"]).unwrap();
        assert!(check(&rules, &[&"b".repeat(9_000)]).unwrap_err().len() < 200);
    }
}
