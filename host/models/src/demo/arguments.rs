//! From a step to a tool call: which tool, and how its schema calls the arguments.

use serde_json::{Map, Value, json};

use super::plan::Step;
use crate::chat::ToolSchema;

/// The tool that does the step.
pub(super) const fn tool_name(step: &Step) -> &'static str {
    match step {
        Step::WriteFile { .. } => "filesystem__write_file",
        Step::ReadFile { .. } => "filesystem__read_file",
        Step::AppendFile { .. } => "filesystem__append_file",
        Step::EditFile { .. } => "filesystem__edit_file",
        Step::ListDirectory { .. } => "filesystem__list_directory",
        Step::SearchContent { .. } | Step::SearchName { .. } => "filesystem__search_files",
        Step::DeleteFile { .. } => "filesystem__delete_file",
        Step::FileInfo { .. } => "filesystem__file_info",
        Step::CreateDirectory { .. } => "filesystem__create_directory",
        Step::Run { .. } => "shell__run",
        Step::AddTask { .. } => "tasks__add",
        Step::ListTasks | Step::LookUpTasks => "tasks__list",
        Step::CompleteTask { .. } => "tasks__complete",
    }
}

/// The arguments, under the names the tool's schema has. `id` is what a to-do's number was found to mean.
pub(super) fn arguments(step: &Step, tool: &ToolSchema, id: Option<&Value>) -> Value {
    let mut out = Arguments { schema: &tool.input_schema, out: Map::new() };
    match step {
        Step::WriteFile { path, content, overwrite } => {
            out.put(&["path", "file"], json!(path));
            out.put(&["content", "text", "contents"], json!(content));
            if *overwrite {
                out.put_known(&["overwrite", "replace"], json!(true));
            }
        }
        Step::AppendFile { path, content } => {
            out.put(&["path", "file"], json!(path));
            out.put(&["content", "text"], json!(content));
        }
        Step::EditFile { path, old, new } => {
            out.put(&["path", "file"], json!(path));
            out.put(&["old", "old_text", "old_string", "find"], json!(old));
            out.put(&["new", "new_text", "new_string", "replace"], json!(new));
        }
        Step::ReadFile { path }
        | Step::ListDirectory { path }
        | Step::DeleteFile { path }
        | Step::FileInfo { path }
        | Step::CreateDirectory { path } => out.put(&["path", "directory", "file"], json!(path)),
        Step::SearchContent { text } => {
            // The tool takes a regular expression; what a person searches for is plain text.
            out.put(&["content", "text", "pattern", "query"], json!(escaped(text)));
            out.put_known(&["ignore_case"], json!(true));
        }
        Step::SearchName { name } => out.put(&["name", "glob", "pattern"], json!(name)),
        Step::Run { command } => out.put(&["command", "line", "cmd"], json!(command)),
        Step::AddTask { title } => out.put(&["title", "text", "task", "name"], json!(title)),
        Step::CompleteTask { which } => out.put(&["id", "task", "number"], id.cloned().unwrap_or_else(|| json!(which))),
        Step::ListTasks | Step::LookUpTasks => {}
    }
    Value::Object(out.out)
}

/// The text as a regular expression that finds just this text.
fn escaped(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

struct Arguments<'a> {
    schema: &'a Value,
    out: Map<String, Value>,
}

impl Arguments<'_> {
    /// Under the first of these names that the schema has, or else under the first one.
    fn put(&mut self, names: &[&str], value: Value) {
        let name = names.iter().find(|name| self.property(name).is_some()).or(names.first()).copied().unwrap_or_default();
        let value = self.typed(name, value);
        self.out.insert(name.to_owned(), value);
    }

    /// Only if the schema has one of these names.
    fn put_known(&mut self, names: &[&str], value: Value) {
        if let Some(name) = names.iter().find(|name| self.property(name).is_some()) {
            self.out.insert((*name).to_owned(), value);
        }
    }

    fn property(&self, name: &str) -> Option<&Value> {
        self.schema.get("properties")?.get(name)
    }

    /// A number written as a word, or a word written as a number, the way the schema wants it.
    fn typed(&self, name: &str, value: Value) -> Value {
        let wants = |kind: &str| match self.property(name).and_then(|property| property.get("type")) {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(many)) => many.iter().any(|one| one == kind),
            _ => false,
        };
        match &value {
            Value::String(text) if wants("integer") || wants("number") => {
                text.parse::<i64>().map_or(value, |number| json!(number))
            }
            Value::Number(number) if wants("string") => json!(number.to_string()),
            _ => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(schema: Value) -> ToolSchema {
        ToolSchema { name: "t".into(), description: String::new(), input_schema: schema }
    }

    #[test]
    fn names_and_types_follow_the_schema() {
        let schema = tool(json!({ "properties": { "file": {}, "text": {}, "overwrite": {} } }));
        let step = Step::WriteFile { path: "a".into(), content: "b".into(), overwrite: true };
        assert_eq!(arguments(&step, &schema, None), json!({ "file": "a", "text": "b", "overwrite": true }));
        let schema = tool(json!({ "properties": { "id": { "type": "integer" } } }));
        assert_eq!(arguments(&Step::CompleteTask { which: "2".into() }, &schema, None), json!({ "id": 2 }));
    }

    #[test]
    fn a_search_finds_just_the_text() {
        let step = Step::SearchContent { text: "a.b (c)".into() };
        assert_eq!(arguments(&step, &tool(json!({})), None), json!({ "content": "a\\.b \\(c\\)" }));
    }

    #[test]
    fn without_a_schema_the_usual_names_are_used() {
        let step = Step::EditFile { path: "a".into(), old: "b".into(), new: "c".into() };
        assert_eq!(arguments(&step, &tool(json!({})), None), json!({ "path": "a", "old": "b", "new": "c" }));
    }
}
