//! What of a result is kept beside its conversation.

use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_extension::tool::Artifact;
use octi_store::{ArtifactMeta, StoreError};
use sha2::{Digest, Sha256};

use super::dispatch::{Call, Dispatch};

/// Keeps a large result beside the conversation; none when there is no conversation, or the store cannot take it.
pub(super) async fn artifact(dispatch: &Dispatch, call: &Call, whole: &str) -> Option<ArtifactId> {
    let session_id = call.of.session_id?;
    let meta = ArtifactMeta {
        id: dispatch.ambient.id(),
        user_id: call.of.user_id,
        session_id,
        name: format!("{}.json", call.of.name),
        media_type: "application/json".to_owned(),
        bytes: i64::try_from(whole.len()).unwrap_or(i64::MAX),
        sha256: sha256(whole.as_bytes()),
        created_at: dispatch.ambient.now(),
    };
    let stored = async {
        let mut tx = dispatch.store.write(&call.of.principal).await?;
        tx.insert_artifact(&meta, whole.as_bytes()).await?;
        tx.save().await
    };
    match stored.await {
        Ok(()) => Some(meta.id),
        Err(error) => {
            tracing::error!(%error, detail = error.detail(), call = %call.of.id, "a large result could not be kept");
            None
        }
    }
}

/// Why files that a tool gave were not kept.
const NO_SESSION: &str = "they belong to no conversation: name a session with the call, and they are kept beside it";
const FULL: &str = "the conversation is full: delete it or begin another one, and call again";
const BROKEN: &str = "the database did not take them: the log of octi says why; call again later";

/// Keeps the files that a call gave, all or none; why not, if not.
pub(super) async fn files(dispatch: &Dispatch, call: &Call, files: &[Artifact]) -> Option<&'static str> {
    let Some(session_id) = call.of.session_id else { return Some(NO_SESSION) };
    let created_at = dispatch.ambient.now();
    let stored = async {
        let mut tx = dispatch.store.write(&call.of.principal).await?;
        let mut held = tx.artifacts_size(session_id).await?;
        for file in files {
            let bytes = i64::try_from(file.content.len()).unwrap_or(i64::MAX);
            held = held.saturating_add(bytes);
            if held > limits::SESSION_FILES_BYTES_MAX {
                return Ok(false);
            }
            let meta = ArtifactMeta {
                id: file.id,
                user_id: call.of.user_id,
                session_id,
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes,
                sha256: sha256(&file.content),
                created_at,
            };
            tx.insert_artifact(&meta, &file.content).await?;
        }
        tx.save().await?;
        Ok::<_, StoreError>(true)
    };
    match stored.await {
        Ok(true) => None,
        Ok(false) => Some(FULL),
        Err(error) => {
            tracing::error!(%error, detail = error.detail(), call = %call.of.id, "files of a result could not be kept");
            Some(BROKEN)
        }
    }
}

/// The digest, in hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
