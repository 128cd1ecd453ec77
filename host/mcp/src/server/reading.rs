//! What a client can read besides calling tools: the files of conversations as resources, the roles as prompts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits;
use rmcp::ErrorData;
use rmcp::model::{
    GetPromptResult, ListPromptsResult, ListResourcesResult, Prompt, PromptMessage, ReadResourceResult, Resource,
    ResourceContents, Role,
};

use super::host::{Content, File, Host};

/// What the addresses of files begin with.
pub(super) const FILES: &str = "octi://artifacts/";

/// One page of the caller's files.
pub(super) async fn files<H: Host>(
    host: &H,
    caller: &H::Caller,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let (files, next_cursor) = host.files(caller, cursor).await.map_err(|text| ErrorData::invalid_params(text, None))?;
    let resources = files.into_iter().map(resource).collect();
    Ok(ListResourcesResult { next_cursor, resources, ..ListResourcesResult::default() })
}

fn resource(file: File) -> Resource {
    Resource::new(format!("{FILES}{}", file.id), file.name).with_mime_type(file.media_type).with_size(file.bytes)
}

/// What stands in one of them.
pub(super) async fn file<H: Host>(host: &H, caller: &H::Caller, uri: String) -> Result<ReadResourceResult, ErrorData> {
    let found = match uri.strip_prefix(FILES) {
        Some(id) => host.file(caller, id).await.map_err(|text| ErrorData::internal_error(text, None))?,
        None => None,
    };
    let Some(content) = found else {
        return Err(ErrorData::resource_not_found("there is no such resource, or it is not yours", None));
    };
    if content.bytes.len() > limits::MCP_RESULT_BYTES_MAX {
        let (bytes, most) = (content.bytes.len(), limits::MCP_RESULT_BYTES_MAX);
        let text = format!("the file has {bytes} bytes, and over MCP at most {most} are given: download it from octi's pages");
        return Err(ErrorData::invalid_params(text, None));
    }
    Ok(ReadResourceResult::new(vec![contents(content, uri)]))
}

/// As text where it is text, whatever it is called.
fn contents(content: Content, uri: String) -> ResourceContents {
    let Content { media_type, bytes } = content;
    match String::from_utf8(bytes) {
        Ok(text) => ResourceContents::text(text, uri).with_mime_type(media_type),
        Err(other) => ResourceContents::blob(STANDARD.encode(other.into_bytes()), uri).with_mime_type(media_type),
    }
}

/// The roles.
pub(super) fn prompts<H: Host>(host: &H) -> ListPromptsResult {
    let prompt = |(name, purpose): (String, String)| Prompt::new(name, Some(purpose), None);
    ListPromptsResult { prompts: host.roles().into_iter().map(prompt).collect(), ..ListPromptsResult::default() }
}

/// What a role tells its model.
pub(super) async fn prompt<H: Host>(host: &H, caller: &H::Caller, name: &str) -> Result<GetPromptResult, ErrorData> {
    match host.role(caller, name).await {
        Some(Ok(text)) => Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])),
        Some(Err(text)) => Err(ErrorData::internal_error(text, None)),
        None => Err(ErrorData::invalid_params("there is no such prompt: `prompts/list` names those there are", None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_the_rest_is_base64() {
        let content =
            |bytes: &[u8]| contents(Content { media_type: "x/y".into(), bytes: bytes.into() }, "octi://artifacts/1".into());
        assert!(matches!(content("grün".as_bytes()), ResourceContents::TextResourceContents { text, .. } if text == "grün"));
        assert!(matches!(content(&[0xff, 0xd8]), ResourceContents::BlobResourceContents { blob, .. } if blob == "/9g="));
    }
}
