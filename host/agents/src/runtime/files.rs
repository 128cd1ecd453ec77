//! The content of the files in a conversation, read once for a turn.

use std::sync::Arc;

use octi_domain::limits;
use octi_domain::message::{Attachment, Part};
use octi_models::{ChatMessage, Files, ModelInfo};
use octi_store::{StoreError, Tx};

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles(Files);

impl OpenFiles {
    /// The content of every file of these messages that the model can do something with: the newest first, until
    /// [`REQUEST_FILES_BYTES_MAX`](limits::REQUEST_FILES_BYTES_MAX) are together.
    pub(crate) async fn of(&mut self, tx: &mut Tx<'_>, info: &ModelInfo, messages: &[ChatMessage]) -> Result<Files, StoreError> {
        let mut found = Files::new();
        let mut left = limits::REQUEST_FILES_BYTES_MAX;
        for file in attachments(messages).filter(|file| octi_models::takes(info, file.kind())) {
            let size = usize::try_from(file.bytes).unwrap_or(usize::MAX);
            if found.contains_key(&file.artifact) || size > left {
                continue;
            }
            // An artifact that is gone is told by its name.
            let Some(content) = self.read(tx, file).await? else { continue };
            left -= size;
            found.insert(file.artifact, content);
        }
        Ok(found)
    }

    async fn read(&mut self, tx: &mut Tx<'_>, file: &Attachment) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(content) = self.0.get(&file.artifact) {
            return Ok(Some(Arc::clone(content)));
        }
        let Some(content) = tx.artifact_bytes(file.artifact, 0, limits::ATTACHMENT_BYTES_MAX).await? else { return Ok(None) };
        let content: Arc<[u8]> = content.into();
        self.0.insert(file.artifact, Arc::clone(&content));
        Ok(Some(content))
    }
}

/// The newest first.
fn attachments(messages: &[ChatMessage]) -> impl Iterator<Item = &Attachment> {
    messages.iter().rev().flat_map(|message| message.parts.iter().rev()).filter_map(|part| match part {
        Part::Attachment(attachment) => Some(attachment),
        _ => None,
    })
}
