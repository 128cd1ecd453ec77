//! What each frame of an active connection does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octi_agents::{Said, TurnOptions};
use octi_api::error::ErrorCode;
use octi_api::frames::{
    ChatInterject, ChatSend, ChatSteer, ClientFrame, InlineFile, Patterns, PermissionPending, Pong, Replay, Replayed,
    ServerFrame, Subscribed, session_resource,
};
use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_domain::permission::Origin;

use super::commands::{self, Answered};
use super::connection::Active;
use crate::bus::Subscription;
use crate::error::{ApiError, ApiResult};
use crate::v1::{agents, permissions, sessions};

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
                        self.later.spawn(later);
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
        // All of them are read before the first is kept.
        let files = chat.attachments.iter().enumerate().map(decoded).collect::<ApiResult<Vec<_>>>()?;
        let mut attachments = Vec::with_capacity(files.len() + chat.file_refs.len());
        for (file, content) in &files {
            let kept = agents.attach(principal, session, (&file.name, file.media_type.as_deref()), content).await?;
            attachments.push(kept.id);
        }
        attachments.extend(chat.file_refs.into_iter().map(ArtifactId::from));
        // Before the turn, which may end at once.
        self.listener.spoke(session, self.gateway.ambient.now());
        let options = TurnOptions { model: chat.model, origin: Origin::Chat };
        agents.send(principal, session, Said { text: chat.content, attachments }, options).await?;
        Ok(Vec::new())
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
