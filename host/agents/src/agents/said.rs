//! What a person says: text, and files that were given before.

use octi_domain::ids::{ArtifactId, SessionId};
use octi_domain::limits;
use octi_domain::message::{Attachment, Part};
use octi_domain::principal::Principal;

use super::Shared;
use crate::error::AgentsError;

/// Bytes of a title made from a first message.
const TITLE_BYTES_MAX: usize = 60;

/// A message as it comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// May be empty when there are files.
    pub text: String,
    /// Files of the same session, from [`Agents::attach`](super::Agents::attach).
    pub attachments: Vec<ArtifactId>,
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, attachments: Vec::new() }
    }
}

/// A message that may be stored.
pub(super) struct Whole {
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
}

impl Whole {
    /// Files first: a question makes more sense behind what it is about.
    pub(super) fn parts(&self) -> Vec<Part> {
        let files = self.attachments.iter().cloned().map(Part::Attachment);
        let text = (!self.text.is_empty()).then(|| Part::Text(self.text.clone()));
        files.chain(text).collect()
    }

    /// What a conversation that begins so is called.
    pub(super) fn title(&self) -> String {
        let line = self.text.lines().map(str::trim).find(|line| !line.is_empty());
        let line = line.or_else(|| self.attachments.first().map(|file| file.name.as_str())).unwrap_or_default();
        let short = crate::tools::bound::head(line, TITLE_BYTES_MAX);
        if short.len() < line.len() { format!("{}…", short.trim_end()) } else { short.to_owned() }
    }
}

impl Shared {
    /// Looks at a message before anything happens because of it.
    pub(super) async fn checked(&self, principal: &Principal, session: SessionId, said: Said) -> Result<Whole, AgentsError> {
        let Said { text, attachments } = said;
        if text.trim().is_empty() && attachments.is_empty() {
            return Err(AgentsError::MessageEmpty);
        }
        if text.len() > limits::MESSAGE_BYTES_MAX {
            return Err(AgentsError::MessageTooLong { bytes: text.len() });
        }
        if attachments.len() > limits::ATTACHMENTS_PER_MESSAGE_MAX {
            return Err(AgentsError::AttachmentsTooMany { count: attachments.len() });
        }
        if attachments.is_empty() {
            return Ok(Whole { text, attachments: Vec::new() });
        }
        let mut tx = self.store.read(principal).await?;
        let mut files = Vec::with_capacity(attachments.len());
        for (index, id) in attachments.into_iter().enumerate() {
            let meta = tx.artifact(id).await?.filter(|meta| meta.session_id == session);
            let meta = meta.ok_or(AgentsError::AttachmentNotFound { index })?;
            let bytes = u64::try_from(meta.bytes).unwrap_or_default();
            files.push(Attachment { artifact: id, name: meta.name, media_type: meta.media_type, bytes });
        }
        Ok(Whole { text, attachments: files })
    }
}
