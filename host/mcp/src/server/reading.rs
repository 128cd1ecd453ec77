//! What a client can read besides calling tools: documents of plugins and files of conversations, as resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits;
use rmcp::ErrorData;
use rmcp::model::{
    ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};

use super::host::{Content, File, Host};
use super::offers::{self, Offers};

/// What the addresses of files begin with.
pub(super) const FILES: &str = "octi://artifacts/";

/// What a cursor begins with while documents are listed; after them come the files, with cursors of their own.
const AFTER: &str = "after:";

/// One page of the documents, then of the caller's files.
pub(super) async fn list<H: Host>(
    host: &H,
    caller: &H::Caller,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let after = match &cursor {
        None => None,
        Some(cursor) => match cursor.strip_prefix(AFTER) {
            Some(uri) => Some(uri.to_owned()),
            None => return files(host, caller, Some(cursor.clone())).await,
        },
    };
    let (mut resources, next) = offers::page(Offers::new(host.offered()).resources(), after.as_deref());
    if let Some(uri) = next {
        let next_cursor = Some(format!("{AFTER}{uri}"));
        return Ok(ListResourcesResult { resources, next_cursor, ..ListResourcesResult::default() });
    }
    let mut listed = files(host, caller, None).await?;
    resources.append(&mut listed.resources);
    Ok(ListResourcesResult { resources, ..listed })
}

/// One page of the addresses with variables: of files, and of documents.
pub(super) fn templates<H: Host>(host: &H, cursor: Option<&str>) -> ListResourceTemplatesResult {
    let uri = format!("{FILES}{{id}}");
    let file = ResourceTemplate::new(uri.clone(), "artifact")
        .with_description("A file of a conversation, or a result that was too large for it.");
    let mut all = Offers::new(host.offered()).templates();
    all.insert(uri, file);
    let (resource_templates, next_cursor) = offers::page(all, cursor);
    ListResourceTemplatesResult { resource_templates, next_cursor, ..ListResourceTemplatesResult::default() }
}

/// What stands at an address.
pub(super) async fn read<H: Host>(host: &H, caller: &H::Caller, uri: String) -> Result<ReadResourceResult, ErrorData> {
    match Offers::new(host.offered()).read(&uri) {
        Some(contents) => Ok(ReadResourceResult::new(vec![contents])),
        None => file(host, caller, uri).await,
    }
}

/// One page of the caller's files.
async fn files<H: Host>(host: &H, caller: &H::Caller, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    let (files, next_cursor) = host.files(caller, cursor).await.map_err(|text| ErrorData::invalid_params(text, None))?;
    let resources = files.into_iter().map(resource).collect();
    Ok(ListResourcesResult { next_cursor, resources, ..ListResourcesResult::default() })
}

fn resource(file: File) -> Resource {
    Resource::new(format!("{FILES}{}", file.id), file.name).with_mime_type(file.media_type).with_size(file.bytes)
}

/// What stands in one of them.
async fn file<H: Host>(host: &H, caller: &H::Caller, uri: String) -> Result<ReadResourceResult, ErrorData> {
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
pub(super) fn contents(content: Content, uri: String) -> ResourceContents {
    let Content { media_type, bytes } = content;
    match String::from_utf8(bytes) {
        Ok(text) => ResourceContents::text(text, uri).with_mime_type(media_type),
        Err(other) => ResourceContents::blob(STANDARD.encode(other.into_bytes()), uri).with_mime_type(media_type),
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
