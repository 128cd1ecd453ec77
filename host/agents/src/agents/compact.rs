//! A summary in the place of the older part of a conversation, because a person asks for it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use octi_domain::ids::{MessageId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_models::ChatModel;
use octi_store::StoreError;
use tracing::Instrument;

use super::side_places::SidePlace;
use super::{Agents, Shared};
use crate::error::AgentsError;
use crate::runtime::context::{Conversation, MESSAGES_MAX, Older, Room};
use crate::runtime::side_call::SideCall;

/// What a conversation lost to its summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// The message of the host that says so.
    pub message_id: MessageId,
    /// What it says: what was summarised, and what was kept.
    pub text: String,
    pub summary: String,
    /// Messages that the summary stands for now, and messages that stay.
    pub messages: usize,
    pub kept: usize,
    /// Of what it stands for and of itself; estimated.
    pub tokens_before: u64,
    pub tokens_after: u64,
}

/// A summary that is being written. It goes on to its end even when this is dropped.
pub type Compacting = BoxFuture<'static, Result<Compacted, AgentsError>>;

/// A summary that may be written.
struct Wanted {
    principal: Principal,
    user_id: UserId,
    session_id: SessionId,
    model: Arc<dyn ChatModel>,
    older: Older,
    focus: Option<String>,
    /// The last message that was there.
    seen: i64,
    _place: SidePlace,
}

impl Agents {
    /// Lets a model summarise what is older than the newest messages of a conversation: later turns see the summary in its
    /// place. The messages stay readable. What is returned at once waits for the model.
    ///
    /// # Errors
    /// [`AgentsError`] when nothing is begun: while a turn runs, when nothing is old enough, or too much is asked already.
    /// The same from waiting, when there is no summary to go on with; then nothing has changed.
    pub async fn compact(
        &self,
        principal: &Principal,
        session_id: SessionId,
        focus: Option<String>,
    ) -> Result<Compacting, AgentsError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        if let Some(bytes) = focus.as_ref().map(String::len).filter(|bytes| *bytes > limits::COMPACTION_FOCUS_BYTES_MAX) {
            return Err(AgentsError::FocusTooLong { bytes });
        }
        // Before anything is read, so that the places bound what is held as well.
        let place = shared.side_places.take(user_id)?;
        let mut tx = shared.store.read(principal).await?;
        tx.session(session_id).await?.ok_or(AgentsError::SessionNotFound(session_id))?;
        if tx.active_run(session_id).await?.is_some() {
            return Err(AgentsError::StillRunning);
        }
        let last_model = tx.list_runs(Some(session_id), 1).await?.into_iter().next().map(|run| run.model);
        let messages = tx.last_messages(session_id, MESSAGES_MAX).await?;
        let earlier = tx.last_compaction(session_id).await?;
        drop(tx);
        let model = shared.model_of(principal, last_model.as_deref()).await?;
        let seen = messages.last().map_or(0, |message| message.seq);
        let room = Room { context_window: model.info().context_window, taken: 0, trim: false };
        let kept = shared.compaction().kept_messages;
        let conversation = Conversation::looked_at(messages).after(earlier);
        let redactor = (shared.dispatch.redactor)(principal);
        let older = conversation.older(room.tokens(), kept, &redactor).map_err(AgentsError::NotCompacted)?;
        let principal = principal.clone();
        let wanted = Wanted { principal, user_id, session_id, model, older, focus, seen, _place: place };
        let span = tracing::info_span!("agents.compact", session = %session_id);
        let task = shared.tasks.spawn(Arc::clone(shared).compact(wanted).instrument(span));
        let done = task.map(|done| {
            done.unwrap_or_else(|error| {
                tracing::error!(%error, "a summary broke off");
                Err(AgentsError::NotCompacted("the summary broke off because of a bug in octi; the log says where".to_owned()))
            })
        });
        Ok(done.boxed())
    }
}

impl Shared {
    async fn compact(self: Arc<Self>, wanted: Wanted) -> Result<Compacted, AgentsError> {
        let Wanted { principal, user_id, session_id, model, older, focus, seen, _place } = wanted;
        let call = SideCall {
            shared: &self,
            principal: &principal,
            user_id,
            session_id,
            run_id: None,
            model: &model,
            stop: &self.side_stop,
        };
        let snapshot = self.registry.snapshot();
        let refused = |why: String| AgentsError::NotCompacted(format!("nothing was summarised: {why}"));
        let summary = call.summarise(older, focus.as_deref(), &snapshot).await.map_err(refused)?;
        let message_id = call.keep(&summary, seen).await.map_err(|error| match error {
            StoreError::Conflict { .. } => AgentsError::NotCompacted(
                "nothing was summarised: the conversation was cleared or summarised meanwhile".to_owned(),
            ),
            other => AgentsError::Store(other),
        })?;
        self.stalls.forget(session_id);
        let (text, row) = (summary.sentence(), summary.row);
        Ok(Compacted {
            message_id,
            text,
            summary: row.summary,
            messages: summary.messages,
            kept: summary.kept,
            tokens_before: row.tokens_before,
            tokens_after: row.tokens_after,
        })
    }
}
