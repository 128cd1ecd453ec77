//! An answer that is kept as a file, because whoever asked wants it so.

use octi_domain::message::Part;
use octi_domain::principal::Principal;
use octi_domain::run::Run;
use octi_store::ArtifactMeta;

use crate::agents::Shared;
use crate::tools::keep;

/// Keeps the text beside the conversation and says where; none when there is no text. The answer itself is stored as ever, so
/// only the copy is missing when the store cannot take it.
pub(super) async fn keep(shared: &Shared, principal: &Principal, run: &Run, parts: &[Part]) -> Option<String> {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n\n");
    if text.trim().is_empty() {
        return None;
    }
    let now = shared.ambient.now();
    let meta = ArtifactMeta {
        id: shared.ambient.id(),
        user_id: run.user_id,
        session_id: run.session_id,
        name: format!("answer-{}.md", now.format("%Y-%m-%d-%H%M%S")),
        media_type: "text/markdown".to_owned(),
        bytes: i64::try_from(text.len()).unwrap_or(i64::MAX),
        sha256: keep::sha256(text.as_bytes()),
        created_at: now,
    };
    let stored = async {
        let mut tx = shared.store.write(principal).await?;
        tx.insert_artifact(&meta, text.as_bytes()).await?;
        tx.save().await
    };
    match stored.await {
        Ok(()) => Some(format!("\n\nThis answer is kept as the file `{}` of this conversation (`{}`).", meta.name, meta.id)),
        Err(error) => {
            tracing::error!(%error, detail = error.detail(), run = %run.id, "an answer could not be kept as a file");
            Some("\n\nThis answer could not be kept as a file; the log of octi says why.".to_owned())
        }
    }
}
