//! What a call of a server's tool gave, as a model reads it.

use octi_domain::text::clean;
use octi_extension::tool::ToolOutput;
use octi_security::guard::Redactor;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Value, json};

use super::failure::{Failure, told};
use super::pin::safe;

/// The texts together, the structured part as it is, and what was left out because a model cannot read it here.
pub(super) fn output(server: &str, redactor: &Redactor, result: CallToolResult) -> Result<ToolOutput, Failure> {
    let (mut texts, mut left_out) = (Vec::new(), Vec::new());
    for block in result.content {
        match block {
            ContentBlock::Text(text) => texts.push(clean(&text.text)),
            ContentBlock::Image(image) => left_out.push(blob("image", Some(&image.mime_type), &image.data)),
            ContentBlock::Audio(audio) => left_out.push(blob("audio", Some(&audio.mime_type), &audio.data)),
            ContentBlock::ResourceLink(link) => texts.push(clean(&format!("[{}]({})", link.name, link.uri))),
            ContentBlock::Resource(resource) => match resource.resource {
                ResourceContents::TextResourceContents { uri, text, .. } => texts.push(clean(&format!("{uri}:\n{text}"))),
                ResourceContents::BlobResourceContents { mime_type, blob: data, .. } => {
                    left_out.push(blob("resource", mime_type.as_deref(), &data));
                }
                _ => left_out.push(json!({"kind": "unknown"})),
            },
            _ => left_out.push(json!({"kind": "unknown"})),
        }
    }
    let text = redactor.redact(&texts.join("\n")).into_owned();
    if result.is_error == Some(true) {
        return Err(Failure::Refused { server: server.to_owned(), why: told(&text), bad_input: false });
    }
    let mut content = json!({ "text": text });
    if let Some(structured) = result.structured_content {
        content["structured"] = redactor.redact_value(safe(structured));
    }
    if !left_out.is_empty() {
        content["leftOut"] = Value::Array(left_out);
    }
    Ok(ToolOutput::new(content, None))
}

fn blob(kind: &str, media_type: Option<&str>, data: &str) -> Value {
    json!({ "kind": kind, "mediaType": media_type.map(told), "base64Bytes": data.len() })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn read(result: Value) -> Result<Value, String> {
        let redactor = Redactor::new([("key".to_owned(), SecretString::from("s3cret-value-of-it".to_owned()))]);
        let result: CallToolResult = serde_json::from_value(result).unwrap();
        output("files", &redactor, result).map(|output| output.content).map_err(|failure| failure.to_string())
    }

    #[test]
    fn texts_are_joined_and_cleaned_and_pictures_are_left_out() {
        let result = json!({"content": [
            {"type": "text", "text": "one\u{1b}[2J"},
            {"type": "image", "data": "aGk=", "mimeType": "image/png"},
            {"type": "text", "text": "key: s3cret-value-of-it"},
        ], "structuredContent": {"a": "s3cret-value-of-it"}});
        let left_out = json!([{"kind": "image", "mediaType": "image/png", "base64Bytes": 4}]);
        let text = "one\nkey: [REDACTED_SECRET]";
        let expected = json!({"text": text, "structured": {"a": "[REDACTED_SECRET]"}, "leftOut": left_out});
        assert_eq!(read(result), Ok(expected));
    }

    #[test]
    fn an_error_of_the_server_is_an_error() {
        let result = json!({"content": [{"type": "text", "text": "no such file"}], "isError": true});
        assert_eq!(read(result), Err("the MCP server `files` refused the call: no such file".to_owned()));
    }
}
