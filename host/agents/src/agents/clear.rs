//! Beginning a conversation anew without losing what was said.

use octi_domain::event::EventKind;
use octi_domain::ids::{MessageId, SessionId};
use octi_domain::message::{CLEARED, Part, Role};
use octi_domain::principal::Principal;
use octi_store::NewMessage;

use super::Agents;
use crate::error::AgentsError;

impl Agents {
    /// Lets later turns of a session begin without what was said before. The messages stay readable; one of the host says
    /// where the model's memory begins.
    ///
    /// # Errors
    /// [`AgentsError::StillRunning`] while a turn of the session runs, because it would answer into the new conversation.
    pub async fn clear_context(&self, principal: &Principal, session_id: SessionId) -> Result<MessageId, AgentsError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        let _one_at_a_time = shared.starting(session_id).lock().await;
        let mut tx = shared.store.write(principal).await?;
        tx.session(session_id).await?.ok_or(AgentsError::SessionNotFound(session_id))?;
        if tx.active_run(session_id).await?.is_some() {
            return Err(AgentsError::StillRunning);
        }
        let message = NewMessage {
            id: shared.ambient.id(),
            session_id,
            run_id: None,
            role: Role::System,
            parts: vec![Part::Text(CLEARED.to_owned())],
            created_at: shared.ambient.now(),
        };
        let message_id = tx.append_message(message).await?.id;
        tx.forget_compactions(session_id).await?;
        tx.save().await?;
        shared.stalls.forget(session_id);
        let text = CLEARED.to_owned();
        let attachments = Vec::new();
        let kind = EventKind::ChatMessage { message_id, run_id: None, role: Role::System, text, attachments, injected: false };
        shared.publisher.publish(user_id, Some(session_id), kind);
        Ok(message_id)
    }
}
