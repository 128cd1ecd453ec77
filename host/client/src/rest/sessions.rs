//! Conversations and what was said in them.

use octi_api::page::{Page, PageQuery};
use octi_api::v1::agents::AgentStarted;
use octi_api::v1::artifacts::{Artifact, AttachmentQuery};
use octi_api::v1::messages::{Message, MessageQuery, MessageSent, SendMessage};
use octi_api::v1::sessions::{CreateSession, PatchSession, Session, SessionQuery};
use octi_domain::ids::{RunId, SessionId};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::{Client, ClientError};

impl Client {
    /// Conversations, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_sessions(&self, query: &PageQuery) -> Result<Page<Session>, ClientError> {
        self.get_with(&["api", "sessions"], query).await
    }

    /// Some conversations, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn find_sessions(&self, query: &SessionQuery) -> Result<Page<Session>, ClientError> {
        self.get_with(&["api", "sessions"], query).await
    }

    /// Begins a conversation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_session(&self, session: &CreateSession) -> Result<Session, ClientError> {
        self.post(&["api", "sessions"], session).await
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn session(&self, id: SessionId) -> Result<Session, ClientError> {
        self.get(&["api", "sessions", &id.to_string()]).await
    }

    /// Changes a conversation's title or status.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn patch_session(&self, id: SessionId, patch: &PatchSession) -> Result<Session, ClientError> {
        self.json(self.request(Method::PATCH, &["api", "sessions", &id.to_string()])?.json(patch)).await
    }

    /// Deletes a conversation with everything in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_session(&self, id: SessionId) -> Result<(), ClientError> {
        self.delete(&["api", "sessions", &id.to_string()]).await
    }

    /// What was said, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_messages(&self, id: SessionId, query: &MessageQuery) -> Result<Page<Message>, ClientError> {
        self.get_with(&["api", "sessions", &id.to_string(), "messages"], query).await
    }

    /// Says something; the answer comes as events, and as messages.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send_message(&self, id: SessionId, message: &SendMessage) -> Result<MessageSent, ClientError> {
        self.post(&["api", "sessions", &id.to_string(), "messages"], message).await
    }

    /// Keeps a file beside the conversation, for a message to name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn attach(
        &self,
        id: SessionId,
        name: &str,
        media_type: Option<&str>,
        content: Vec<u8>,
    ) -> Result<Artifact, ClientError> {
        let query = AttachmentQuery { name: name.to_owned() };
        let request = self.request(Method::POST, &["api", "sessions", &id.to_string(), "attachments"])?.query(&query);
        let media_type = media_type.unwrap_or("application/octet-stream");
        self.json(request.header(CONTENT_TYPE, media_type).body(content)).await
    }

    /// What is kept beside the conversation, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_artifacts(&self, id: SessionId, query: &PageQuery) -> Result<Page<Artifact>, ClientError> {
        self.get_with(&["api", "sessions", &id.to_string(), "artifacts"], query).await
    }

    /// Goes on with a turn that was interrupted.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn continue_session(&self, id: SessionId) -> Result<RunId, ClientError> {
        let request = self.request(Method::POST, &["api", "sessions", &id.to_string(), "continue"])?;
        let AgentStarted { agent_id } = self.json(request).await?;
        Ok(agent_id.into())
    }
}
