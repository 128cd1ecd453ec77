//! Files that a person gives.

use octi_domain::file_name::{self, UNKNOWN_TYPE};
use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::ArtifactMeta;

use super::Agents;
use crate::error::AgentsError;
use crate::tools::keep;

/// Types that are text under another name.
const TEXTS: [&str; 8] = [
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/javascript",
    "application/x-sh",
    "application/sql",
];

impl Agents {
    /// Keeps a file beside a conversation, to be given with a message. The type is what the sender says it is, except that
    /// text is what can be read as text.
    ///
    /// # Errors
    /// [`AgentsError`] when the file has no name, is too large, or the conversation is full.
    pub async fn attach(
        &self,
        principal: &Principal,
        session_id: SessionId,
        (name, media_type): (&str, Option<&str>),
        content: &[u8],
    ) -> Result<ArtifactMeta, AgentsError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        if content.len() > limits::ATTACHMENT_BYTES_MAX {
            return Err(AgentsError::AttachmentTooLarge { bytes: content.len() });
        }
        let meta = ArtifactMeta {
            id: shared.ambient.id(),
            user_id,
            session_id,
            name: file_name::plain(name).ok_or(AgentsError::AttachmentName)?,
            media_type: found_type(media_type.unwrap_or(UNKNOWN_TYPE), content),
            bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
            sha256: keep::sha256(content),
            created_at: shared.ambient.now(),
        };
        let mut tx = shared.store.write(principal).await?;
        tx.session(session_id).await?.ok_or(AgentsError::SessionNotFound(session_id))?;
        let kept = tx.artifacts_size(session_id).await?;
        if kept.saturating_add(meta.bytes) > limits::SESSION_FILES_BYTES_MAX {
            return Err(AgentsError::SessionFull);
        }
        tx.insert_artifact(&meta, content).await?;
        tx.save().await?;
        Ok(meta)
    }
}

fn found_type(declared: &str, content: &[u8]) -> String {
    let essence = file_name::media_type(declared).unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
    let says_text = essence.starts_with("text/");
    let may_be_text = says_text || essence == UNKNOWN_TYPE || TEXTS.contains(&essence.as_str()) || essence.ends_with("+json");
    let is_text = may_be_text && !content.contains(&0) && std::str::from_utf8(content).is_ok();
    match (is_text, says_text) {
        (true, true) | (false, false) => essence,
        (true, false) => "text/plain".to_owned(),
        (false, true) => UNKNOWN_TYPE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_is_called_text_and_nothing_else() {
        assert_eq!(found_type("text/markdown; charset=utf-8", b"# hi"), "text/markdown");
        assert_eq!(found_type("application/json", b"{}"), "text/plain");
        assert_eq!(found_type("", "fn main() {} // ✓".as_bytes()), "text/plain");
        assert_eq!(found_type("text/plain", &[0xff, 0xfe, 0]), UNKNOWN_TYPE);
        assert_eq!(found_type("image/PNG", b"\x89PNG"), "image/png");
        assert_eq!(found_type("image/png\r\nX-Evil: 1", &[0]), UNKNOWN_TYPE);
        assert_eq!(found_type("application/zip", b"PK plain"), "application/zip");
    }
}
