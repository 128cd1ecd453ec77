//! Deleting a conversation, with whatever runs in it.

use std::time::Duration;

use octi_domain::ids::SessionId;
use octi_domain::principal::Principal;

use super::Agents;
use crate::error::AgentsError;
use crate::runtime::turn::StopCause;

/// How long a turn of a deleted conversation is waited for. One that takes longer finds nothing to write to.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl Agents {
    /// Deletes a conversation with everything in it. A turn that runs in it is stopped first, and none begins meanwhile.
    ///
    /// # Errors
    /// [`AgentsError::SessionNotFound`], also when it is somebody else's.
    pub async fn delete_session(&self, principal: &Principal, session_id: SessionId) -> Result<(), AgentsError> {
        let shared = &self.0;
        let user_id = principal.user_id().ok_or(AgentsError::NoPerson)?;
        let missing = || AgentsError::SessionNotFound(session_id);
        shared.store.read(principal).await?.session(session_id).await?.ok_or_else(missing)?;
        let stop = || {
            let handle = shared.runs.of_session(user_id, session_id);
            handle.inspect(|handle| handle.stop(StopCause::Person))
        };
        // Before its turn as well: whoever says something now waits for the end of that turn.
        stop();
        let _none_begins = shared.starting(session_id).lock().await;
        if let Some(handle) = stop() {
            let _late = tokio::time::timeout(LAST_WORDS, handle.until_ended()).await;
        }
        // What is written behind belongs to rows that are gone afterwards.
        self.flush().await;
        let mut tx = shared.store.write(principal).await?;
        if !tx.delete_session(session_id).await? {
            return Err(missing());
        }
        tx.save().await?;
        shared.stalls.forget(session_id);
        Ok(())
    }
}
