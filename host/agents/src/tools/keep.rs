//! What of a result is kept.

use octi_domain::ids::ArtifactId;
use octi_store::ArtifactMeta;
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

/// The digest, in hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
