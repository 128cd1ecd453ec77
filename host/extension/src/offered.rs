//! What plugins offer to read and to begin with: prompts and documents, which are data of their manifests.

use std::collections::BTreeMap;

use octi_domain::limits;

use crate::manifest::{DocumentEntry, Manifest, PromptEntry};

/// The prompts and documents of one version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// `publisher/name`.
    pub plugin: String,
    pub version: String,
    /// What names of prompts begin with, as names of tools do.
    pub alias: String,
    pub prompts: BTreeMap<String, PromptEntry>,
    pub documents: BTreeMap<String, DocumentEntry>,
}

/// A document with what its address says put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    pub entry: &'a DocumentEntry,
    pub body: Body<'a>,
}

/// What stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    Text(String),
    /// In base64.
    Data(&'a str),
}

impl Offered {
    /// What this version offers, if it offers anything.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Option<Self> {
        if manifest.prompts.is_empty() && manifest.documents.is_empty() {
            return None;
        }
        Some(Self {
            plugin: manifest.id.clone(),
            version: manifest.version.clone(),
            alias: manifest.alias().to_owned(),
            prompts: manifest.prompts.clone(),
            documents: manifest.documents.clone(),
        })
    }

    /// The document at that address. None when there is none, or what the address puts into it makes it too large.
    #[must_use]
    pub fn document(&self, uri: &str) -> Option<Page<'_>> {
        self.documents.values().find_map(|entry| {
            let values = Address::parse(&entry.uri).ok()?.values(uri)?;
            let body = match (&entry.text, &entry.data) {
                (Some(text), _) => Body::Text(fill(text, &values, limits::MCP_RESULT_BYTES_MAX)?),
                (None, Some(data)) => Body::Data(data),
                (None, None) => return None,
            };
            Some(Page { entry, body })
        })
    }
}

/// The names that stand in double braces.
pub(crate) fn variables(template: &str) -> impl Iterator<Item = &str> {
    parts(template).filter_map(|part| if let Part::Variable(name) = part { Some(name) } else { None })
}

/// A template with the values put in once: braces in a value stay what they are. What has no value becomes nothing. None when it
/// would have more than that many bytes.
#[must_use]
pub fn fill(template: &str, values: &BTreeMap<&str, &str>, bytes_max: usize) -> Option<String> {
    let mut filled = String::new();
    for part in parts(template) {
        let text = match part {
            Part::Plain(text) => text,
            Part::Variable(name) => values.get(name).copied().unwrap_or_default(),
        };
        if filled.len() + text.len() > bytes_max {
            return None;
        }
        filled.push_str(text);
    }
    Some(filled)
}

enum Part<'a> {
    Plain(&'a str),
    Variable(&'a str),
}

fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((begin, end)) = next_variable(rest) else { return Some(Part::Plain(std::mem::take(&mut rest))) };
        if begin > 0 {
            let (plain, after) = rest.split_at(begin);
            rest = after;
            return Some(Part::Plain(plain));
        }
        let name = &rest[2..end - 2];
        rest = &rest[end..];
        Some(Part::Variable(name.trim()))
    })
}

/// Longer than any name in braces, with blanks around it.
const VARIABLE_BYTES_MAX: usize = 128;

/// Where the next `{{name}}` begins and ends. Other braces are text.
fn next_variable(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' ');
    bytes.windows(2).enumerate().filter(|(_, pair)| pair == b"{{").find_map(|(begin, _)| {
        let inner = &bytes[begin + 2..];
        let length = inner.iter().take(VARIABLE_BYTES_MAX).take_while(is_part).count();
        let is_name = !inner[..length].trim_ascii().is_empty() && inner[length..].starts_with(b"}}");
        // A blank within makes it words and no name.
        let is_one = !inner[..length].trim_ascii().contains(&b' ');
        (is_name && is_one).then_some((begin, begin + 2 + length + 2))
    })
}

/// The address of a document, in which `{name}` stands for what a client fills in (RFC 6570, level 1).
pub(crate) struct Address<'a>(Vec<Piece<'a>>);

enum Piece<'a> {
    Plain(&'a str),
    Variable(&'a str),
}

/// Schemes that lead elsewhere than to a plugin.
const FOREIGN: [&str; 9] = ["octi", "file", "http", "https", "data", "javascript", "ui", "ws", "wss"];

impl<'a> Address<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(uri: &'a str) -> Result<Self, String> {
        if uri.len() > limits::OFFERED_URI_BYTES_MAX {
            return Err(format!("it has {} bytes, more than the {} allowed", uri.len(), limits::OFFERED_URI_BYTES_MAX));
        }
        let scheme = uri.split_once("://").map(|(scheme, _)| scheme).filter(|scheme| {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
            scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.chars().all(is_plain)
        });
        let Some(scheme) = scheme else { return Err("it is no address such as `acme://styles/house`".to_owned()) };
        if FOREIGN.contains(&scheme) {
            return Err(format!(
                "`{scheme}:` leads elsewhere than to a plugin: begin it with a word of your own, such as `acme:`"
            ));
        }
        let mut pieces = Vec::new();
        let mut rest = uri;
        while let Some((plain, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { return Err("a `{` in it is not closed".to_owned()) };
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return Err(format!("`{{{name}}}` is not a variable such as `{{language}}`"));
            }
            if plain.is_empty() {
                return Err(format!("something has to stand between two variables, before `{{{name}}}`"));
            }
            pieces.extend([Piece::Plain(plain), Piece::Variable(name)]);
            rest = after;
        }
        pieces.extend((!rest.is_empty()).then_some(Piece::Plain(rest)));
        let is_visible = |piece: &Piece<'_>| match piece {
            Piece::Plain(text) => text.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}<>\"\\^`|".contains(&byte)),
            Piece::Variable(_) => true,
        };
        if !pieces.iter().all(is_visible) {
            return Err("it holds a character that addresses do not: write it as `%20` and so on".to_owned());
        }
        Ok(Self(pieces))
    }

    /// What a client fills in.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|piece| if let Piece::Variable(name) = piece { Some(*name) } else { None })
    }

    /// What the variables are in that address; none when it is another document's.
    fn values<'u>(&self, uri: &'u str) -> Option<BTreeMap<&'a str, &'u str>> {
        let is_value = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '%');
        let mut values = BTreeMap::new();
        let mut rest = uri;
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Plain(text) => rest = rest.strip_prefix(text)?,
                Piece::Variable(name) => {
                    // A value goes as far as it can, and no further than to what follows it.
                    let reach = rest.find(|c| !is_value(c)).unwrap_or(rest.len());
                    let length = match self.0.get(at + 1) {
                        Some(Piece::Plain(next)) => rest.find(next)?.min(reach),
                        _ => reach,
                    };
                    if length == 0 || length > limits::OFFERED_URI_BYTES_MAX {
                        return None;
                    }
                    let (value, after) = rest.split_at(length);
                    values.insert(*name, value);
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(values)
    }
}

#[cfg(test)]
#[path = "offered_tests.rs"]
mod tests;
