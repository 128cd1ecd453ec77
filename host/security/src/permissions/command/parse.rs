//! The parser behind bounds: it recurses and backtracks, so what it is given must be small and shallow.

use std::panic::{AssertUnwindSafe, catch_unwind};

use brush_parser::ast::Program;
use brush_parser::word::WordPieceWithSource;
use brush_parser::{ParserOptions, Token, parse_tokens, uncached_tokenize_str};
use octi_domain::limits::{SHELL_LINE_BYTES_MAX, SHELL_OPENINGS_MAX};

use super::CommandError;

/// What a word counts that opens a block where a command is expected. Counted anywhere: the bound may be too strict,
/// never too lax. The parser tries a `case` and a `coproc` several times over, so that nesting them costs exponentially.
fn block_weight(word: &str) -> usize {
    match word {
        "{" | "if" | "elif" | "while" | "until" | "for" | "select" | "function" | "[[" | "!" | "time" | "do" => 1,
        "case" | "coproc" => SHELL_OPENINGS_MAX / 4,
        _ => 0,
    }
}

fn options() -> ParserOptions {
    // Extended globs are off in a shell started with `-c`; with them on, `!(cmd)` would be taken for a pattern.
    ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() }
}

/// Parses a line.
pub(super) fn program(line: &str) -> Result<Program, CommandError> {
    if line.len() > SHELL_LINE_BYTES_MAX {
        return Err(CommandError::TooLong { bytes: line.len() });
    }
    if let Some(control) = line.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t') {
        return Err(CommandError::Control(control));
    }
    // The tokenizer itself recurses into substitutions.
    let substitutions = ["$(", "${", "$["].iter().map(|open| line.matches(open).count()).sum::<usize>();
    if substitutions + line.matches('`').count() / 2 > SHELL_OPENINGS_MAX {
        return Err(CommandError::TooNested);
    }
    // An escaped line end would leave the tokenizer without the line end that it needs below.
    if line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1 {
        return Err(CommandError::Syntax("a backslash stands at its end".to_owned()));
    }
    // A here-document whose end is the empty text (`<<'' #`) makes the tokenizer wait for a line end, and take memory meanwhile, for ever.
    let line = format!("{line}\n");
    let tokens = guarded(|| uncached_tokenize_str(&line, &options().tokenizer_options()).map_err(|error| error.to_string()))?;
    check_tokens(&tokens)?;
    guarded(|| parse_tokens(&tokens, &options()).map_err(|error| error.to_string()))
}

/// Parses one word into its pieces.
pub(super) fn word(text: &str) -> Result<Vec<WordPieceWithSource>, CommandError> {
    check_word(text)?;
    guarded(|| brush_parser::word::parse(text, &options()).map_err(|error| error.to_string()))
}

/// Parses text in which quotes mean nothing but substitutions still happen, such as the body of a here-document.
pub(super) fn unquoted(text: &str) -> Result<Vec<WordPieceWithSource>, CommandError> {
    check_word(text)?;
    guarded(|| brush_parser::word::parse_heredoc(text, &options()).map_err(|error| error.to_string()))
}

fn check_tokens(tokens: &[Token]) -> Result<(), CommandError> {
    let mut openings = 0;
    for token in tokens {
        match token {
            // The parser reads `((` both as arithmetic and as two subshells, at every level.
            Token::Operator(operator, _) => openings += 2 * usize::from(operator == "("),
            Token::Word(text, _) => {
                openings += block_weight(text);
                check_word(text)?;
                // The parser reads digits before a redirection as an `i32` and panics on more.
                if text.len() > 9 && text.bytes().all(|b| b.is_ascii_digit()) {
                    let rest = "a number of more than nine digits stands alone";
                    return Err(CommandError::Syntax(rest.to_owned()));
                }
            }
        }
    }
    if openings > SHELL_OPENINGS_MAX { Err(CommandError::TooNested) } else { Ok(()) }
}

/// Bounds the brackets of one word. Words without an expansion or a subscript are read in one pass.
fn check_word(text: &str) -> Result<(), CommandError> {
    let name_end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let is_subscript = name_end > 0 && text[name_end..].starts_with('[');
    if !is_subscript && !text.contains(['$', '`']) {
        return Ok(());
    }
    let openings = text.bytes().filter(|b| matches!(b, b'(' | b'[')).count() + text.matches("${").count();
    if openings + text.matches('`').count() / 2 > SHELL_OPENINGS_MAX { Err(CommandError::TooNested) } else { Ok(()) }
}

/// A panic inside the parser is a line that cannot be read, not the end of the turn.
fn guarded<T>(parse: impl FnOnce() -> Result<T, String>) -> Result<T, CommandError> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result.map_err(CommandError::Syntax),
        Err(_) => Err(CommandError::Syntax("the parser gave up".to_owned())),
    }
}
