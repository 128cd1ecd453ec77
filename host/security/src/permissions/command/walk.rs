//! The walk over a parsed line into every simple command.

use std::collections::HashMap;

use brush_parser::ast::{
    self, AndOr, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem as Item, CompoundCommand, CompoundList,
    Pipeline, SeparatorOperator,
};
use octi_domain::limits::{SHELL_COMMANDS_MAX, SHELL_DEPTH_MAX};

use super::word::Word;
use super::{CommandError, Refusal, Script, SimpleCommand, parse, wrapper};

/// The walk ends early: too many commands.
#[derive(Debug)]
pub(super) struct Stop;

/// What a command reads, as far as the line tells.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) text: String,
    pub(super) is_certain: bool,
}

/// What is known while walking.
#[derive(Default)]
pub(super) struct Walker {
    pub(super) script: Script,
    depth: usize,
    /// Values that the line itself gives to variables.
    pub(super) variables: HashMap<String, String>,
    /// The functions whose bodies are being walked.
    functions: Vec<String>,
    /// Pipelines and background jobs around what is being walked.
    spawning: usize,
    /// The line went to `/` or home, so `*` means everything there.
    pub(super) is_at_root: bool,
    /// Why the line as a whole could be read differently by another shell.
    pub(super) doubt: Option<&'static str>,
}

/// An assignment of the line.
pub(super) struct Assigned {
    pub(super) text: String,
    /// A lower-case variable: no program and no shell gives it a meaning.
    is_private: bool,
}

impl Assigned {
    /// One that stands before a command, which sees it.
    pub(super) fn of_command(text: String) -> Self {
        Self { text, is_private: false }
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<Script, CommandError> {
    let program = parse::program(line)?;
    let mut walker = Walker::default();
    walker.program(&program).map_err(|Stop| CommandError::TooMany)?;
    let mut script = walker.script;
    if let Some(doubt) = walker.doubt {
        if script.commands.is_empty() {
            let text = line.trim().to_owned();
            script.commands.push(SimpleCommand { text, words: Vec::new(), aliases: Vec::new(), opaque: None });
        }
        for command in &mut script.commands {
            command.opaque = command.opaque.or(Some(doubt));
        }
    }
    Ok(script)
}

impl Walker {
    fn program(&mut self, program: &ast::Program) -> Result<Option<Input>, Stop> {
        let mut output = None;
        for list in &program.complete_commands {
            output = self.list(list)?;
        }
        Ok(output)
    }

    /// A line inside the line. What cannot be read is opaque.
    pub(super) fn line(&mut self, line: &str) -> Result<Option<Input>, Stop> {
        if self.depth >= SHELL_DEPTH_MAX {
            self.push(&[Word::literal(line)], &[], Some("it is nested too deeply to be followed"))?;
            return Ok(None);
        }
        match parse::program(line) {
            Ok(program) => {
                self.depth += 1;
                let output = self.program(&program);
                self.depth -= 1;
                output
            }
            Err(_) => {
                self.push(&[Word::literal(line)], &[], Some("it cannot be read as a shell line"))?;
                Ok(None)
            }
        }
    }

    /// The commands of a list; what the last one prints, if known.
    pub(super) fn list(&mut self, list: &CompoundList) -> Result<Option<Input>, Stop> {
        let mut output = None;
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            let is_async = matches!(separator, SeparatorOperator::Async);
            self.spawning += usize::from(is_async);
            output = self.pipeline(&and_or.first)?;
            for next in &and_or.additional {
                let (AndOr::And(pipeline) | AndOr::Or(pipeline)) = next;
                output = self.pipeline(pipeline)?;
            }
            self.spawning -= usize::from(is_async);
        }
        Ok(output)
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Option<Input>, Stop> {
        let is_pipe = pipeline.seq.len() > 1;
        self.spawning += usize::from(is_pipe);
        let mut passed = None;
        for command in &pipeline.seq {
            passed = self.command(command, passed)?;
        }
        self.spawning -= usize::from(is_pipe);
        Ok(passed)
    }

    fn command(&mut self, command: &Command, input: Option<Input>) -> Result<Option<Input>, Stop> {
        match command {
            Command::Simple(simple) => self.simple(simple, input),
            Command::Compound(compound, redirects) => {
                self.redirects(redirects.as_ref())?;
                self.compound(compound)?;
                Ok(None)
            }
            Command::Function(function) => {
                self.functions.push(function.fname.value.clone());
                self.redirects(function.body.1.as_ref())?;
                self.compound(&function.body.0)?;
                self.functions.pop();
                Ok(None)
            }
            Command::ExtendedTest(test, redirects) => {
                self.doubt = Some("`[[` is read differently by different shells; use `[`");
                self.embedded(&test.to_string())?;
                self.redirects(redirects.as_ref())?;
                Ok(None)
            }
        }
    }

    fn redirects(&mut self, redirects: Option<&ast::RedirectList>) -> Result<(), Stop> {
        for redirect in redirects.iter().flat_map(|list| &list.0) {
            self.redirect(redirect)?;
        }
        Ok(())
    }

    fn compound(&mut self, compound: &CompoundCommand) -> Result<(), Stop> {
        match compound {
            CompoundCommand::Arithmetic(command) => {
                self.doubt = Some("`((` is read differently by different shells; use `$((…))` in a test");
                self.embedded(&command.expr.value)?;
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                self.doubt = Some("`for ((` is read differently by different shells; use `for … in`");
                for part in [&clause.initializer, &clause.condition, &clause.updater].into_iter().flatten() {
                    self.embedded(&part.value)?;
                }
                self.list(&clause.body.list)?;
            }
            CompoundCommand::BraceGroup(group) => drop(self.list(&group.list)?),
            CompoundCommand::Subshell(subshell) => drop(self.list(&subshell.list)?),
            CompoundCommand::ForClause(clause) => self.for_clause(clause)?,
            CompoundCommand::CaseClause(clause) => {
                self.resolve(&clause.value.value)?;
                for case in &clause.cases {
                    for pattern in &case.patterns {
                        self.resolve(&pattern.value)?;
                    }
                    if let Some(list) = &case.cmd {
                        self.list(list)?;
                    }
                }
            }
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition)?;
                self.list(&clause.then)?;
                for branch in clause.elses.iter().flatten() {
                    if let Some(condition) = &branch.condition {
                        self.list(condition)?;
                    }
                    self.list(&branch.body)?;
                }
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.list(&clause.0)?;
                self.list(&clause.1.list)?;
            }
            CompoundCommand::Coprocess(coprocess) => {
                self.doubt = Some("`coproc` is read differently by different shells");
                self.command(&coprocess.body, None)?;
            }
        }
        Ok(())
    }

    fn for_clause(&mut self, clause: &ast::ForClauseCommand) -> Result<(), Stop> {
        let mut values = Vec::new();
        for value in clause.values.iter().flatten() {
            values.extend(self.resolve(&value.value)?.guesses());
        }
        self.variables.insert(clause.variable_name.clone(), values.join(" "));
        if !is_private(&clause.variable_name) {
            let name = Word { raw: format!("{}=", clause.variable_name), dynamic: true, ..Word::default() };
            self.push(&[name], &[], Some("it sets a variable that programs obey"))?;
        }
        self.list(&clause.body.list).map(|_| ())
    }

    fn simple(&mut self, simple: &ast::SimpleCommand, mut input: Option<Input>) -> Result<Option<Input>, Stop> {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                Item::AssignmentWord(assignment, word) => assignments.push(self.assignment(assignment, &word.value)?),
                other => self.item(other, &mut words, &mut input)?,
            }
        }
        if let Some(name) = &simple.word_or_name {
            words.push(self.resolve(&name.value)?);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            self.item(item, &mut words, &mut input)?;
        }
        if !words.is_empty() {
            return self.dispatch(&words, &assignments, input);
        }
        for assigned in assignments.iter().filter(|assigned| !assigned.is_private) {
            let word = Word { raw: assigned.text.clone(), pattern: true, ..Word::literal(&assigned.text) };
            self.push(&[word], &[], None)?;
        }
        Ok(None)
    }

    fn item(&mut self, item: &Item, words: &mut Vec<Word>, input: &mut Option<Input>) -> Result<(), Stop> {
        match item {
            Item::IoRedirect(redirect) => {
                if let Some(fed) = self.redirect(redirect)? {
                    *input = Some(fed);
                } else if matches!(redirect, ast::IoRedirect::File(None | Some(0), ast::IoFileRedirectKind::Read, _)) {
                    *input = None;
                }
            }
            Item::Word(word) => words.push(self.resolve(&word.value)?),
            Item::AssignmentWord(assignment, word) => {
                // `export X=1`, `declare -a x=(1 2)`, `make X=1`: an argument, and perhaps an assignment too.
                if matches!(assignment.value, AssignmentValue::Array(_)) {
                    let assigned = self.assignment(assignment, &word.value)?;
                    words.push(Word { raw: assigned.text.clone(), pattern: true, ..Word::literal(&assigned.text) });
                } else {
                    self.assignment(assignment, &word.value)?;
                    words.push(self.resolve(&word.value)?);
                }
            }
            Item::ProcessSubstitution(_, subshell) => {
                self.list(&subshell.list)?;
                words.push(Word::unknown("<(…)"));
            }
        }
        Ok(())
    }

    fn assignment(&mut self, assignment: &ast::Assignment, raw: &str) -> Result<Assigned, Stop> {
        let name = match &assignment.name {
            AssignmentName::VariableName(name) => name,
            AssignmentName::ArrayElementName(name, index) => {
                self.embedded(index)?;
                name
            }
        };
        let mut text = raw.to_owned();
        match &assignment.value {
            AssignmentValue::Scalar(value) => {
                let value = self.resolve(&value.value)?;
                // Arithmetic runs commands that stand in a variable's value.
                if !value.dynamic && value.text.contains(['`', '$']) && value.text.contains(['`', '(']) {
                    self.doubt = Some("a variable holds text that a shell may run later");
                }
                if matches!(assignment.name, AssignmentName::VariableName(_)) && !assignment.append {
                    text = format!("{name}={}", value.canonical());
                }
                self.variables.insert(name.clone(), value.guess);
            }
            AssignmentValue::Array(values) => {
                self.doubt = Some("arrays are read differently by different shells");
                for (key, value) in values {
                    if let Some(key) = key {
                        self.resolve(&key.value)?;
                    }
                    self.resolve(&value.value)?;
                }
            }
        }
        Ok(Assigned { text, is_private: is_private(name) })
    }

    /// Records a command.
    pub(super) fn push(&mut self, words: &[Word], assignments: &[Assigned], opaque: Option<&'static str>) -> Result<(), Stop> {
        if self.script.commands.len() >= SHELL_COMMANDS_MAX {
            return Err(Stop);
        }
        let own: Vec<String> = words.iter().map(Word::canonical).collect();
        let assigned = assignments.iter().map(|assigned| assigned.text.clone());
        let text = assigned.chain(own.iter().cloned()).collect::<Vec<_>>().join(" ");
        let mut aliases = vec![own.join(" ")];
        let guesses: Vec<String> = words.iter().flat_map(Word::guesses).collect();
        if let Some((name, rest)) = guesses.split_first() {
            let bare = std::iter::once(wrapper::base_name(name)).chain(rest.iter().map(String::as_str));
            aliases.push(bare.map(super::word::quoted).collect::<Vec<_>>().join(" "));
        }
        aliases.dedup();
        aliases.retain(|alias| *alias != text);
        self.script.commands.push(SimpleCommand { text, words: own, aliases, opaque });
        Ok(())
    }

    /// Records what is never allowed; the first reason counts.
    pub(super) fn refuse(&mut self, command: &str, why: &'static str) {
        let command: String = command.chars().take(120).collect();
        self.script.refusal.get_or_insert(Refusal { command, why });
    }

    /// Whether running `name` here starts copies of the function that is being defined.
    pub(super) fn is_fork_bomb(&self, name: &str) -> bool {
        self.spawning > 0 && self.functions.iter().any(|function| function == name)
    }
}

/// Whether no program and no shell gives the variable a meaning.
fn is_private(name: &str) -> bool {
    !name.contains(|c: char| c.is_ascii_uppercase())
}
