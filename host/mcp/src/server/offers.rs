//! What a client can read besides calling tools, of plugins: their documents as resources; their prompts, the roles and the skills
//! as prompts.

use std::collections::BTreeMap;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::manifest::{Attached, DocumentEntry, PromptEntry};
use octi_extension::offered::{Body, Offered, Page, fill};
use rmcp::ErrorData;
use rmcp::model::{
    ArgumentInfo, CompleteResult, CompletionInfo, ContentBlock, GetPromptResult, ListPromptsResult, Prompt, PromptArgument,
    PromptMessage, Reference, Resource, ResourceContents, ResourceTemplate, Role,
};
use serde_json::{Map, Value};

use super::host::Host;

/// Stands between a plugin's name and its prompt's, as in names of tools.
const JOINT: &str = "__";

/// What plugins offer right now.
pub(super) struct Offers(Vec<Arc<Offered>>);

impl Offers {
    pub(super) fn new(all: Vec<Arc<Offered>>) -> Self {
        Self(all)
    }

    /// The documents without variables in their addresses, by address. Where two plugins have the same one, the first has it.
    pub(super) fn resources(&self) -> BTreeMap<String, Resource> {
        self.entries(false, |entry, offered| {
            let found = Resource::new(&entry.uri, &entry.title)
                .with_title(&entry.title)
                .with_description(described(entry, offered))
                .with_mime_type(&entry.media_type);
            match &entry.text {
                Some(text) => found.with_size(text.len() as u64),
                None => found,
            }
        })
    }

    /// The documents with variables, by their templates.
    pub(super) fn templates(&self) -> BTreeMap<String, ResourceTemplate> {
        self.entries(true, |entry, offered| {
            ResourceTemplate::new(&entry.uri, &entry.title)
                .with_title(&entry.title)
                .with_description(described(entry, offered))
                .with_mime_type(&entry.media_type)
        })
    }

    fn entries<T>(&self, with_variables: bool, of: impl Fn(&DocumentEntry, &Offered) -> T) -> BTreeMap<String, T> {
        let mut found = BTreeMap::new();
        for offered in &self.0 {
            for entry in offered.documents.values().filter(|entry| entry.uri.contains('{') == with_variables) {
                found.entry(entry.uri.clone()).or_insert_with(|| of(entry, offered));
            }
        }
        found
    }

    /// What stands at that address.
    pub(super) fn read(&self, uri: &str) -> Option<ResourceContents> {
        self.0.iter().find_map(|offered| offered.document(uri)).map(|page| contents(page, uri))
    }

    fn prompt(&self, name: &str) -> Option<(&Offered, &PromptEntry)> {
        let (alias, own) = name.split_once(JOINT)?;
        self.0.iter().filter(|offered| offered.alias == alias).find_map(|offered| Some((&**offered, offered.prompts.get(own)?)))
    }

    fn prompts(&self) -> impl Iterator<Item = (String, Prompt)> {
        self.0.iter().flat_map(|offered| {
            offered.prompts.iter().map(|(own, entry)| {
                let name = format!("{}{JOINT}{own}", offered.alias);
                let arguments = entry.arguments.iter().map(argument).collect::<Vec<_>>();
                let arguments = Some(arguments).filter(|arguments| !arguments.is_empty());
                (name.clone(), Prompt::new(name, Some(&*entry.description), arguments))
            })
        })
    }

    /// Values that begin like what was typed, for an argument of a prompt. An address of documents takes any, so none is suggested.
    pub(super) fn complete(&self, of: &Reference, typed: &ArgumentInfo) -> Result<CompleteResult, ErrorData> {
        let values = match of {
            Reference::Prompt(prompt) => match self.prompt(&prompt.name) {
                Some((_, entry)) => entry.arguments.iter().find(|argument| argument.name == typed.name),
                None => None,
            },
            _ => None,
        };
        let beginning = typed.value.to_lowercase();
        let fits = |value: &&String| value.to_lowercase().starts_with(&beginning);
        let values = values.into_iter().flat_map(|argument| &argument.values).filter(fits).cloned().collect();
        let found = CompletionInfo::with_all_values(values).map_err(|text| ErrorData::internal_error(text, None))?;
        Ok(CompleteResult::new(found))
    }
}

/// Who says so stands beside what a plugin says: its texts are its own.
fn described(entry: &DocumentEntry, offered: &Offered) -> String {
    match entry.description.as_str() {
        "" => format!("Of the plugin {}.", offered.plugin),
        text => format!("{text} (Of the plugin {}.)", offered.plugin),
    }
}

fn argument(entry: &octi_extension::manifest::PromptArgument) -> PromptArgument {
    let argument = PromptArgument::new(&entry.name).with_required(entry.required);
    if entry.description.is_empty() { argument } else { argument.with_description(&entry.description) }
}

fn contents(page: Page<'_>, uri: &str) -> ResourceContents {
    let contents = match page.body {
        Body::Text(text) => ResourceContents::text(text, uri),
        Body::Data(data) => ResourceContents::blob(data, uri),
    };
    contents.with_mime_type(&page.entry.media_type)
}

/// One page of the prompts by name: those of plugins, the roles and the skills.
pub(super) fn prompts<H: Host>(host: &H, cursor: Option<&str>) -> ListPromptsResult {
    let offers = Offers::new(host.offered());
    let texts = host.texts().into_iter().map(|(name, purpose)| (name.clone(), Prompt::new(name, Some(purpose), None)));
    let all: BTreeMap<String, Prompt> = texts.chain(offers.prompts()).collect();
    let (prompts, next_cursor) = page(all, cursor);
    ListPromptsResult { prompts, next_cursor, ..ListPromptsResult::default() }
}

/// As many as one page has, from the one after `cursor`, and the name of the last one when there are more.
pub(super) fn page<T>(all: BTreeMap<String, T>, cursor: Option<&str>) -> (Vec<T>, Option<String>) {
    let mut rest = all.into_iter().filter(|(name, _)| cursor.is_none_or(|cursor| name.as_str() > cursor));
    let (names, found): (Vec<String>, Vec<T>) = rest.by_ref().take(limits::MCP_PAGE_ROWS_MAX).unzip();
    let next = rest.next().and_then(|_| names.last().cloned());
    (found, next)
}

/// A prompt with its arguments put in, or what a role or a skill tells its model.
pub(super) async fn prompt<H: Host>(
    host: &H,
    caller: &H::Caller,
    name: &str,
    given: Map<String, Value>,
) -> Result<GetPromptResult, ErrorData> {
    let offers = Offers::new(host.offered());
    if let Some((offered, entry)) = offers.prompt(name) {
        return Ok(GetPromptResult::new(messages(offered, entry, &given)?).with_description(&entry.description));
    }
    match host.text(caller, name).await {
        Some(Ok(text)) => Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])),
        Some(Err(text)) => Err(ErrorData::internal_error(text, None)),
        None => Err(ErrorData::invalid_params("there is no such prompt: `prompts/list` names those there are", None)),
    }
}

fn messages(offered: &Offered, entry: &PromptEntry, given: &Map<String, Value>) -> Result<Vec<PromptMessage>, ErrorData> {
    let values = values(entry, given)?;
    let too_large = || {
        let most = limits::MCP_RESULT_BYTES_MAX;
        ErrorData::invalid_params(format!("with these arguments the prompt has more than {most} bytes: say less"), None)
    };
    let template = entry.text.as_deref().unwrap_or_default();
    let text = fill(template, &values, limits::MCP_RESULT_BYTES_MAX).ok_or_else(too_large)?;
    let attached = entry.attach.iter().map(|attach| attachment(offered, attach, &values)).collect::<Result<Vec<_>, _>>()?;
    let blocks = attached.into_iter().chain([ContentBlock::text(text)]);
    Ok(blocks.map(|block| PromptMessage::new(Role::User, block)).collect())
}

fn attachment(offered: &Offered, attach: &Attached, values: &BTreeMap<&str, &str>) -> Result<ContentBlock, ErrorData> {
    if let Some(data) = &attach.data {
        return Ok(ContentBlock::image(data, attach.media_type.as_deref().unwrap_or_default()));
    }
    let template = attach.document.as_deref().unwrap_or_default();
    let uri = fill(template, values, limits::OFFERED_URI_BYTES_MAX * 2).unwrap_or_default();
    match offered.document(&uri) {
        Some(page) => Ok(ContentBlock::resource(contents(page, &uri))),
        None => {
            let shown = &uri[..uri.floor_char_boundary(200)];
            let text = format!(
                "the plugin `{}` has no document `{shown}`: `resources/list` and `resources/templates/list` name those there are",
                offered.plugin
            );
            Err(ErrorData::invalid_params(text, None))
        }
    }
}

fn values<'a>(entry: &'a PromptEntry, given: &'a Map<String, Value>) -> Result<BTreeMap<&'a str, &'a str>, ErrorData> {
    let refused = |text: String| ErrorData::invalid_params(text, None);
    let mut values = BTreeMap::new();
    for (name, value) in given {
        let Some(known) = entry.arguments.iter().find(|argument| argument.name == *name) else {
            let name = &name[..name.floor_char_boundary(100)];
            return Err(refused(format!("the prompt has no argument `{name}`: `prompts/list` names those it has")));
        };
        let Value::String(text) = value else { return Err(refused(format!("the argument `{}` must be a text", known.name))) };
        values.insert(known.name.as_str(), text.as_str());
    }
    match entry.arguments.iter().find(|argument| argument.required && !values.contains_key(argument.name.as_str())) {
        Some(missing) => Err(refused(format!("the argument `{}` is missing", missing.name))),
        None => Ok(values),
    }
}

#[cfg(test)]
#[path = "offers_tests.rs"]
mod tests;
