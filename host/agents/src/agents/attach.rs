//! Files that a person gives.

use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::ArtifactMeta;

use super::Agents;
use crate::error::AgentsError;
use crate::tools::keep;

/// What is not known to be anything else.
const UNKNOWN: &str = "application/octet-stream";
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
            name: plain_name(name).ok_or(AgentsError::AttachmentName)?,
            media_type: found_type(media_type.unwrap_or(UNKNOWN), content),
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

/// The name without the folders it came from and without what would not be seen where it is shown.
fn plain_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen = last.chars().filter(|c| !c.is_control() && !is_unseen(*c));
    let name: String = seen.take(limits::ATTACHMENT_NAME_CHARS_MAX).collect();
    let name = name.trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// Characters that turn the direction of a line, or have no width: they make one name look like another.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn found_type(declared: &str, content: &[u8]) -> String {
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    let is_type = essence.len() <= 100 && essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    let essence = if is_type { essence } else { UNKNOWN.to_owned() };
    let says_text = essence.starts_with("text/");
    let may_be_text = says_text || essence == UNKNOWN || TEXTS.contains(&essence.as_str()) || essence.ends_with("+json");
    let is_text = may_be_text && !content.contains(&0) && std::str::from_utf8(content).is_ok();
    match (is_text, says_text) {
        (true, true) | (false, false) => essence,
        (true, false) => "text/plain".to_owned(),
        (false, true) => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_no_folder_and_nothing_unseen() {
        assert_eq!(plain_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(plain_name("C:\\Users\\me\\Ünï .txt").as_deref(), Some("Ünï .txt"));
        assert_eq!(plain_name("a\u{202e}gpj\n.exe").as_deref(), Some("agpj.exe"));
        assert_eq!(plain_name(&"x".repeat(1_000)).map(|name| name.len()), Some(limits::ATTACHMENT_NAME_CHARS_MAX));
        for none in ["", "/", "..", "a/..", " \u{200b} "] {
            assert_eq!(plain_name(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_is_text_is_called_text_and_nothing_else() {
        assert_eq!(found_type("text/markdown; charset=utf-8", b"# hi"), "text/markdown");
        assert_eq!(found_type("application/json", b"{}"), "text/plain");
        assert_eq!(found_type("", "fn main() {} // ✓".as_bytes()), "text/plain");
        assert_eq!(found_type("text/plain", &[0xff, 0xfe, 0]), UNKNOWN);
        assert_eq!(found_type("image/PNG", b"\x89PNG"), "image/png");
        assert_eq!(found_type("image/png\r\nX-Evil: 1", &[0]), UNKNOWN);
        assert_eq!(found_type("application/zip", b"PK plain"), "application/zip");
    }
}
