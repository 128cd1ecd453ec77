//! The page of events: how they arrive, and what each one holds.

use std::fmt::Write;

use octi_api::event::{EventBody, EventType};
use octi_domain::limits;
use serde_json::Value;

use crate::failure::Failure;

/// Writes the page.
pub(super) fn page() -> Result<String, Failure> {
    let document = serde_json::to_value(octi_gateway::document())
        .map_err(|error| Failure::us("the document cannot be written").because(&error))?;
    let mut page = introduction();
    for EventType { name, source, meaning, .. } in EventBody::CATALOGUE {
        // Writing to a string does not fail.
        let _ = writeln!(page, "| `{name}` | {source} | {meaning} |");
    }
    page.push_str("\n## Payloads\n");
    for event in EventBody::CATALOGUE {
        let schema = event.payload.rsplit("::").next().unwrap_or_default().trim();
        let _ = writeln!(page, "\n### `{}`\n\n| field | type | meaning |\n| --- | --- | --- |", event.name);
        fields(&document["components"]["schemas"][schema]).iter().for_each(|row| page.push_str(row));
    }
    Ok(page)
}

fn introduction() -> String {
    format!(
        "# Events\n\nWritten by `cargo xtask codegen` from `host/api`.\n\n\
         An event goes to the connections of the person it belongs to, after `subscribe` with patterns (`chat.delta`, `chat.*`, `*`). \
         `resources` such as `session:<id>` narrow a connection to those sessions; events without a session are heard in any case.\n\
         A connection that is {queue} events behind loses the newest ones and gets `events_dropped`.\n\n\
         ## Coming back\n\n\
         The newest {events} events of a session are kept, at most {bytes} bytes of them, for the {sessions} sessions that were used last. \
         Pieces of an answer that follow each other are one `chat.delta` there, up to {merged} bytes, with the id of the last; any of their ids can be named.\n\
         After a lost connection, send `subscribe` and right after it `replay` with the id of the last event you have. \
         Live events of the session that come before the answer are in it too: leave them out. \
         Live events after the answer happened after everything in it, so each event is there exactly once.\n\
         `gap` is true when something may be missing before the events: reload the conversation by REST. \
         Nothing is kept over a restart of the host.\n\n\
         ## Types\n\n| type | source | meaning |\n| --- | --- | --- |\n",
        queue = limits::WS_QUEUE_MAX,
        events = limits::REPLAY_EVENTS_MAX,
        bytes = limits::REPLAY_SESSION_BYTES_MAX,
        sessions = limits::REPLAY_SESSIONS_MAX,
        merged = limits::REPLAY_MERGED_BYTES_MAX,
    )
}

/// A row for each field of a schema.
fn fields(schema: &Value) -> Vec<String> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let rows = schema["properties"].as_object().into_iter().flatten().map(|(name, field)| {
        let optional = if required(name) { "" } else { ", may be absent" };
        let meaning = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        format!("| `{name}` | {}{optional} | {meaning} |\n", type_of(field))
    });
    rows.collect()
}

/// The type of a field in words.
fn type_of(field: &Value) -> String {
    if let Some(path) = field["$ref"].as_str() {
        return format!("`{}`", path.rsplit('/').next().unwrap_or_default());
    }
    if let Some(choices) = field["oneOf"].as_array().or_else(|| field["anyOf"].as_array()) {
        let names = choices.iter().filter(|choice| choice["type"] != "null").map(type_of);
        return names.collect::<Vec<_>>().join(" or ");
    }
    let word = match &field["type"] {
        Value::String(word) => word.as_str(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or("any"),
        _ => "any",
    };
    match (word, field["format"].as_str()) {
        ("array", _) => format!("list of {}", type_of(&field["items"])),
        ("string", Some(format)) => format.to_owned(),
        (word, _) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_has_its_fields() {
        let page = page().unwrap();
        for event in EventBody::CATALOGUE {
            let heading = format!("### `{}`\n\n| field | type | meaning |\n| --- | --- | --- |\n| `", event.name);
            assert!(page.contains(&heading), "{} has no fields", event.name);
        }
        assert!(page.contains("| `injected` | boolean, may be absent | It was said"), "{page}");
    }
}
