//! Small tools for reading a clause: its verb, quoted pieces, paths and contents.

use std::ops::Range;

const VERBS: [&str; 28] = [
    "write", "create", "make", "save", "put", "append", "add", "read", "show", "open", "print", "cat", "display", "list",
    "replace", "change", "search", "find", "grep", "look", "run", "execute", "delete", "remove", "inspect", "stat", "mark",
    "tick",
];
const MORE_VERBS: [&str; 2] = ["complete", "finish"];
/// What people say before they say what they want, the longest first.
const POLITE: [&str; 17] = [
    "i would like you to ",
    "i want you to ",
    "could you please ",
    "can you please ",
    "could you ",
    "would you ",
    "can you ",
    "please, ",
    "please ",
    "and then ",
    "then ",
    "and ",
    "also ",
    "now ",
    "next, ",
    "let's ",
    "first, ",
];
/// Questions that mean a command.
const QUESTIONS: [(&str, &str); 8] = [
    ("what files are in ", "list files in "),
    ("what files are there", "list files"),
    ("which files are there", "list files"),
    ("what is on my ", "list my "),
    ("what's on my ", "list my "),
    ("what are my ", "list my "),
    ("what is in ", "read "),
    ("what's in ", "read "),
];

/// The verb a clause begins with, and what follows it.
pub(super) fn verb(clause: &str) -> Option<(&'static str, &str)> {
    let mut rest = clause.trim_start();
    while let Some(polite) = POLITE.iter().find(|polite| starts_with(rest, polite)) {
        rest = rest[polite.len()..].trim_start();
    }
    if let Some((question, command)) = QUESTIONS.iter().find(|(question, _)| starts_with(rest, question)) {
        let (verb, noun) = command.split_once(' ')?;
        let verb = VERBS.iter().find(|known| **known == verb)?;
        let tail = rest[question.len()..].trim_start_matches([' ', '?']);
        return Some((verb, if tail.is_empty() { noun } else { tail }));
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let verb = VERBS.iter().chain(&MORE_VERBS).find(|verb| verb.eq_ignore_ascii_case(&rest[..end]))?;
    // "list.txt" and "make-up" only begin like a verb.
    let follows = rest[end..].chars().next();
    follows
        .is_none_or(|c| c.is_whitespace() || matches!(c, ':' | ','))
        .then(|| (*verb, rest[end..].trim_start_matches([' ', ':', ','])))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Where the quoted pieces are, quotes included. An apostrophe inside a word is no quote.
pub(super) fn quotes(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut before = None;
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        let opens = match c {
            '`' | '"' => Some(c),
            '“' => Some('”'),
            '\'' if !before.is_some_and(char::is_alphanumeric) => Some(c),
            _ => None,
        };
        if at >= skip_to
            && let Some(close) = opens
            && let Some(length) = text[at + c.len_utf8()..].find(close)
        {
            skip_to = at + c.len_utf8() + length + close.len_utf8();
            found.push(at..skip_to);
        }
        before = Some(c);
    }
    found
}

/// The first quoted piece, without its quotes.
pub(super) fn quoted(text: &str) -> Option<String> {
    quotes(text).first().map(|range| unquote(&text[range.clone()]))
}

/// The text with every quoted piece taken out.
pub(super) fn without_quotes(text: &str) -> String {
    let mut left = String::new();
    let mut start = 0;
    for quote in quotes(text) {
        left.push_str(&text[start..quote.start]);
        start = quote.end;
    }
    left + &text[start..]
}

fn unquote(text: &str) -> String {
    let mut inner = text.chars();
    inner.next();
    inner.next_back();
    inner.as_str().to_owned()
}

/// The text without its quotes, articles and what frames it.
pub(super) fn bare(text: &str) -> String {
    quoted(text).unwrap_or_else(|| strip_articles(text).trim().trim_end_matches(['.', '!', '?', ',']).to_owned())
}

/// The first word that is a path: it has an extension or a slash.
pub(super) fn path(text: &str) -> Option<String> {
    text.split_whitespace().map(trim_word).find(|word| is_path(word)).map(str::to_owned)
}

fn trim_word(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, '`' | '"' | '\'' | '“' | '”' | ',' | ';' | ':' | '!' | '?' | '(' | ')'))
        .trim_end_matches('.')
}

fn is_path(word: &str) -> bool {
    let extension = word.rsplit_once('.').filter(|(stem, end)| {
        !stem.is_empty()
            && !end.is_empty()
            && end.len() <= 8
            && end.chars().all(char::is_alphanumeric)
            && end.chars().any(char::is_alphabetic)
    });
    let hidden = word.len() > 1 && word.starts_with('.') && !word.starts_with("..");
    (extension.is_some() || hidden || word.contains('/')) && word.chars().any(char::is_alphanumeric) && !word.contains("://")
}

/// The word behind "named" or "called".
pub(super) fn named(text: &str) -> Option<String> {
    let name = after_any(text, &["named ", "called "])?;
    Some(quoted(name).unwrap_or_else(|| trim_word(name.split_whitespace().next().unwrap_or_default()).to_owned()))
        .filter(|name| !name.is_empty())
}

/// The word behind "file", for files without an extension.
pub(super) fn file_word(text: &str) -> Option<String> {
    let name = after_any(text, &["file "])?;
    name.split_whitespace().next().map(|word| trim_word(word).to_owned()).filter(|word| !word.is_empty())
}

/// A folder's name: the first word that is not a word for folders.
pub(super) fn folder(text: &str) -> Option<String> {
    let word = trim_word(text.split_whitespace().next()?);
    let general = ["folder", "directory", "workspace", "here", "it", "this", "current", "there"];
    (!word.is_empty() && !general.contains(&word.to_lowercase().as_str())).then(|| word.to_owned())
}

pub(super) fn last_word(text: &str) -> Option<String> {
    let word = trim_word(text.split_whitespace().next_back()?);
    (!word.is_empty() && !matches!(word, "folder" | "directory")).then(|| word.to_owned())
}

/// True when the text means the file that was talked about before.
pub(super) fn means_last(text: &str) -> bool {
    let word = |word: &str| matches!(trim_word(word).to_lowercase().as_str(), "it" | "that" | "this" | "back" | "its");
    text.trim().is_empty() || text.split_whitespace().any(word) || text.to_lowercase().trim() == "the file"
}

/// True when the text means what is in a folder rather than one file.
pub(super) fn means_many(text: &str) -> bool {
    let many = |word: &str| matches!(trim_word(word).to_lowercase().as_str(), "files" | "folder" | "directory" | "workspace");
    text.split_whitespace().any(many)
}

pub(super) fn strip_articles(text: &str) -> &str {
    let mut rest = text.trim();
    while let Some(word) = ["the ", "a ", "an ", "my ", "our "].iter().find(|word| starts_with(rest, word)) {
        rest = rest[word.len()..].trim_start();
    }
    rest
}

/// What follows the first of these marks that is in the text.
pub(super) fn after_any<'a>(text: &'a str, marks: &[&str]) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    marks.iter().find_map(|mark| lower.find(mark).map(|at| &text[at + mark.len()..]))
}

/// Splits at the first mark outside of quotes.
pub(super) fn split_once_outside<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    places(text, mark).next().map(|at| (&text[..at], &text[at + mark.len()..]))
}

/// Splits at the last mark outside of quotes.
pub(super) fn rsplit_once_outside<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    places(text, mark).last().map(|at| (&text[..at], &text[at + mark.len()..]))
}

fn places<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = usize> + 'a {
    let quotes = quotes(text);
    text.match_indices(mark).map(|(at, _)| at).filter(move |at| !quotes.iter().any(|quote| quote.contains(at)))
}

/// What to write into a file: the quoted text, a greeting, or the words themselves; always a whole line.
pub(super) fn content(text: &str) -> String {
    let text = text.trim();
    let described = strip_articles(text).to_ascii_lowercase();
    let line = quoted(text).unwrap_or_else(|| {
        if described.starts_with("greeting") || described.contains(" greeting") {
            return "Hello! This file was written by the octi demo model.".to_owned();
        }
        let heads = ["the text ", "the content ", "the words ", "the line ", "a line "];
        heads.iter().find(|head| starts_with(text, head)).map_or(text, |head| &text[head.len()..]).to_owned()
    });
    if line.is_empty() || line.ends_with('\n') { line } else { line + "\n" }
}
