//! One case: what is there before, what is called, what is there afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use octi_extension::tool::ToolError;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::host::TestHost;
use crate::matching::difference;
use crate::web::Pages;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(default, rename = "about")]
    _about: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, Content>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    web: Pages,
    steps: Vec<Step>,
    #[serde(default)]
    after: BTreeMap<String, Option<Content>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Repeat { repeat: String, times: usize },
    Bytes { bytes: Vec<u8> },
    Directory { directory: bool },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    call: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    output: Option<Value>,
    error: Option<Expected>,
    summary: Option<String>,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    contains: Option<String>,
}

impl Content {
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Repeat { repeat, times } => Some(repeat.repeat(*times).into_bytes()),
            Self::Bytes { bytes } => Some(bytes.clone()),
            Self::Directory { .. } => None,
        }
    }
}

impl Case {
    /// Runs it in a new workspace for a new person.
    pub(crate) async fn run(&self, host: &TestHost, tool: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let workspace = folder.path().join("files");
        self.prepare(&workspace).map_err(|error| format!("the workspace cannot be made: {error}"))?;
        host.web.show(&self.web);
        let person = host.person();
        let mut saved = BTreeMap::new();
        assert!(!self.steps.is_empty(), "a case has at least one step");
        for (index, step) in self.steps.iter().enumerate() {
            let arguments = with_saved(&Value::Object(step.arguments.clone()), &saved);
            let result = host.call(person, &workspace, &format!("{tool}__{}", step.call), arguments).await;
            let result = result.map(|output| (output.content, output.summary));
            step.check(result, &mut saved).map_err(|problem| format!("step {} ({}): {problem}", index + 1, step.call))?;
        }
        self.after.iter().try_for_each(|(path, content)| check_after(&workspace.join(path), path, content.as_ref()))
    }

    fn prepare(&self, workspace: &Path) -> std::io::Result<()> {
        fs::create_dir_all(workspace)?;
        for (path, content) in &self.files {
            let path = workspace.join(path);
            match content.bytes() {
                None => fs::create_dir_all(&path)?,
                Some(bytes) => {
                    fs::create_dir_all(path.parent().unwrap_or(workspace))?;
                    fs::write(&path, bytes)?;
                }
            }
        }
        self.links.iter().try_for_each(|(path, target)| symlink(target, workspace.join(path)))
    }
}

impl Step {
    fn check(
        &self,
        result: Result<(Value, Option<String>), ToolError>,
        saved: &mut BTreeMap<String, Value>,
    ) -> Result<(), String> {
        match (&self.output, &self.error, result) {
            (Some(expected), None, Ok((content, summary))) => {
                if let Some(difference) = difference(expected, &content, "$") {
                    return Err(format!("{difference}\n  whole content: {content}"));
                }
                if let Some(part) = &self.summary {
                    let summary = summary.unwrap_or_default();
                    if !summary.contains(part.as_str()) {
                        return Err(format!("the summary is `{summary}`, without `{part}`"));
                    }
                }
                for (name, pointer) in &self.save {
                    let value = content.pointer(pointer).ok_or_else(|| format!("there is no {pointer} to save in {content}"))?;
                    saved.insert(name.clone(), value.clone());
                }
                Ok(())
            }
            (None, Some(expected), Err(error)) => {
                let (code, text) = (error.code(), error.to_string());
                if code != expected.code || !expected.contains.as_ref().is_none_or(|part| text.contains(part.as_str())) {
                    return Err(format!("failed with {code}: {text}"));
                }
                Ok(())
            }
            (Some(_), None, Err(error)) => Err(format!("failed with {}: {error}", error.code())),
            (None, Some(_), Ok((content, _))) => Err(format!("succeeded with {content}")),
            _ => Err("a step has either `output` or `error`".to_owned()),
        }
    }
}

fn with_saved(value: &Value, saved: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            name.and_then(|name| saved.get(name)).unwrap_or(value).clone()
        }
        Value::Array(items) => items.iter().map(|item| with_saved(item, saved)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, item)| (key.clone(), with_saved(item, saved))).collect(),
        other => other.clone(),
    }
}

fn check_after(path: &Path, shown: &str, expected: Option<&Content>) -> Result<(), String> {
    let there = path.symlink_metadata().is_ok();
    match expected {
        None if there => Err(format!("`{shown}` is there afterwards")),
        None => Ok(()),
        Some(Content::Directory { directory }) if *directory == path.is_dir() => Ok(()),
        Some(Content::Directory { .. }) => Err(format!("`{shown}` is not the directory it should be")),
        Some(content) => match fs::read(path) {
            Ok(bytes) if Some(&bytes) == content.bytes().as_ref() => Ok(()),
            Ok(bytes) => Err(format!("`{shown}` holds {:?}", String::from_utf8_lossy(&bytes))),
            Err(error) => Err(format!("`{shown}`: {error}")),
        },
    }
}
