//! One simple command: what it starts in turn, and what it prints when that is plain.

use super::walk::{Assigned, Input, Stop, Walker};
use super::word::Word;
use super::wrapper::{self, Inner, base_name, is_system};
use super::{redirect, refuse};

const SHELLS: [&str; 10] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "fish", "rsh"];
/// Builtins that read their arguments as variable names, in which bash runs commands.
const NAME_READERS: [&str; 11] =
    ["test", "[", "unset", "read", "declare", "typeset", "local", "export", "let", "printf", "readonly"];

const HIDDEN: &str = "its options hide what it runs";
const OPAQUE_NAME: &str = "which program it runs is known only when it runs";
const OPAQUE_LINE: &str = "the shell line it runs is known only when it runs";
const OPAQUE_INPUT: &str = "it runs what it reads, which is known only then";

impl Walker {
    /// Walks one command; returns what it prints, if that is plain to see.
    pub(super) fn dispatch(
        &mut self,
        words: &[Word],
        assignments: &[Assigned],
        input: Option<Input>,
    ) -> Result<Option<Input>, Stop> {
        let guesses: Vec<String> = words.iter().flat_map(Word::guesses).collect();
        if let Some(why) = refuse::check(&guesses, self.is_at_root) {
            self.refuse(&guesses.join(" "), why);
        }
        let Some(first) = words.first() else { return Ok(None) };
        if self.is_fork_bomb(&first.guess) {
            self.refuse(&first.guess, "it starts copies of itself without end");
        }
        let Some(name) = first.certain() else {
            self.push(words, assignments, Some(OPAQUE_NAME))?;
            // What it may be is walked too, for deny rules and refusals.
            if let [name, rest @ ..] = guesses.as_slice()
                && SHELLS.contains(&base_name(name))
                && let Some(line) = rest.last()
            {
                self.line(line)?;
            }
            return Ok(None);
        };
        let base = base_name(name);
        self.note_folder(base, &guesses);
        match base {
            "eval" => self.eval(words, assignments)?,
            "trap" => self.trap(words, assignments)?,
            "alias" => self.alias(words, assignments)?,
            "find" => self.find(words, assignments)?,
            "su" | "script" => self.command_option(words, assignments)?,
            shell if SHELLS.contains(&shell) => self.shell(words, assignments, input.as_ref())?,
            _ => return self.other(words, assignments, input),
        }
        Ok(None)
    }

    fn other(&mut self, words: &[Word], assignments: &[Assigned], input: Option<Input>) -> Result<Option<Input>, Stop> {
        let base = words.first().map(|word| base_name(&word.text)).unwrap_or_default();
        match wrapper::unwrap(words) {
            Inner::Hidden => self.push(words, assignments, Some(HIDDEN))?,
            Inner::Command { words: inner, is_transparent } => {
                if !is_transparent {
                    self.push(words, assignments, None)?;
                }
                return self.inner(base, inner, assignments, input);
            }
            Inner::None => {
                let holds_command = |word: &Word| !word.dynamic && word.text.contains('[') && word.text.contains(['$', '`']);
                let is_opaque = NAME_READERS.contains(&base) && words.iter().any(holds_command);
                self.push(words, assignments, is_opaque.then_some(OPAQUE_LINE))?;
                return Ok(printed(base, &words[1..], input));
            }
        }
        Ok(None)
    }

    /// The command behind a wrapper, with what the wrapper adds: assignments of `env`, words that `xargs` reads.
    fn inner(
        &mut self,
        wrapper: &str,
        mut words: Vec<Word>,
        outer: &[Assigned],
        input: Option<Input>,
    ) -> Result<Option<Input>, Stop> {
        let mut assignments: Vec<Assigned> = outer.iter().map(Assigned::copy).collect();
        if matches!(wrapper, "env" | "sudo" | "doas") {
            let count = words.iter().take_while(|word| is_assignment(&word.text)).count();
            for word in words.drain(..count) {
                assignments.push(Assigned::of_command(word.canonical()));
            }
        }
        if words.is_empty() {
            return self.push(&[Word::literal(wrapper)], &assignments, None).map(|()| None);
        }
        let mut passed = input;
        if matches!(wrapper, "xargs" | "parallel") {
            let mut more = Word::unknown("…");
            if let Some(read) = passed.take() {
                more.guess = read.text;
            }
            words.push(more);
        }
        if wrapper == "watch" || wrapper == "ssh" {
            let line = words.iter().map(|word| word.guess.as_str()).collect::<Vec<_>>().join(" ");
            return self.line(&line);
        }
        self.dispatch(&words, &assignments, passed)
    }

    fn eval(&mut self, words: &[Word], assignments: &[Assigned]) -> Result<(), Stop> {
        let arguments = &words[1..];
        if !assignments.is_empty() || arguments.iter().any(|word| word.certain().is_none()) {
            self.push(words, assignments, Some(OPAQUE_LINE))?;
        }
        let line = arguments.iter().map(|word| word.guess.as_str()).collect::<Vec<_>>().join(" ");
        self.line(&line).map(|_| ())
    }

    fn trap(&mut self, words: &[Word], assignments: &[Assigned]) -> Result<(), Stop> {
        let action = words.iter().skip(1).find(|word| !word.text.starts_with('-'));
        let opaque = action.is_some_and(|word| word.certain().is_none()).then_some(OPAQUE_LINE);
        self.push(words, assignments, opaque)?;
        action.map_or(Ok(()), |word| self.line(&word.guess).map(|_| ()))
    }

    fn alias(&mut self, words: &[Word], assignments: &[Assigned]) -> Result<(), Stop> {
        self.push(words, assignments, Some("an alias changes what later commands run"))?;
        for (_, line) in words.iter().skip(1).filter_map(|word| word.guess.split_once('=')) {
            self.line(line)?;
        }
        Ok(())
    }

    fn find(&mut self, words: &[Word], assignments: &[Assigned]) -> Result<(), Stop> {
        self.push(words, assignments, None)?;
        let starts_everywhere = words[1..].iter().any(|word| refuse::is_everything(&word.guess, self.is_at_root));
        let mut rest = &words[1..];
        while let Some(at) = rest.iter().position(|word| matches!(word.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir")) {
            rest = &rest[at + 1..];
            let end = rest.iter().position(|word| matches!(word.text.as_str(), ";" | "+")).unwrap_or(rest.len());
            let mut inner = rest[..end].to_vec();
            if starts_everywhere && inner.iter().any(|word| matches!(base_name(&word.guess), "rm" | "shred" | "unlink")) {
                self.refuse("find / -exec rm", "it deletes every file it can reach");
            }
            wrapper::mark_replaced(&mut inner, "{}");
            self.dispatch(&inner, &[], None)?;
            rest = &rest[end..];
        }
        if starts_everywhere && words.iter().any(|word| word.guess == "-delete") {
            self.refuse("find / -delete", "it deletes every file it can reach");
        }
        Ok(())
    }

    /// `su -c LINE`, `script -c LINE`.
    fn command_option(&mut self, words: &[Word], assignments: &[Assigned]) -> Result<(), Stop> {
        self.push(words, assignments, None)?;
        let option = words.iter().position(|word| matches!(word.text.as_str(), "-c" | "-qc" | "--command"));
        match option.and_then(|at| words.get(at + 1)) {
            Some(line) => self.line(&line.guess).map(|_| ()),
            None => Ok(()),
        }
    }

    fn shell(&mut self, words: &[Word], assignments: &[Assigned], input: Option<&Input>) -> Result<(), Stop> {
        let is_own = words.first().is_some_and(|word| is_system(&word.text)) && assignments.is_empty();
        let mut at = 1;
        let mut takes_line = false;
        while let Some(word) = words.get(at) {
            let Some(text) = word.certain() else {
                if takes_line {
                    break;
                }
                return self.push(words, assignments, Some(OPAQUE_LINE));
            };
            // A lone `-` ends the options like `--`; what begins with `+` is one of them.
            if text == "--" || text == "-" {
                at += 1;
                break;
            }
            let Some(letters) = text.strip_prefix(['-', '+']) else { break };
            if !letters.chars().all(|letter| "cexufnvlis".contains(letter)) {
                return self.push(words, assignments, Some(HIDDEN));
            }
            takes_line |= letters.contains('c');
            at += 1;
        }
        match words.get(at) {
            Some(line) if takes_line => {
                if !is_own || line.certain().is_none() {
                    self.push(words, assignments, line.certain().is_none().then_some(OPAQUE_LINE))?;
                }
                self.line(&line.guess).map(|_| ())
            }
            Some(_) => self.push(words, assignments, None),
            None => {
                let is_certain = input.is_some_and(|input| input.is_certain);
                if !is_own || !is_certain {
                    self.push(words, assignments, (!is_certain).then_some(OPAQUE_INPUT))?;
                }
                input.map_or(Ok(()), |input| self.line(&input.text).map(|_| ()))
            }
        }
    }

    fn note_folder(&mut self, base: &str, guesses: &[String]) {
        if matches!(base, "cd" | "pushd") {
            let target = guesses.iter().skip(1).find(|word| !word.starts_with('-'));
            self.is_at_root = target.is_none_or(|path| refuse::is_everything(&redirect::clean_path(path), false));
        }
    }
}

impl Assigned {
    fn copy(&self) -> Self {
        Self::of_command(self.text.clone())
    }
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// What `echo`, `printf` and a bare `cat` print.
fn printed(base: &str, arguments: &[Word], input: Option<Input>) -> Option<Input> {
    match base {
        "echo" | "printf" => {
            let shown: Vec<&str> =
                arguments.iter().map(|word| word.guess.as_str()).skip_while(|text| text.starts_with("-n")).collect();
            let text = shown.join(" ").replace("\\n", "\n");
            // Shells disagree on backslashes in `echo`, and `printf` has a language of its own.
            let is_certain = base == "echo"
                && arguments.iter().all(|word| word.certain().is_some_and(|text| !text.contains('\\') && !text.starts_with('-')));
            Some(Input { text, is_certain })
        }
        "cat" | "tee" if arguments.is_empty() => input,
        _ => None,
    }
}
