//! The `[prompts.NAME]` and `[documents.NAME]` tables: texts and pictures that a plugin offers without code.
//!
//! In `plugin.toml` they name files of the plugin's folder; the build puts what stands in them into the section. They are data:
//! they give no tool and no right, whatever they say.

use std::collections::{BTreeMap, BTreeSet};

use octi_domain::limits;
use serde::{Deserialize, Serialize};

use super::{is_name, one_line};
use crate::offered::{Address, variables};

/// A text for people and programs to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptEntry {
    pub description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<PromptArgument>,
    /// The file of its template, relative to `plugin.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The template itself: `{{name}}` stands for an argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<Attached>,
}

/// One thing that a prompt asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptArgument {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default)]
    pub required: bool,
    /// What clients suggest while a person types. Other values are taken too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// What goes with a prompt: the address of a document of the same plugin, in which arguments may stand, or a picture.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The file of the picture, relative to `plugin.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The picture itself, in base64. Written by the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// A text or a picture to read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentEntry {
    /// Such as `acme://styles/house`, or with variables `acme://styles/{language}`, which the text repeats as `{{language}}`.
    pub uri: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub media_type: String,
    /// The file, relative to `plugin.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is no text, in base64. Written by the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

type Problem = (String, String);

/// Checks the names, sizes, counts and templates of all of them.
pub(super) fn check(prompts: &BTreeMap<String, PromptEntry>, documents: &BTreeMap<String, DocumentEntry>) -> Result<(), Problem> {
    at_most("prompts", prompts.len(), limits::OFFERED_PROMPTS_MAX)?;
    at_most("documents", documents.len(), limits::OFFERED_DOCUMENTS_MAX)?;
    for (name, prompt) in prompts {
        let place = format!("prompts.{name}");
        named(&place, name)?;
        prompt.check().map_err(|(field, problem)| (format!("{place}.{field}"), problem))?;
    }
    let mut addresses = BTreeSet::new();
    for (name, document) in documents {
        let place = format!("documents.{name}");
        named(&place, name)?;
        document.check().map_err(|(field, problem)| (format!("{place}.{field}"), problem))?;
        if !addresses.insert(&document.uri) {
            return Err((format!("{place}.uri"), "another document of the plugin has it already".to_owned()));
        }
    }
    Ok(())
}

/// Refuses a section in which files stand that were not put in.
pub(super) fn check_filled(
    prompts: &BTreeMap<String, PromptEntry>,
    documents: &BTreeMap<String, DocumentEntry>,
) -> Result<(), Problem> {
    let of_prompts = prompts.iter().filter(|(_, prompt)| prompt.file.is_some()).map(|(name, _)| format!("prompts.{name}.file"));
    let is_open = |prompt: &PromptEntry| prompt.attach.as_ref().is_some_and(|attach| attach.picture.is_some());
    let pictures = prompts.iter().filter(|(_, prompt)| is_open(prompt)).map(|(name, _)| format!("prompts.{name}.attach.picture"));
    let of_documents = documents.iter().filter(|(_, one)| one.file.is_some()).map(|(name, _)| format!("documents.{name}.file"));
    match of_prompts.chain(pictures).chain(of_documents).next() {
        Some(field) => Err((field, "the file was not put into the plugin: build it with `octi plugin build`".to_owned())),
        None => Ok(()),
    }
}

fn at_most(field: &str, count: usize, max: usize) -> Result<(), Problem> {
    if count <= max { Ok(()) } else { Err((field.to_owned(), format!("{count} are more than the {max} allowed"))) }
}

fn named(place: &str, name: &str) -> Result<(), Problem> {
    if is_name(name) {
        return Ok(());
    }
    Err((place.to_owned(), "a name is up to 64 lower case letters, digits, `-` and `_`, without `__`".to_owned()))
}

fn described(field: &str, text: &str, may_be_empty: bool) -> Result<(), Problem> {
    let (chars, max) = (text.chars().count(), limits::OFFERED_DESCRIPTION_CHARS_MAX);
    if chars > max || (text.trim().is_empty() && !may_be_empty) {
        return Err((field.to_owned(), format!("it has {chars} characters; write 1 to {max} that say what it is")));
    }
    one_line(text).map_err(|problem| (field.to_owned(), problem))
}

/// Exactly one of them holds the content, and none is too large.
fn one_of(fields: &[(&str, Option<&String>)]) -> Result<(), Problem> {
    let given: Vec<_> = fields.iter().filter_map(|(field, value)| value.map(|value| (*field, value))).collect();
    let names = || fields.iter().map(|(field, _)| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    let [(field, value)] = given.as_slice() else {
        return Err((fields.first().map_or("", |(field, _)| *field).to_owned(), format!("write exactly one of {}", names())));
    };
    // Base64 has four characters for three bytes.
    let max = if *field == "data" { limits::OFFERED_BYTES_MAX.div_ceil(3) * 4 } else { limits::OFFERED_BYTES_MAX };
    if value.is_empty() || value.len() > max {
        return Err(((*field).to_owned(), format!("it has {} bytes; 1 to {max} are allowed", value.len())));
    }
    let is_base64 = |value: &str| {
        let plain = value.trim_end_matches('=');
        value.len().is_multiple_of(4)
            && value.len() - plain.len() <= 2
            && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    };
    if *field == "data" && !is_base64(value) {
        return Err(((*field).to_owned(), "it is not base64".to_owned()));
    }
    Ok(())
}

fn media_type(field: &str, text: &str) -> Result<(), Problem> {
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '_'));
    match text.split_once('/') {
        Some((kind, name)) if text.len() <= 100 && is_part(kind) && is_part(name) => Ok(()),
        _ => Err((field.to_owned(), "it is no media type such as `text/markdown` or `image/png`".to_owned())),
    }
}

/// Every variable of a template is known.
fn knows(field: &str, template: &str, known: &BTreeSet<&str>) -> Result<(), Problem> {
    match variables(template).find(|variable| !known.contains(variable)) {
        Some(unknown) => {
            let unknown: String = unknown.chars().take(64).collect();
            Err((field.to_owned(), format!("`{{{{{unknown}}}}}` stands for nothing that is declared")))
        }
        None => Ok(()),
    }
}

impl PromptEntry {
    fn check(&self) -> Result<(), Problem> {
        described("description", &self.description, false)?;
        at_most("arguments", self.arguments.len(), limits::OFFERED_ARGUMENTS_MAX)?;
        let mut known = BTreeSet::new();
        for argument in &self.arguments {
            argument.check().map_err(|(field, problem)| (format!("arguments.{field}"), problem))?;
            if !known.insert(argument.name.as_str()) {
                return Err(("arguments".to_owned(), format!("`{}` is there twice", argument.name)));
            }
        }
        one_of(&[("file", self.file.as_ref()), ("text", self.text.as_ref())])?;
        knows("text", self.text.as_deref().unwrap_or_default(), &known)?;
        match &self.attach {
            Some(attach) => attach.check(&known).map_err(|(field, problem)| (format!("attach.{field}"), problem)),
            None => Ok(()),
        }
    }
}

impl PromptArgument {
    fn check(&self) -> Result<(), Problem> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(is_word) {
            return Err(("name".to_owned(), "it is 1 to 64 letters, digits, `-` and `_`".to_owned()));
        }
        let field = |name: &str| format!("{}.{name}", self.name);
        described(&field("description"), &self.description, true)?;
        at_most(&field("values"), self.values.len(), limits::OFFERED_VALUES_MAX)?;
        for value in &self.values {
            let (chars, max) = (value.chars().count(), limits::OFFERED_VALUE_CHARS_MAX);
            if chars == 0 || chars > max {
                return Err((field("values"), format!("one has {chars} characters; write 1 to {max}")));
            }
            one_line(value).map_err(|problem| (field("values"), problem))?;
        }
        Ok(())
    }
}

impl Attached {
    fn check(&self, known: &BTreeSet<&str>) -> Result<(), Problem> {
        let fields = [("document", self.document.as_ref()), ("picture", self.picture.as_ref()), ("data", self.data.as_ref())];
        one_of(&fields)?;
        if let Some(document) = &self.document {
            return knows("document", document, known);
        }
        let kind = self.media_type.as_deref().unwrap_or_default();
        media_type("media_type", kind)?;
        if kind.starts_with("image/") {
            return Ok(());
        }
        Err(("media_type".to_owned(), format!("`{kind}` is no picture: write one such as `image/png`")))
    }
}

impl DocumentEntry {
    fn check(&self) -> Result<(), Problem> {
        described("title", &self.title, false)?;
        described("description", &self.description, true)?;
        media_type("media_type", &self.media_type)?;
        let address = Address::parse(&self.uri).map_err(|problem| ("uri".to_owned(), problem))?;
        one_of(&[("file", self.file.as_ref()), ("text", self.text.as_ref()), ("data", self.data.as_ref())])?;
        if address.variables().next().is_some() && self.data.is_some() {
            return Err(("data".to_owned(), "a document with variables in its `uri` is a text".to_owned()));
        }
        knows("text", self.text.as_deref().unwrap_or_default(), &address.variables().collect())
    }
}
