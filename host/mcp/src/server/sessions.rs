//! Whose session it is, and how many there are.
//!
//! The SDK keeps the sessions. Here each has an owner: to everybody else it does not exist. Most clients never end a session,
//! so the one that was used longest ago makes room for a new one; its client is told that it is gone and begins another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{Stream, StreamExt};
use octi_domain::ids::UserId;
use octi_domain::limits;
use rmcp::model::{ClientJsonRpcMessage, ProtocolVersion, ServerJsonRpcMessage, ServerResult};
use rmcp::transport::common::server_side_http::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, LocalSessionManagerError};
use rmcp::transport::streamable_http_server::session::{SessionId, SessionManager};
use tokio::time::Instant;

/// Every session.
#[derive(Debug)]
pub(super) struct Sessions {
    local: LocalSessionManager,
    owners: Mutex<HashMap<SessionId, Owner>>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    user_id: UserId,
    used_at: Instant,
    /// Its client comes back for what a closed stream did not bring (SEP-1699).
    comes_back: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        let mut local = LocalSessionManager::default();
        local.session_config.channel_capacity = limits::MCP_QUEUE_MAX;
        local.session_config.keep_alive = Some(Duration::from_secs(limits::MCP_SESSION_IDLE_SECONDS_MAX));
        local.session_config.completed_cache_ttl = Duration::from_secs(limits::MCP_KEPT_SECONDS_MAX);
        local.session_config.init_timeout = Some(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX));
        Self { local, owners: Mutex::default() }
    }
}

impl Sessions {
    fn owners(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Owner>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session that makes room for one more of this person's, if one has to.
fn crowded_out(owners: &HashMap<SessionId, Owner>, user_id: UserId) -> Option<SessionId> {
    let is_own = |owner: &Owner| owner.user_id == user_id;
    let own = owners.values().filter(|owner| is_own(owner)).count();
    let among_own = own >= limits::MCP_SESSIONS_PER_USER_MAX;
    if !among_own && owners.len() < limits::MCP_SESSIONS_MAX {
        return None;
    }
    let those = owners.iter().filter(|(_, owner)| !among_own || is_own(owner));
    those.min_by_key(|(_, owner)| owner.used_at).map(|(id, _)| Arc::clone(id))
}

/// The sessions of one person, as the SDK may reach them for that person's requests.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) user_id: UserId,
    pub(super) all: Arc<Sessions>,
    /// How long a stream may stay open, of a client that comes back.
    pub(super) stream_time: Option<Duration>,
}

impl Own {
    /// Notes that the session is used, when it is this person's.
    fn touch(&self, id: &SessionId) -> Result<(), LocalSessionManagerError> {
        let mut owners = self.all.owners();
        match owners.get_mut(id).filter(|owner| owner.user_id == self.user_id) {
            Some(owner) => {
                owner.used_at = Instant::now();
                Ok(())
            }
            None => Err(LocalSessionManagerError::SessionNotFound(Arc::clone(id))),
        }
    }

    /// When a stream that opens now ends, if it may not stay open. The SDK keeps what is said after that, and the stream began with
    /// the id to come back with, and when.
    fn end_of_stream(&self, id: &SessionId) -> impl Future<Output = ()> + Send + Sync + 'static {
        let comes_back = self.all.owners().get(id).is_some_and(|owner| owner.comes_back);
        let time = self.stream_time.filter(|_| comes_back);
        async move {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        }
    }
}

/// Whether a client of the version that was agreed on comes back after its stream was closed.
fn comes_back(answer: &ServerJsonRpcMessage) -> bool {
    let ServerJsonRpcMessage::Response(answer) = answer else { return false };
    matches!(&answer.result, ServerResult::InitializeResult(agreed) if agreed.protocol_version >= ProtocolVersion::V_2025_11_25)
}

impl SessionManager for Own {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        loop {
            let Some(oldest) = crowded_out(&self.all.owners(), self.user_id) else { break };
            self.all.owners().remove(&oldest);
            self.all.local.close_session(&oldest).await?;
        }
        let (id, transport) = self.all.local.create_session().await?;
        self.all.owners().insert(Arc::clone(&id), Owner { user_id: self.user_id, used_at: Instant::now(), comes_back: false });
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.touch(id)?;
        let answer = self.all.local.initialize_session(id, message).await?;
        if let Some(owner) = self.all.owners().get_mut(id) {
            owner.comes_back = comes_back(&answer);
        }
        Ok(answer)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        if self.touch(id).is_err() {
            return Ok(false);
        }
        self.all.local.has_session(id).await
    }

    /// Also how the SDK says that a session has ended by itself.
    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        let is_own = self.all.owners().get(id).is_none_or(|owner| owner.user_id == self.user_id);
        if !is_own {
            return Ok(());
        }
        self.all.owners().remove(id);
        self.all.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id)?;
        Ok(self.all.local.create_stream(id, message).await?.take_until(self.end_of_stream(id)))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.touch(id)?;
        self.all.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id)?;
        self.all.local.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id)?;
        Ok(self.all.local.resume(id, last_event_id).await?.take_until(self.end_of_stream(id)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::timeout;

    use super::*;

    fn own(all: &Arc<Sessions>, number: usize) -> Own {
        Own { user_id: format!("00000000-0000-0000-0000-{number:012}").parse().unwrap(), all: Arc::clone(all), stream_time: None }
    }

    #[tokio::test]
    async fn a_session_is_unknown_to_everybody_but_its_owner() {
        let all = Arc::new(Sessions::default());
        let (ann, bob) = (own(&all, 1), own(&all, 2));
        let (id, _transport) = ann.create_session().await.unwrap();
        assert!(ann.has_session(&id).await.unwrap());
        assert!(!bob.has_session(&id).await.unwrap());
        assert!(bob.create_standalone_stream(&id).await.is_err());
        assert!(bob.resume(&id, "0".to_owned()).await.is_err());
        bob.close_session(&id).await.unwrap();
        assert!(ann.has_session(&id).await.unwrap(), "nobody else can end it");
        ann.close_session(&id).await.unwrap();
        assert!(!ann.has_session(&id).await.unwrap());
        assert!(all.owners().is_empty());
    }

    #[tokio::test]
    async fn the_session_that_was_used_longest_ago_makes_room() {
        let all = Arc::new(Sessions::default());
        let (ann, bob) = (own(&all, 1), own(&all, 2));
        let (of_bob, _transport) = bob.create_session().await.unwrap();
        let mut open = Vec::new();
        for _ in 0..limits::MCP_SESSIONS_PER_USER_MAX {
            open.push(ann.create_session().await.unwrap());
        }
        assert!(ann.has_session(&open[0].0).await.unwrap(), "which makes it the one that was used last");
        let (newest, _transport) = ann.create_session().await.unwrap();
        assert!(ann.has_session(&open[0].0).await.unwrap() && ann.has_session(&newest).await.unwrap());
        assert!(!ann.has_session(&open[1].0).await.unwrap());
        assert!(bob.has_session(&of_bob).await.unwrap());
        assert_eq!(all.owners().len(), limits::MCP_SESSIONS_PER_USER_MAX + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_stream_of_a_client_that_comes_back_ends_before_its_answer() {
        let answer = |version: &str| -> ServerJsonRpcMessage {
            let result = json!({"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "octi", "version": "1"}});
            serde_json::from_value(json!({"jsonrpc": "2.0", "id": 1, "result": result})).unwrap()
        };
        assert!(comes_back(&answer("2025-11-25")) && !comes_back(&answer("2025-06-18")) && !comes_back(&answer("2024-11-05")));

        let all = Arc::new(Sessions::default());
        let ann = Own { stream_time: Some(Duration::from_secs(45)), ..own(&all, 1) };
        let (id, _transport) = ann.create_session().await.unwrap();
        let ends = async |own: &Own, seconds| timeout(Duration::from_secs(seconds), own.end_of_stream(&id)).await.is_ok();
        assert!(!ends(&ann, 3_600).await);
        all.owners().get_mut(&id).unwrap().comes_back = true;
        assert!(!ends(&ann, 44).await && ends(&ann, 46).await);
        assert!(!ends(&own(&all, 1), 3_600).await, "nobody set it");
    }

    #[test]
    fn all_together_are_bounded_too() {
        let all = Arc::new(Sessions::default());
        let now = Instant::now();
        let mut owners: HashMap<SessionId, Owner> = HashMap::new();
        for number in 0..limits::MCP_SESSIONS_MAX {
            let used_at = now + Duration::from_secs(number as u64);
            owners
                .insert(Arc::from(number.to_string()), Owner { user_id: own(&all, number).user_id, used_at, comes_back: false });
        }
        let newcomer = own(&all, limits::MCP_SESSIONS_MAX).user_id;
        assert_eq!(crowded_out(&owners, newcomer).as_deref(), Some("0"));
        owners.remove("7");
        assert_eq!(crowded_out(&owners, newcomer), None);
    }
}
