//! Words into text: quotes off, expansions marked, and the commands inside substitutions walked.

use brush_parser::word::{Parameter, ParameterExpr, ParameterTransformOp, SpecialParameter, WordPiece, WordPieceWithSource};

use super::parse;
use super::walk::{Stop, Walker};
use super::word::{Word, has_braces};

const OPAQUE_EXPANSION: &str = "it uses an expansion whose meaning is known only when it runs";
const ANSI_QUOTES: &str = "`$'…'` is read differently by different shells; use plain quotes";
const OLD_ARITHMETIC: &str = "`$[…]` is read differently by different shells; use `$((…))`";

impl Walker {
    /// Reads a word, walking every command inside it.
    pub(super) fn resolve(&mut self, raw: &str) -> Result<Word, Stop> {
        let mut word = Word { raw: raw.to_owned(), ..Word::default() };
        match parse::word(raw) {
            Ok(pieces) => self.pieces(raw, &pieces, false, &mut word)?,
            Err(_) => {
                self.doubt = Some("a word of it cannot be read");
                raw.clone_into(&mut word.text);
                raw.clone_into(&mut word.guess);
                word.dynamic = true;
            }
        }
        Ok(word)
    }

    /// Walks the commands inside text that is not a word of its own: here-documents, arithmetic, defaults of parameters.
    pub(super) fn embedded(&mut self, text: &str) -> Result<(), Stop> {
        if !text.contains(['$', '`']) {
            return Ok(());
        }
        match parse::unquoted(text) {
            Ok(pieces) => self.pieces(text, &pieces, true, &mut Word::default()),
            Err(_) => {
                self.doubt = Some("an expansion in it cannot be read");
                Ok(())
            }
        }
    }

    fn pieces(&mut self, raw: &str, pieces: &[WordPieceWithSource], quoted: bool, word: &mut Word) -> Result<(), Stop> {
        for piece in pieces {
            let source = raw.get(piece.start_index..piece.end_index).unwrap_or_default();
            self.piece(raw, source, &piece.piece, quoted, word)?;
        }
        Ok(())
    }

    fn piece(&mut self, raw: &str, source: &str, piece: &WordPiece, quoted: bool, word: &mut Word) -> Result<(), Stop> {
        match piece {
            WordPiece::Text(text) => {
                let is_glob = text.contains(['*', '?']) || (text.contains('[') && raw.contains(']'));
                if !quoted && (is_glob || has_braces(raw)) {
                    word.pattern = true;
                    word.unsure = true;
                }
                add(word, text);
            }
            WordPiece::SingleQuotedText(text) => add(word, text),
            WordPiece::AnsiCQuotedText(text) => {
                self.doubt = Some(ANSI_QUOTES);
                word.dynamic = true;
                add(word, text);
            }
            WordPiece::DoubleQuotedSequence(pieces) => self.pieces(raw, pieces, true, word)?,
            WordPiece::GettextDoubleQuotedSequence(pieces) => {
                word.dynamic = true;
                self.pieces(raw, pieces, true, word)?;
            }
            WordPiece::TildeExpansion(_) => {
                word.pattern = true;
                add(word, source);
            }
            WordPiece::EscapeSequence(escape) => add(word, escape.strip_prefix('\\').unwrap_or(escape)),
            WordPiece::ParameterExpansion(parameter) => self.parameter(source, parameter, word)?,
            WordPiece::CommandSubstitution(line) => self.substitution(source, line, word)?,
            WordPiece::BackquotedCommandSubstitution(line) => {
                if source.contains('\\') {
                    self.doubt = Some("backslashes inside backquotes are read differently by different shells; use `$(…)`");
                }
                self.substitution(source, line, word)?;
            }
            WordPiece::ArithmeticExpression(expression) => {
                if source.starts_with("$[") {
                    self.doubt = Some(OLD_ARITHMETIC);
                }
                let is_plain = |c: char| c.is_ascii_alphanumeric() || " _+-*/%()<>=!&|^~?:,$\t".contains(c);
                if !expression.value.chars().all(is_plain) {
                    self.doubt = Some(OPAQUE_EXPANSION);
                }
                self.embedded(&expression.value)?;
                mark(word, source);
                word.guess.push_str(source);
            }
        }
        Ok(())
    }

    fn substitution(&mut self, source: &str, line: &str, word: &mut Word) -> Result<(), Stop> {
        mark(word, source);
        match self.line(line)? {
            Some(output) => word.guess.push_str(output.text.trim_end_matches('\n')),
            None => word.guess.push_str(source),
        }
        Ok(())
    }

    fn parameter(&mut self, source: &str, parameter: &ParameterExpr, word: &mut Word) -> Result<(), Stop> {
        mark(word, source);
        let name = match parameter {
            ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false } => Some(name.as_str()),
            ParameterExpr::Parameter { parameter: Parameter::Special(SpecialParameter::ShellName), .. } => Some("SHELL"),
            ParameterExpr::Parameter { indirect: true, .. }
            | ParameterExpr::Transform { op: ParameterTransformOp::PromptExpand, .. }
            | ParameterExpr::AssignDefaultValues { .. } => {
                self.doubt = Some(OPAQUE_EXPANSION);
                None
            }
            _ => None,
        };
        // Defaults, patterns and subscripts may hold commands of their own.
        if let Some(inner) = source.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            self.embedded(inner)?;
        }
        let guess = match name {
            Some("HOME") => Some("~"),
            Some("SHELL") => Some("sh"),
            Some(name) => self.variables.get(name).map(String::as_str),
            None => default_value(parameter),
        };
        word.guess.push_str(guess.unwrap_or(source));
        Ok(())
    }
}

/// What a parameter is replaced with when it is not set, as with `${x:-/}`.
fn default_value(parameter: &ParameterExpr) -> Option<&str> {
    match parameter {
        ParameterExpr::UseDefaultValues { default_value: value, .. }
        | ParameterExpr::AssignDefaultValues { default_value: value, .. }
        | ParameterExpr::UseAlternativeValue { alternative_value: value, .. } => value.as_deref(),
        _ => None,
    }
}

fn add(word: &mut Word, text: &str) {
    word.text.push_str(text);
    word.guess.push_str(text);
}

fn mark(word: &mut Word, source: &str) {
    word.text.push_str(source);
    word.dynamic = true;
    word.splits = true;
}
