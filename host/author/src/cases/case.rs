//! One case: what is there before, what is called, what is there afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use chrono::{DateTime, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_extension::tool::{ToolError, ToolOutput};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::after::check_after;
use super::given::{self, GivenFile};
use super::kinds::{Message, Poll, Request, Told};
use super::matching::differences;
use super::problem::Problem;
use super::scripted::{Script, ScriptedAnswer, ScriptedCompletion};
use super::texts::{Asked, Size};
use crate::fakes::KvFault;
use crate::web::{self, Pages};
use crate::workbench::{Around, Workbench};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    #[serde(default, rename = "about")]
    _about: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, Content>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    web: Pages,
    /// What the person has in their vault.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    /// What the plugin remembers of the person.
    #[serde(default)]
    kv: BTreeMap<String, String>,
    /// What goes wrong with what the plugin remembers, once `kv` is there.
    kv_fault: Option<KvFault>,
    /// The time as the plugin reads it, where the steps happen.
    now: Option<String>,
    steps: Vec<Step>,
    #[serde(default)]
    after: BTreeMap<String, Option<Content>>,
    /// What the plugin remembers afterwards.
    #[serde(default)]
    kv_after: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Repeat { repeat: String, times: usize },
    Bytes { bytes: Vec<u8> },
    Directory { directory: bool },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// An operation of a tool.
    call: Option<String>,
    /// What a person says, for a skill.
    said: Option<String>,
    /// Whether the skill is given then; it is, unless this says otherwise.
    given: Option<bool>,
    /// A prompt of a role.
    prompt: Option<Size>,
    /// Parts of the text of a skill or role.
    #[serde(default)]
    text: Vec<String>,
    /// Something that happens, for a hook.
    event: Option<String>,
    #[serde(default)]
    details: Map<String, Value>,
    /// What a host asks of a channel.
    poll: Option<Poll>,
    webhook: Option<Request>,
    send: Option<Message>,
    #[serde(default)]
    arguments: Map<String, Value>,
    output: Option<Value>,
    error: Option<Expected>,
    summary: Option<String>,
    /// The files that the call gives; without it, they are not looked at.
    files: Option<Vec<GivenFile>>,
    /// What the person answers to the plugin's questions, in order.
    #[serde(default)]
    answers: Vec<ScriptedAnswer>,
    /// What a model writes for the plugin, in order.
    #[serde(default)]
    completions: Vec<ScriptedCompletion>,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    contains: Option<String>,
}

impl Content {
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Repeat { repeat, times } => Some(repeat.repeat(*times).into_bytes()),
            Self::Bytes { bytes } => Some(bytes.clone()),
            Self::Directory { .. } => None,
        }
    }

    /// How many they are, or would be.
    const fn bytes_count(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Repeat { repeat, times } => repeat.len().saturating_mul(*times),
            Self::Bytes { bytes } => bytes.len(),
            Self::Directory { .. } => 0,
        }
    }
}

impl Case {
    /// Reads `case.json`; an error names the field.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let case: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string())?;
        json.end().map_err(|error| error.to_string())?;
        case.check()?;
        Ok(case)
    }

    fn check(&self) -> Result<(), String> {
        if self.steps.is_empty() || self.steps.len() > limits::CASE_STEPS_MAX {
            return Err(format!("`steps` has 1 to {} calls, not {}", limits::CASE_STEPS_MAX, self.steps.len()));
        }
        let places = self.files.keys().chain(self.links.keys()).chain(self.after.keys());
        if let Some(path) = places.into_iter().find(|path| !stays_inside(path)) {
            return Err(format!("`{path}` is not a path inside the workspace"));
        }
        let contents = self.files.iter().chain(self.after.iter().filter_map(|(path, content)| Some((path, content.as_ref()?))));
        let pages = self.web.iter().filter(|(_, page)| web::body_bytes(page) > limits::CASE_CONTENT_BYTES_MAX);
        let long = contents.filter(|(_, content)| content.bytes_count() > limits::CASE_CONTENT_BYTES_MAX).map(|(path, _)| path);
        if let Some(name) = long.chain(pages.map(|(address, _)| address)).next() {
            return Err(format!("`{name}` has more than {} bytes", limits::CASE_CONTENT_BYTES_MAX));
        }
        let bytes = self.files.values().map(Content::bytes_count).chain(self.web.values().map(web::body_bytes));
        if bytes.fold(0_usize, usize::saturating_add) > limits::CASE_CONTENT_BYTES_MAX {
            return Err(format!("`files` and `web` have more than {} bytes together", limits::CASE_CONTENT_BYTES_MAX));
        }
        if self.files.len() + self.links.len() > limits::CASE_FILES_MAX {
            return Err(format!("`files` and `links` have more than {} entries together", limits::CASE_FILES_MAX));
        }
        self.time()?;
        for (index, step) in self.steps.iter().enumerate() {
            step.is_whole().map_err(|problem| format!("`steps[{index}]` has {problem}"))?;
        }
        Ok(())
    }

    /// The time that it says it is.
    fn time(&self) -> Result<Option<DateTime<Utc>>, String> {
        let Some(text) = &self.now else { return Ok(None) };
        let time = DateTime::parse_from_rfc3339(text);
        time.map(|time| Some(time.to_utc())).map_err(|_| format!("`now` is `{text}` and no time such as `2026-11-29T18:30:00Z`"))
    }

    /// Runs it in a new workspace for a new person.
    pub(super) async fn run(&self, bench: &Workbench) -> Result<(), Problem> {
        let unmade = |error: io::Error| Problem::of(format!("the workspace cannot be made: {error}"));
        let folder = tempfile::tempdir().map_err(unmade)?;
        let workspace = folder.path().join("files");
        self.prepare(&workspace).map_err(unmade)?;
        let person = bench.person();
        self.introduce(bench, person).await?;
        let mut saved = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            if let Some(asked) = step.asked() {
                asked.check(bench, &step.text).await.map_err(|problem| problem.at(index + 1, asked.name()))?;
                continue;
            }
            let script = Arc::new(Script::new(&step.answers, &step.completions));
            let (call, result) = match step.told() {
                Some(told) => {
                    let result = told.run(bench, person).await.map_err(|problem| problem.at(index + 1, told.name()))?;
                    (told.name(), result)
                }
                None => {
                    let call = step.call.as_deref().unwrap_or_default();
                    let arguments = with_saved(&Value::Object(step.arguments.clone()), &saved);
                    let around = Around { person: script.clone(), llm: script.clone() };
                    (call, bench.call_with(around, person, &workspace, (call, &arguments)).await.result)
                }
            };
            let checked = self.keeps_secrets(&result).and_then(|()| script.is_played());
            let checked = checked.and_then(|()| step.check(result, &mut saved));
            checked.map_err(|problem| problem.at(index + 1, call))?;
        }
        let workspace = Dir::open_ambient_dir(&workspace, ambient_authority()).map_err(unmade)?;
        for (path, content) in &self.after {
            check_after(&workspace, path, content.as_ref()).map_err(Problem::of)?;
        }
        self.check_memory(bench, person).await
    }

    fn prepare(&self, workspace: &Path) -> io::Result<()> {
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
        // A link may point anywhere, because plugins have to be tried against it, but none is made through another one.
        let workspace = Dir::open_ambient_dir(workspace, ambient_authority())?;
        self.links.iter().try_for_each(|(path, target)| workspace.symlink_contents(target, path))
    }

    async fn introduce(&self, bench: &Workbench, person: UserId) -> Result<(), Problem> {
        bench.web.show(&self.web);
        bench.set_time(self.time().map_err(Problem::of)?);
        for (name, value) in &self.secrets {
            bench.give_secret(person, name, value);
        }
        for (key, value) in &self.kv {
            let remembered = bench.remember(person, key, value).await;
            remembered.map_err(|error| Problem::of(format!("`kv.{key}` cannot be remembered: {error}")))?;
        }
        bench.fail_memory(person, self.kv_fault);
        Ok(())
    }

    /// A secret that comes back is one that leaked, whatever else the step expects.
    fn keeps_secrets(&self, result: &Result<ToolOutput, ToolError>) -> Result<(), Problem> {
        let said = match result {
            Ok(output) => {
                let files = output.artifacts.iter().map(|file| String::from_utf8_lossy(&file.content)).collect::<String>();
                format!("{} {} {files}", output.content, output.summary.as_deref().unwrap_or_default())
            }
            Err(error) => error.to_string(),
        };
        match self.secrets.iter().find(|(_, value)| !value.is_empty() && said.contains(value.as_str())) {
            Some((name, _)) => Err(Problem::of(format!("the value of the secret `{name}` is in what the call returned"))),
            None => Ok(()),
        }
    }

    async fn check_memory(&self, bench: &Workbench, person: UserId) -> Result<(), Problem> {
        bench.fail_memory(person, None);
        for (key, expected) in &self.kv_after {
            let there = bench.remembered(person, key).await;
            if there.as_deref() != expected.as_ref().map(String::as_bytes) {
                let there = there.map_or("nothing".to_owned(), |bytes| format!("{:?}", String::from_utf8_lossy(&bytes)));
                return Err(Problem::of(format!("the memory holds {there} under `{key}` afterwards")));
            }
        }
        Ok(())
    }
}

impl Step {
    /// Whether it says what one kind of step says, and nothing of another.
    fn is_whole(&self) -> Result<(), &'static str> {
        let told = [self.event.is_some(), self.poll.is_some(), self.webhook.is_some(), self.send.is_some()];
        let is_told = told.contains(&true);
        let kinds = [self.call.is_some(), self.said.is_some(), self.prompt.is_some()];
        if kinds.into_iter().chain(told).filter(|is_one| *is_one).count() != 1 {
            return Err("one of `call`, `said`, `prompt`, `event`, `poll`, `webhook` and `send`");
        }
        let gives = self.output.is_some() || self.error.is_some() || !self.save.is_empty();
        let of_call = self.summary.is_some() || self.files.is_some() || !self.arguments.is_empty();
        let of_call = of_call || !self.answers.is_empty() || !self.completions.is_empty();
        let of_text = self.given.is_some() || !self.text.is_empty();
        match (self.call.is_some() || is_told, self.given) {
            (true, _) if of_text => Err("`given` and `text`, which go with `said` and `prompt`"),
            (true, _) if !self.answers.iter().all(ScriptedAnswer::is_whole) => {
                Err("an answer without `given` or `reply`, or with both")
            }
            (true, _) if !self.completions.iter().all(ScriptedCompletion::is_whole) => {
                Err("a completion without `text` or `unavailable`, or with both")
            }
            (true, _) if self.output.is_some() == self.error.is_some() => Err("either `output` or `error`"),
            (true, _) if is_told && of_call => Err("`arguments` or `summary`, which go with `call`"),
            (false, _) if gives || of_call => Err("what goes with `call` beside `said` or `prompt`"),
            _ if self.event.is_none() && !self.details.is_empty() => Err("`details`, which go with `event`"),
            (false, Some(_)) if self.prompt.is_some() => Err("`given`, which goes with `said`"),
            (false, Some(false)) if !self.text.is_empty() => Err("`text`, though the skill is not given"),
            _ => Ok(()),
        }
    }

    /// What it tells a hook, or asks of a channel.
    fn told(&self) -> Option<Told<'_>> {
        let event = self.event.as_deref().map(|name| Told::Event(name, &self.details));
        let channel = [self.poll.as_ref().map(Told::Poll), self.webhook.as_ref().map(Told::Webhook)];
        event.or_else(|| channel.into_iter().flatten().next()).or_else(|| self.send.as_ref().map(Told::Send))
    }

    /// What it asks of a skill or a role.
    fn asked(&self) -> Option<Asked<'_>> {
        let said = self.said.as_deref().map(|said| Asked::Said { said, given: self.given.unwrap_or(true) });
        said.or_else(|| self.prompt.map(Asked::Prompt))
    }

    fn check(&self, result: Result<ToolOutput, ToolError>, saved: &mut BTreeMap<String, Value>) -> Result<(), Problem> {
        match (&self.output, &self.error, result) {
            (Some(expected), _, Ok(output)) => {
                let found = differences(expected, &output.content);
                if !found.is_empty() {
                    return Err(Problem::differs(found, &output.content));
                }
                self.check_summary(output.summary.as_deref().unwrap_or_default())?;
                self.files.as_deref().map_or(Ok(()), |expected| given::check(expected, &output.artifacts))?;
                self.save(&output.content, saved)
            }
            (_, Some(expected), Err(error)) => {
                let (code, text) = (error.code(), error.to_string());
                let fits = code == expected.code && expected.contains.as_ref().is_none_or(|part| text.contains(part.as_str()));
                if fits { Ok(()) } else { Err(Problem::of(format!("it failed with {code}: {text}"))) }
            }
            (_, _, Err(error)) => Err(Problem::of(format!("it failed with {}: {error}", error.code()))),
            (_, _, Ok(output)) => Err(Problem::of("it succeeded").with_output(&output.content)),
        }
    }

    fn check_summary(&self, summary: &str) -> Result<(), Problem> {
        match &self.summary {
            Some(part) if !summary.contains(part.as_str()) => {
                Err(Problem::of(format!("the summary is `{summary}`, without `{part}`")))
            }
            _ => Ok(()),
        }
    }

    fn save(&self, content: &Value, saved: &mut BTreeMap<String, Value>) -> Result<(), Problem> {
        for (name, pointer) in &self.save {
            let none = || Problem::of(format!("there is no {pointer} to save")).with_output(content);
            let value = content.pointer(pointer).ok_or_else(none)?;
            saved.insert(name.clone(), value.clone());
        }
        Ok(())
    }
}

/// Whether a path stays in the workspace as it is written. Where it leads through links is the plugin's to find out.
fn stays_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(case: Value) -> String {
        Case::parse(&case.to_string()).map_or_else(|problem| problem, |case| format!("accepted: {case:?}"))
    }

    #[test]
    fn what_is_no_case_is_refused_with_the_field() {
        let step = json!({ "call": "x", "output": {} });
        for (case, part) in [
            (json!({}), "missing field `steps`"),
            (json!({ "steps": [] }), "`steps` has 1 to 100 calls, not 0"),
            (json!({ "steps": [step], "fils": {} }), "unknown field `fils`"),
            (json!({ "steps": [{ "call": "x", "outptu": {} }] }), "steps[0].outptu: unknown field"),
            (json!({ "steps": [{ "call": "x" }] }), "`steps[0]` has either `output` or `error`"),
            (json!({ "steps": [{ "output": {} }] }), "`steps[0]` has one of `call`, `said`, `prompt`, `event`"),
            (json!({ "steps": [{ "said": "x", "prompt": "full" }] }), "one of `call`, `said`, `prompt`"),
            (json!({ "steps": [{ "said": "x", "output": {} }] }), "what goes with `call` beside"),
            (json!({ "steps": [{ "call": "x", "output": {}, "text": ["a"] }] }), "`given` and `text`, which go with"),
            (json!({ "steps": [{ "said": "x", "given": false, "text": ["a"] }] }), "though the skill is not given"),
            (json!({ "steps": [{ "prompt": "small", "given": true }] }), "`given`, which goes with `said`"),
            (json!({ "steps": [{ "event": "tool.before" }] }), "either `output` or `error`"),
            (
                json!({ "steps": [{ "poll": {}, "output": {}, "summary": "x" }] }),
                "`arguments` or `summary`, which go with `call`",
            ),
            (json!({ "steps": [{ "call": "x", "output": {}, "details": { "a": 1 } }] }), "`details`, which go with `event`"),
            (json!({ "steps": [{ "send": { "text": "x" }, "output": {} }] }), "steps[0].send: missing field `conversation`"),
            (json!({ "steps": [{ "prompt": "tiny" }] }), "steps[0].prompt: unknown variant `tiny`"),
            (json!({ "steps": [{ "call": "x", "output": 1, "error": { "code": "failed" } }] }), "either `output` or `error`"),
            (json!({ "steps": [step], "files": { "../x": "" } }), "`../x` is not a path inside the workspace"),
            (json!({ "steps": [step], "links": { "/x": "a" } }), "`/x` is not a path inside"),
            (json!({ "steps": [step], "after": { "": null } }), "`` is not a path inside"),
            (
                json!({ "steps": [step], "files": { "x": { "repeat": "ab", "times": 1 << 30 } } }),
                "`x` has more than 67108864 bytes",
            ),
            (json!({ "steps": [step], "web": { "u": { "body": "ab", "times": 1 << 30 } } }), "`u` has more than"),
            (json!({ "steps": vec![step.clone(); 101] }), "not 101"),
            (
                json!({ "steps": [step], "files": { "x": { "repeat": "a", "times": 40 << 20 } },
                    "web": { "u": { "body": "a", "times": 40 << 20 } } }),
                "`files` and `web` have more than 67108864 bytes together",
            ),
            (json!({ "steps": [step], "now": "tomorrow" }), "`now` is `tomorrow` and no time such as"),
            (json!({ "steps": [step], "kv_fault": "gone" }), "kv_fault: unknown variant `gone`"),
        ] {
            let refused = refusal(case);
            assert!(refused.contains(part), "`{part}` is not in: {refused}");
        }
    }

    #[test]
    fn a_case_has_no_more_files_than_anybody_reads() {
        let files = |count: usize| -> Map<String, Value> { (0..count).map(|number| (number.to_string(), json!("x"))).collect() };
        let case = |count| json!({ "files": files(count), "steps": [{ "call": "x", "output": {} }] });
        let refused = refusal(case(limits::CASE_FILES_MAX + 1));
        assert!(refused.contains("have more than 10000 entries together"), "{refused}");
        assert!(refusal(case(limits::CASE_FILES_MAX)).starts_with("accepted"));
    }

    #[test]
    fn links_of_a_case_lead_neither_its_files_nor_its_looks_out_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("key"), "a secret").unwrap();
        let case = |links: Value, after: Value| {
            let case = json!({ "links": links, "after": after, "steps": [{ "call": "x", "output": {} }] });
            Case::parse(&case.to_string()).unwrap()
        };
        let through = case(json!({ "a": outside, "a/hook": "x" }), json!({}));
        assert!(through.prepare(&folder.path().join("one")).is_err(), "no link is made outside");
        assert!(fs::symlink_metadata(outside.join("hook")).is_err());
        let looks = case(json!({ "a": outside, "z": "/dev/zero" }), json!({ "a/key": "x", "z": "x" }));
        let workspace = folder.path().join("two");
        looks.prepare(&workspace).unwrap();
        let workspace = Dir::open_ambient_dir(workspace, ambient_authority()).unwrap();
        for (path, content) in &looks.after {
            let told = check_after(&workspace, path, content.as_ref()).unwrap_err();
            assert!(told.contains("cannot be read") && !told.contains("secret"), "{told}");
        }
    }

    fn checked(step: Value, result: Result<ToolOutput, ToolError>) -> String {
        let step: Step = serde_json::from_value(step).unwrap();
        step.check(result, &mut BTreeMap::new()).map_or_else(|problem| problem.to_string(), |()| "fits".to_owned())
    }

    #[test]
    fn a_step_says_how_the_call_ended_instead() {
        let output = || Ok(ToolOutput::new(json!({ "a": 1 }), Some("one a".to_owned())));
        let failed = || Err(ToolError::Failed("no such file".to_owned()));
        let step = |more: Value| {
            json!({ "call": "x" }).as_object().cloned().map(|mut step| {
                step.extend(more.as_object().cloned().unwrap_or_default());
                Value::Object(step)
            })
        };
        for (more, result, said) in [
            (json!({ "output": { "a": 1 }, "summary": "one" }), output(), "fits"),
            (json!({ "output": {}, "summary": "two" }), output(), "the summary is `one a`, without `two`"),
            (
                json!({ "output": {}, "save": { "b": "/b" } }),
                output(),
                "there is no /b to save\n  the whole output\n    {\"a\":1}",
            ),
            (json!({ "output": {} }), failed(), "it failed with failed: no such file"),
            (json!({ "error": { "code": "failed", "contains": "such" } }), failed(), "fits"),
            (json!({ "error": { "code": "bad_input" } }), failed(), "it failed with failed: no such file"),
            (json!({ "error": { "code": "failed" } }), output(), "it succeeded\n  the whole output\n    {\"a\":1}"),
        ] {
            assert_eq!(checked(step(more).unwrap(), result), said);
        }
    }

    #[test]
    fn a_secret_in_a_result_is_a_leak() {
        let case = json!({ "secrets": { "key": "canary-1" }, "steps": [{ "call": "x", "output": {} }] });
        let case = Case::parse(&case.to_string()).unwrap();
        let told = Ok(ToolOutput::new(json!({ "a": "my canary-1" }), None));
        let problem = case.keeps_secrets(&told).unwrap_err();
        assert_eq!(problem.message, "the value of the secret `key` is in what the call returned");
        assert_eq!(case.keeps_secrets(&Err(ToolError::Failed("canary".to_owned()))), Ok(()));
    }
}
