//! Saying in plain words what the tools really answered.

use octi_domain::message::ToolResult;
use serde_json::Value;

use super::plan::Step;
use crate::chat::ToolSchema;

/// Characters of one result that are repeated.
const SHOWN_CHARS_MAX: usize = 4_000;

/// The report of a turn: what was done, what failed, what was left out.
pub(super) fn report(done: &[(&Step, &ToolResult)], left: &[Step], trouble: Option<&str>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (step, result) in done {
        if result.is_error {
            lines.push(format!("I could not {}. The tool said: {}", intention(step), shown(&plain(&parse(&result.content)))));
        } else if !matches!(step, Step::LookUpTasks) {
            lines.push(success(step, &parse(&result.content)));
        }
    }
    if !left.is_empty() {
        let left: Vec<String> = left.iter().filter(|step| !matches!(step, Step::LookUpTasks)).map(intention).collect();
        if !left.is_empty() {
            lines.push(format!("So I stopped there and did not {}.", left.join(", nor ")));
        }
    }
    lines.extend(trouble.map(str::to_owned));
    lines.join("\n\n")
}

/// What the demo model can do, with the tools it has, and how to get a real one.
pub(super) fn help(tools: &[ToolSchema]) -> String {
    const EXAMPLES: [(&str, &str); 8] = [
        ("filesystem__write_file", "write a file hello.md with a greeting and read it back"),
        ("filesystem__list_directory", "list the files"),
        ("filesystem__edit_file", "replace \"Hello\" with \"Good day\" in hello.md"),
        ("filesystem__append_file", "append \"one more line\" to hello.md"),
        ("filesystem__search_files", "search for \"greeting\""),
        ("shell__run", "run `ls -l`"),
        ("tasks__add", "add a to-do: buy milk"),
        ("tasks__complete", "mark to-do 1 done"),
    ];
    let known = EXAMPLES.iter().filter(|(tool, _)| tools.iter().any(|offered| offered.name == *tool));
    let examples: Vec<String> = known.map(|(_, example)| format!("- {example}")).collect();
    let can = if examples.is_empty() {
        "No tool that I know is available here, so there is nothing I can do.".to_owned()
    } else {
        format!("I follow patterns and do not think. I understand requests such as:\n\n{}", examples.join("\n"))
    };
    format!("{can}\n\nFor everything else, connect a real model with `octi model add`.")
}

fn intention(step: &Step) -> String {
    match step {
        Step::WriteFile { path, .. } => format!("write `{path}`"),
        Step::ReadFile { path } => format!("read `{path}`"),
        Step::AppendFile { path, .. } => format!("append to `{path}`"),
        Step::EditFile { path, .. } => format!("change `{path}`"),
        Step::ListDirectory { path } => format!("list `{path}`"),
        Step::SearchContent { text } => format!("search for `{text}`"),
        Step::SearchName { name } => format!("search for files named `{name}`"),
        Step::DeleteFile { path } => format!("delete `{path}`"),
        Step::FileInfo { path } => format!("look at `{path}`"),
        Step::CreateDirectory { path } => format!("make the folder `{path}`"),
        Step::Run { command } => format!("run `{command}`"),
        Step::AddTask { title } => format!("add the to-do \"{title}\""),
        Step::ListTasks | Step::LookUpTasks => "list the to-dos".to_owned(),
        Step::CompleteTask { which } => format!("mark the to-do `{which}` as done"),
    }
}

fn success(step: &Step, result: &Value) -> String {
    match step {
        Step::WriteFile { path, content, .. } => format!("I wrote `{path}` ({} bytes).", content.len()),
        Step::ReadFile { path } => match text(result, &["content", "text"]) {
            Some(text) if text.is_empty() => format!("`{path}` is empty."),
            Some(text) => {
                let more = result.get("next_offset").is_some_and(Value::is_u64);
                format!("`{path}` contains:\n\n{}{}", fenced(&text), if more { "\n\n(The file is longer.)" } else { "" })
            }
            None => format!("`{path}` gave:\n\n{}", fenced(&plain(result))),
        },
        Step::AppendFile { path, .. } => format!("I appended to `{path}`."),
        Step::EditFile { path, old, new } => format!("I replaced `{old}` with `{new}` in `{path}`."),
        Step::ListDirectory { path } => listing(&format!("In `{path}` there is"), &format!("`{path}` is empty."), result),
        Step::SearchContent { text } => listing(&format!("`{text}` is found in"), &format!("`{text}` is not found."), result),
        Step::SearchName { name } => listing(&format!("`{name}` fits"), &format!("No file fits `{name}`."), result),
        Step::DeleteFile { path } => format!("I deleted `{path}`."),
        Step::FileInfo { path } => format!("About `{path}`:\n\n{}", fenced(&fields(result))),
        Step::CreateDirectory { path } => format!("I made the folder `{path}`."),
        Step::Run { command } => ran(command, result),
        Step::AddTask { title } => format!("I added the to-do \"{title}\"."),
        Step::ListTasks | Step::LookUpTasks => listing("Your to-dos:", "You have no to-dos.", result),
        Step::CompleteTask { which } => format!("I marked the to-do `{which}` as done."),
    }
}

/// An object line by line.
fn fields(result: &Value) -> String {
    let Value::Object(fields) = result else { return plain(result) };
    let lines: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
    lines.join("\n")
}

fn ran(command: &str, result: &Value) -> String {
    let code = ["exit_code", "code", "status", "exit"].iter().find_map(|key| result.get(key)).map(plain);
    let ended = result.get("ended").and_then(Value::as_str).map(|ended| ended.replace('_', " "));
    let meaning = result.get("meaning").and_then(Value::as_str).map(|meaning| format!(": {meaning}")).unwrap_or_default();
    let ending = match (code, ended) {
        (Some(code), _) => format!(" (exit code {code}{meaning})"),
        (None, Some(ended)) => format!(" ({ended}{meaning})"),
        (None, None) => String::new(),
    };
    let out = text(result, &["stdout", "output"]).unwrap_or_else(|| plain(result));
    let errors = text(result, &["stderr"]).filter(|text| !text.trim().is_empty());
    let mut said = format!("I ran `{command}`{ending}.");
    if out.trim().is_empty() && errors.is_none() {
        said.push_str(" It printed nothing.");
    }
    if !out.trim().is_empty() {
        said.push_str(&format!(" It printed:\n\n{}", fenced(&out)));
    }
    if let Some(errors) = errors {
        said.push_str(&format!("\n\nOn its error stream:\n\n{}", fenced(&errors)));
    }
    said
}

fn listing(head: &str, empty: &str, result: &Value) -> String {
    let items = items(result);
    if items.is_empty() {
        let said = result.as_str().filter(|text| !text.trim().is_empty());
        return said.map_or_else(|| empty.to_owned(), |text| format!("{head}\n\n{}", fenced(text)));
    }
    // A to-do is shown by its own number, which is the one a person names it by later.
    let number = |at: usize, item: &Value| item.get("id").and_then(Value::as_u64).unwrap_or(at as u64 + 1);
    let lines: Vec<String> =
        items.iter().enumerate().map(|(at, item)| format!("{}. {}", number(at, item), item_line(item))).collect();
    format!("{head}\n\n{}", shown(&lines.join("\n")))
}

fn item_line(item: &Value) -> String {
    let Some(name) = title(item) else { return plain(item) };
    let folder =
        item.get("kind").or_else(|| item.get("type")).and_then(Value::as_str).is_some_and(|kind| kind.starts_with("dir"));
    let done = match (
        item.get("done").or_else(|| item.get("completed")).and_then(Value::as_bool),
        item.get("status").and_then(Value::as_str),
    ) {
        (Some(done), _) => Some(done),
        (None, Some(status)) => Some(matches!(status, "done" | "completed")),
        (None, None) => None,
    };
    let line = item.get("line").and_then(Value::as_u64).map(|line| format!(":{line}")).unwrap_or_default();
    let found = item
        .get("text")
        .and_then(Value::as_str)
        .filter(|text| *text != name)
        .map(|text| format!(" {}", text.trim()))
        .unwrap_or_default();
    let mark = done.map(|done| if done { "[x] " } else { "[ ] " }).unwrap_or_default();
    format!("{mark}{name}{}{line}{found}", if folder && !name.ends_with('/') { "/" } else { "" })
}

/// The name of an item, whatever the tool calls it.
pub(super) fn title(item: &Value) -> Option<&str> {
    if let Value::String(text) = item {
        return Some(text);
    }
    ["title", "path", "name", "text"].iter().find_map(|key| item.get(key)).and_then(Value::as_str)
}

/// The list inside a result: the result itself, or the first list it holds.
pub(super) fn items(result: &Value) -> &[Value] {
    match result {
        Value::Array(items) => items,
        Value::Object(fields) => fields.values().find_map(Value::as_array).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

/// A result as JSON if it is JSON, and as text otherwise.
pub(super) fn parse(content: &str) -> Value {
    serde_json::from_str(content).unwrap_or_else(|_| Value::String(content.to_owned()))
}

/// A value as a person reads it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text(result: &Value, keys: &[&str]) -> Option<String> {
    if let Value::String(text) = result {
        return Some(text.clone());
    }
    keys.iter().find_map(|key| result.get(key)).and_then(Value::as_str).map(str::to_owned)
}

/// The text between fences that are longer than any inside it.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    let text = shown(text);
    format!("{fence}\n{text}{}{fence}", if text.ends_with('\n') { "" } else { "\n" })
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}\n… (cut off)", &text[..end]),
        None => text.to_owned(),
    }
}
