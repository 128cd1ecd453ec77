//! The WebSocket to the server: typed frames in both directions.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use octi_api::frames::{
    Auth, AuthMethod, AuthOk, ChatInterject, ChatSteer, ClientFrame, ClientType, ErrorFrame, Patterns, Replay, Replayed,
    ServerFrame, session_resource,
};
use octi_domain::ambient::Ambient;
use octi_domain::ids::{EventId, SessionId};
use octi_domain::limits;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{Client, ClientError, SigningKey};

/// How long connecting and signing in may take together.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);

/// A signed-in connection.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    hello: AuthOk,
    url: String,
    /// What came while an answer was waited for.
    waiting: VecDeque<ServerFrame>,
}

impl Client {
    /// Opens a connection and signs in, as a terminal.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the credentials are not good, and the others when the server cannot be reached.
    pub async fn connect(&self) -> Result<Socket, ClientError> {
        self.connect_as(ClientType::Tui).await
    }

    /// Opens a connection and signs in, as the given kind of program.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the credentials are not good, and the others when the server cannot be reached.
    pub async fn connect_as(&self, client_type: ClientType) -> Result<Socket, ClientError> {
        self.introduce(self.credentials(), client_type, None).await
    }

    /// Opens a connection and signs in, as a terminal: its commands work in that workspace, and so do conversations whose first
    /// message comes this way. It is the workspace's id or word; one that is not the person's means their default one.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the credentials are not good, and the others when the server cannot be reached.
    pub async fn connect_in(&self, workspace: &str) -> Result<Socket, ClientError> {
        self.introduce(self.credentials(), ClientType::Tui, Some(workspace)).await
    }

    fn credentials(&self) -> (AuthMethod, String) {
        let credentials = self.token().map(|token| token.expose_secret().to_owned()).unwrap_or_default();
        let method = if credentials.starts_with("octi_") { AuthMethod::ApiKey } else { AuthMethod::Local };
        (method, credentials)
    }

    /// Opens a connection and signs in with a key, whose secret is not sent, as the given kind of program.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the signature is not good, and the others when the server cannot be reached.
    pub async fn connect_signed(
        &self,
        key: &SigningKey,
        client_type: ClientType,
        ambient: &Ambient,
    ) -> Result<Socket, ClientError> {
        self.introduce((AuthMethod::Hmac, key.sign(ambient)), client_type, None).await
    }

    async fn introduce(
        &self,
        credentials: (AuthMethod, String),
        client_type: ClientType,
        workspace: Option<&str>,
    ) -> Result<Socket, ClientError> {
        let slow = || ClientError::Unreachable { url: self.base().to_string(), reason: "no answer in time".to_owned() };
        timeout(CONNECT_TIME_MAX, self.sign_in(credentials, client_type, workspace)).await.map_err(|_| slow())?
    }

    async fn sign_in(
        &self,
        (method, credentials): (AuthMethod, String),
        client_type: ClientType,
        workspace: Option<&str>,
    ) -> Result<Socket, ClientError> {
        let mut url = self.url(&["gateway"])?;
        if let Some(workspace) = workspace {
            url.query_pairs_mut().append_pair("workspace", workspace);
        }
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| ClientError::Address { url: self.base().to_string() })?;
        let (mut stream, _) = connect_async(url.as_str()).await.map_err(|error| self.unreachable(&error))?;

        let auth = ClientFrame::Auth(Auth {
            method,
            credentials,
            client_type,
            client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            protocol_version: None,
        });
        send(&mut stream, &auth, url.as_str()).await?;
        match receive(&mut stream, url.as_str()).await {
            Some(Ok(ServerFrame::AuthOk(hello))) => Ok(Socket { stream, hello, url: url.into(), waiting: VecDeque::new() }),
            Some(Ok(ServerFrame::AuthError(error))) => Err(ClientError::Refused(error.message)),
            Some(Ok(_)) => Err(self.protocol("the first frame was no answer to `auth`")),
            Some(Err(error)) => Err(error),
            None => Err(self.protocol("the connection ended before the answer to `auth`")),
        }
    }
}

impl Socket {
    /// What the server said when it let the connection in.
    #[must_use]
    pub const fn hello(&self) -> &AuthOk {
        &self.hello
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is gone.
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), ClientError> {
        send(&mut self.stream, frame, &self.url).await
    }

    /// The next frame; none when the connection ended in good order. Safe to drop and call again.
    ///
    /// # Errors
    /// [`ClientError::Closed`] with the server's reason, [`ClientError::Unreachable`] when the connection broke, or
    /// [`ClientError::Protocol`] for one frame that this version does not know; the connection stands then.
    pub async fn next(&mut self) -> Option<Result<ServerFrame, ClientError>> {
        match self.waiting.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None => receive(&mut self.stream, &self.url).await,
        }
    }

    /// The next frame that this version knows: frames and events of a newer server are not for it, and are left out. None when
    /// the connection ended in good order. Safe to drop and call again.
    ///
    /// # Errors
    /// [`ClientError::Closed`] with the server's reason, or [`ClientError::Unreachable`] when the connection broke.
    pub async fn next_known(&mut self) -> Option<Result<ServerFrame, ClientError>> {
        loop {
            match self.next().await {
                Some(Err(ClientError::Protocol { .. })) => {}
                frame => return frame,
            }
        }
    }

    /// Says something to the turn that runs in a session, or starts one.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is gone.
    pub async fn steer(&mut self, session: SessionId, content: impl Into<String>) -> Result<(), ClientError> {
        self.send(&ClientFrame::ChatSteer(ChatSteer { session_id: session.as_uuid(), content: content.into() })).await
    }

    /// Asks something beside the conversation, whether a turn runs or not. The question and its answer come as `chat.message`
    /// events with `side_channel`.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is gone.
    pub async fn interject(&mut self, session: SessionId, content: impl Into<String>) -> Result<(), ClientError> {
        self.send(&ClientFrame::ChatInterject(ChatInterject { session_id: session.as_uuid(), content: content.into() })).await
    }

    /// Listens to events of these types, of some sessions only when any is named. The server answers `subscribed`.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is gone.
    pub async fn subscribe(&mut self, patterns: &[&str], sessions: &[SessionId]) -> Result<(), ClientError> {
        let resources = sessions.iter().map(|session| session_resource(session.as_uuid())).collect();
        self.send(&ClientFrame::Subscribe(Patterns { resources, ..Patterns::of(patterns.iter().copied()) })).await
    }

    /// Listens to everything again after a connection was lost, and asks for what was missed of a session after the last
    /// event that came. Together with what [`next`](Self::next) returns from here on, each event of the session is there
    /// exactly once. Other frames that come meanwhile are returned by [`next`](Self::next).
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the session is not there, and the others when the connection is gone.
    pub async fn catch_up(&mut self, session: SessionId, after: Option<EventId>) -> Result<Replayed, ClientError> {
        self.subscribe(&["*"], &[]).await?;
        self.replay(session, after).await
    }

    /// Asks for what happened in a session after an event, or for all that is kept. Live events of the session that come
    /// before the answer are in it, so they are left out.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the session is not there, and the others when the connection is gone.
    pub async fn replay(&mut self, session: SessionId, after: Option<EventId>) -> Result<Replayed, ClientError> {
        let id = session.as_uuid();
        let of_session = |frame: &ServerFrame| matches!(frame, ServerFrame::Event { event } if event.session_id == Some(id));
        self.waiting.retain(|frame| !of_session(frame));
        self.send(&ClientFrame::Replay(Replay { session_id: id, after_event_id: after.map(EventId::as_uuid) })).await?;
        loop {
            match receive(&mut self.stream, &self.url).await {
                Some(Ok(ServerFrame::Replay(replayed))) if replayed.session_id == id => return Ok(replayed),
                Some(Ok(ServerFrame::Error(ErrorFrame { message, .. }))) => return Err(ClientError::Refused(message)),
                Some(Ok(frame)) if of_session(&frame) => {}
                Some(Ok(frame)) => self.keep(frame)?,
                Some(Err(ClientError::Protocol { .. })) => {}
                Some(Err(error)) => return Err(error),
                None => return Err(self.ended()),
            }
        }
    }

    /// Keeps a frame for [`next`](Self::next). A server that sends so much instead of an answer is given up.
    fn keep(&mut self, frame: ServerFrame) -> Result<(), ClientError> {
        if self.waiting.len() >= limits::WS_QUEUE_MAX {
            let reason = "no answer came to a question, and too much else did".to_owned();
            return Err(ClientError::Protocol { url: self.url.clone(), reason });
        }
        self.waiting.push_back(frame);
        Ok(())
    }

    fn ended(&self) -> ClientError {
        ClientError::Unreachable { url: self.url.clone(), reason: "the connection ended before the answer".to_owned() }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        // The connection is given up either way.
        let _ = self.stream.close(None).await;
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn send(stream: &mut Stream, frame: &ClientFrame, url: &str) -> Result<(), ClientError> {
    let text =
        serde_json::to_string(frame).map_err(|error| ClientError::Protocol { url: url.to_owned(), reason: error.to_string() })?;
    stream.send(Message::text(text)).await.map_err(|error| broken(url, &error))
}

async fn receive(stream: &mut Stream, url: &str) -> Option<Result<ServerFrame, ClientError>> {
    loop {
        return match stream.next().await? {
            Ok(Message::Text(text)) => Some(serde_json::from_str(&text).map_err(|error| ClientError::Protocol {
                url: url.to_owned(),
                reason: format!("a frame of another version: {error}"),
            })),
            Ok(Message::Close(Some(frame))) if u16::from(frame.code) != 1000 => {
                Some(Err(ClientError::Closed { code: frame.code.into(), reason: frame.reason.to_string() }))
            }
            Ok(Message::Close(_)) => None,
            Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
            Err(error) => Some(Err(broken(url, &error))),
        };
    }
}

fn broken(url: &str, error: &tokio_tungstenite::tungstenite::Error) -> ClientError {
    ClientError::Unreachable { url: url.to_owned(), reason: error.to_string() }
}
