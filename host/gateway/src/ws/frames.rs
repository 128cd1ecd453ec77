//! What each frame of an active connection does.

use std::panic::AssertUnwindSafe;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use octi_agents::{AgentsError, Move, Said, TurnOptions};
use octi_api::error::ErrorCode;
use octi_api::frames::{
    ChatInterject, ChatSend, ChatSteer, ClientFrame, Command, CommandResult, InlineFile, Patterns, PermissionPending, Pong,
    Replay, Replayed, ServerFrame, Subscribed, session_resource,
};
use octi_api::v1::messages::OutputMode;
use octi_domain::ids::{ArtifactId, SessionId};
use octi_domain::limits;
use octi_domain::permission::Origin;
use serde_json::json;

use super::commands::{self, Answered, Later};
use super::connection::Active;
use crate::bus::Subscription;
use crate::error::{ApiError, ApiResult};
use crate::v1::{agents, permissions, sessions, workspaces};

impl Active {
    /// Obeys one frame; what it returns is sent at once, before any event.
    pub(super) async fn answer(&mut self, frame: ClientFrame) -> ApiResult<Vec<ServerFrame>> {
        self.rates.admit(&frame, self.gateway.ambient.now(), self.gateway.settings.now().gateway_limits())?;
        let (gateway, caller) = (&self.gateway, &self.caller);
        match frame {
            ClientFrame::Auth(_) => Err(ApiError::new(ErrorCode::Refused, "this connection is authenticated already")),
            ClientFrame::Ping(_) => Ok(vec![ServerFrame::Pong(Pong { server_time: gateway.ambient.now() })]),
            ClientFrame::ChatSend(chat) => self.chat(chat).await,
            // A message to a session where a turn runs steers that turn.
            ClientFrame::ChatSteer(ChatSteer { session_id, content }) => self.chat(ChatSend::new(session_id, content)).await,
            ClientFrame::ChatInterject(ChatInterject { session_id, content }) => {
                gateway.agents.interject(&caller.principal, session_id.into(), content).await?;
                Ok(Vec::new())
            }
            ClientFrame::Command(command) => {
                // What a person may do may have changed since they connected.
                let caller = self.checked().await?;
                match commands::run(gateway, &caller, &command).await? {
                    Answered::Now(result) => Ok(vec![ServerFrame::CommandResult(result)]),
                    Answered::Later(later) => {
                        self.later.spawn(answered(command, later));
                        Ok(Vec::new())
                    }
                }
            }
            ClientFrame::Subscribe(list) => self.subscribe(list).await,
            ClientFrame::Unsubscribe(list) => {
                let left = self.listener.unsubscribe(&subscription(list));
                Ok(vec![subscribed(left)])
            }
            ClientFrame::Replay(replay) => self.replay(replay).await,
            ClientFrame::PermissionRespond(respond) => {
                permissions::answer(gateway, caller, &respond).await?;
                Ok(Vec::new())
            }
            ClientFrame::AgentStop(stop) => {
                agents::stop_own(gateway, caller, stop.agent_id.into()).await?;
                Ok(Vec::new())
            }
            // A foreign session is one that this person is told nothing of, so it need not be looked up.
            ClientFrame::Watch(watch) => {
                self.listener.shows(watch.session_id.map(Into::into));
                Ok(Vec::new())
            }
        }
    }

    async fn chat(&self, chat: ChatSend) -> ApiResult<Vec<ServerFrame>> {
        let (agents, principal, session) = (&self.gateway.agents, &self.caller.principal, chat.session_id.into());
        let to = self.place(&chat, session).await?;
        // All of them are read before the first is kept.
        let files = chat.attachments.iter().enumerate().map(decoded).collect::<ApiResult<Vec<_>>>()?;
        let mut attachments = Vec::with_capacity(files.len() + chat.file_refs.len());
        for (file, content) in &files {
            match agents.attach(principal, session, (&file.name, file.media_type.as_deref()), content).await {
                Ok(kept) => attachments.push(kept.id),
                Err(error) => return Err(self.unsent(&attachments, error.into()).await),
            }
        }
        let kept = attachments.clone();
        attachments.extend(chat.file_refs.into_iter().map(ArtifactId::from));
        // Before the turn, which may end at once.
        self.listener.spoke(session, self.gateway.ambient.now());
        let as_file = chat.output_mode == OutputMode::File;
        let options = TurnOptions { model: chat.model, origin: Origin::Chat, to, as_file };
        match agents.send(principal, session, Said { text: chat.content, attachments }, options).await {
            Ok(_) => Ok(Vec::new()),
            Err(kept @ AgentsError::Unanswered(_)) => Err(kept.into()),
            Err(error) => Err(self.unsent(&kept, error.into()).await),
        }
    }

    /// Where the conversation is to work from now on: where the message says, and for the first message of one that is empty
    /// where this connection is.
    async fn place(&self, chat: &ChatSend, session: SessionId) -> ApiResult<Move> {
        let project = chat.project_path.clone();
        let said = chat.workspace_id.as_deref();
        if said.is_none() {
            let begins = match &self.caller.workspace {
                Some(_) => self.gateway.store.read(&self.caller.principal).await?.session(session).await?,
                None => None,
            };
            if begins.is_none_or(|session| session.message_count > 0) {
                return Ok(Move { workspace: None, project });
            }
        }
        Ok(Move { workspace: workspaces::chosen(&self.gateway, &self.caller, said).await?, project })
    }

    /// Forgets the files of a message that was refused: it is sent again with its files, or never.
    async fn unsent(&self, kept: &[ArtifactId], error: ApiError) -> ApiError {
        let forgotten = async {
            let mut tx = self.gateway.store.write(&self.caller.principal).await?;
            for id in kept {
                tx.delete_artifact(*id).await?;
            }
            tx.save().await
        };
        if !kept.is_empty()
            && let Err(error) = forgotten.await
        {
            tracing::warn!(%error, files = kept.len(), "files of a refused message stay beside their conversation");
        }
        error
    }

    /// Listens first and reads the open questions after: a question asked in between is in both, and none is in neither.
    async fn subscribe(&self, list: Patterns) -> ApiResult<Vec<ServerFrame>> {
        let more = subscription(list);
        let mut tx = self.gateway.store.read(&self.caller.principal).await?;
        for session in &more.sessions {
            sessions::own(&mut tx, *session).await?;
        }
        drop(tx);
        let all = self.listener.subscribe(more).map_err(|field| {
            let count_max = if field == "patterns" { limits::WS_PATTERNS_MAX } else { limits::WS_RESOURCES_MAX };
            ApiError::field(field, format!("together with those that hold these are more than the {count_max} allowed"))
        })?;
        let requests = permissions::pending(&self.gateway, &self.caller).await?;
        let pending = ServerFrame::PermissionPending(PermissionPending { requests });
        Ok(vec![subscribed(all), pending])
    }

    /// What was missed of a session. The question whose it is comes first; the events are taken last, so that nothing
    /// happens between them and the live events that follow.
    async fn replay(&self, replay: Replay) -> ApiResult<Vec<ServerFrame>> {
        let session = replay.session_id.into();
        let mut tx = self.gateway.store.read(&self.caller.principal).await?;
        sessions::own(&mut tx, session).await?;
        drop(tx);
        let past = self.gateway.bus.replay(&self.listener, session, replay.after_event_id);
        let replayed = Replayed { session_id: replay.session_id, events: past.events, gap: past.gap };
        Ok(vec![ServerFrame::Replay(replayed)])
    }
}

/// Somebody waits for this answer, so work that panics is one too.
async fn answered(command: Command, later: Later) -> CommandResult {
    AssertUnwindSafe(later).catch_unwind().await.unwrap_or_else(|_| {
        let Command { name, session_id, .. } = command;
        tracing::error!(command = name, "a command panicked");
        let text = format!("`/{name}` failed inside the host; its log says why");
        let data = session_id.map(|id| json!({ "sessionId": id.to_string() }));
        CommandResult { name, result: text.clone(), error: Some(text), data }
    })
}

fn decoded((index, file): (usize, &InlineFile)) -> ApiResult<(&InlineFile, Vec<u8>)> {
    let content = STANDARD.decode(&file.data).map_err(|error| {
        ApiError::field(format!("attachments[{index}].data"), format!("this is not base64 (RFC 4648, with padding): {error}"))
    })?;
    Ok((file, content))
}

fn subscription(list: Patterns) -> Subscription {
    let sessions = list.sessions().map(Into::into).collect();
    Subscription { patterns: list.patterns, sessions }
}

fn subscribed(all: Subscription) -> ServerFrame {
    let resources = all.sessions.iter().map(|session| session_resource(session.as_uuid())).collect();
    ServerFrame::Subscribed(Subscribed { patterns: all.patterns, resources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_panics_is_answered() {
        let broken: Later = async { panic!("a bug") }.boxed();
        let command = Command { name: "compact".to_owned(), args: None, session_id: Some(uuid::Uuid::nil()) };
        let result = answered(command, broken).await;
        assert_eq!((result.name.as_str(), result.error.as_ref()), ("compact", Some(&result.result)));
        assert_eq!(result.data.as_ref().map(|data| &data["sessionId"]), Some(&json!(uuid::Uuid::nil().to_string())));
        assert!(result.result.contains("`/compact` failed inside the host"), "{result:?}");
    }
}
