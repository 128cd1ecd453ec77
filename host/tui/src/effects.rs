//! Does what the model asks for: requests to the server, each on its own task, whose answer comes back as a message.

use std::sync::{Arc, Mutex, PoisonError};

use octi_api::frames::{ClientFrame, ErrorFrame, ServerFrame};
use octi_api::page::PageQuery;
use octi_api::v1::agents::AgentQuery;
use octi_api::v1::auth::{Login, User};
use octi_api::v1::messages::MessageQuery;
use octi_api::v1::sessions::{CreateSession, PatchSession};
use octi_client::{Client, ClientError};
use octi_domain::ids::{SessionId, TokenId};
use octi_domain::limits;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::link::Order;
use crate::message::{Effect, History, Msg, Purpose};
use crate::place::Project;

/// What the world still has to do besides the requests.
pub(crate) enum Remains {
    Nothing,
    Redraw,
    Quit,
}

/// Somebody who signed in here.
struct SignedIn {
    client: Client,
    /// By its beginning it is found again to be taken back.
    token: SecretString,
}

/// Carries effects out.
pub(crate) struct Runner {
    /// Who started octi.
    own: Client,
    signed_in: Arc<Mutex<Option<SignedIn>>>,
    link: Sender<Order>,
    out: Sender<Msg>,
    tasks: TaskTracker,
}

impl Runner {
    pub(crate) fn new(client: Client, link: Sender<Order>, out: Sender<Msg>, tasks: TaskTracker) -> Self {
        Self { own: client, signed_in: Arc::default(), link, out, tasks }
    }

    fn client(&self) -> Client {
        let signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.as_ref().map_or(&self.own, |signed_in| &signed_in.client).clone()
    }

    /// Does it, or begins to.
    pub(crate) fn run(&self, effect: Effect) -> Remains {
        match effect {
            Effect::Send(frame, purpose) => self.send(frame, purpose),
            Effect::ConnectNow => {
                // A link that has so much to do is connected.
                let _ = self.link.try_send(Order::ConnectNow);
            }
            Effect::Load(session) => self.ask(move |client| async move {
                let outcome = load(&client, session).await.map_err(say);
                Msg::Loaded { session, outcome }
            }),
            Effect::Create { title, number, workspace, project } => {
                let wanted = CreateSession { title: Some(title), workspace_id: workspace, project_path: None };
                self.create(wanted, project, number);
            }
            Effect::Move { session, to } => self.ask(move |client| async move {
                let patch = PatchSession { workspace_id: to.workspace, project_path: to.project, ..PatchSession::default() };
                let outcome = client.patch_session(session.into(), &patch).await.map_err(say);
                Msg::Moved { session, outcome }
            }),
            Effect::ConnectTo(workspace) => {
                let link = self.link.clone();
                self.tasks.spawn(async move {
                    let _ = link.send(Order::ConnectTo(workspace)).await;
                });
            }
            Effect::ListWorkspaces => self
                .ask(|client| async move { Msg::Workspaces(client.list_workspaces().await.map(|page| page.items).map_err(say)) }),
            Effect::ListSessions => self.ask(|client| async move {
                let query = PageQuery { limit: Some(limits::PAGE_ROWS_MAX), ..PageQuery::default() };
                Msg::Sessions(client.list_sessions(&query).await.map(|page| page.items).map_err(say))
            }),
            Effect::ListModels => {
                self.ask(|client| async move { Msg::Models(client.list_models().await.map(|page| page.items).map_err(say)) })
            }
            Effect::ListQuestions => {
                self.ask(|client| async move { Msg::Questions(client.questions().await.map(|page| page.items).map_err(say)) })
            }
            Effect::Answer { question, answer } => self.ask(move |client| async move {
                let outcome = client.answer_question(question.into(), &answer).await.map_err(say);
                Msg::Answered { question, outcome }
            }),
            Effect::WhoAmI => self.ask(|client| async move { Msg::WhoAmI(client.me().await.map_err(say)) }),
            Effect::SignIn { username, password } => self.sign_in(username, password),
            Effect::SignOut => self.sign_out(),
            Effect::Redraw => return Remains::Redraw,
            Effect::Quit => return Remains::Quit,
        }
        Remains::Nothing
    }

    /// Begins a conversation. A project that nobody named is let go when the server does not open it.
    fn create(&self, mut wanted: CreateSession, project: Option<Project>, number: u64) {
        let (client, out) = (self.client(), self.out.clone());
        self.tasks.spawn(async move {
            let is_named = project.as_ref().is_none_or(|project| project.is_named);
            wanted.project_path = project.map(|project| project.path);
            let mut outcome = client.create_session(&wanted).await;
            let refusal = match &outcome {
                Err(ClientError::Server { path: Some(path), message, .. }) if path == "projectPath" && !is_named => {
                    Some(message.clone())
                }
                _ => None,
            };
            if let Some(why) = refusal {
                wanted.project_path = None;
                outcome = client.create_session(&wanted).await;
                let _ = out.send(Msg::LetGo(why)).await;
            }
            let _ = out.send(Msg::Created { number, outcome: outcome.map_err(say) }).await;
        });
    }

    /// Never waits for the connection: what cannot leave is refused where it came from.
    fn send(&self, frame: ClientFrame, purpose: Purpose) {
        if let Err(TrySendError::Full(Order::Send(_, purpose))) = self.link.try_send(Order::Send(Box::new(frame), purpose)) {
            let message = "too much waits to be sent; try again in a moment".to_owned();
            let code = "RATE_LIMITED".to_owned();
            let error = ErrorFrame { code, message, path: None, retry_after_seconds: None, request_id: None };
            self.tell(Msg::Frame(Box::new(ServerFrame::Error(error)), Some(purpose)));
        }
    }

    fn ask<F>(&self, request: impl FnOnce(Client) -> F)
    where
        F: Future<Output = Msg> + Send + 'static,
    {
        let (answer, out) = (request(self.client()), self.out.clone());
        self.tasks.spawn(async move {
            // Nobody listens any more when octi is being left.
            let _ = out.send(answer.await).await;
        });
    }

    fn sign_in(&self, username: String, password: SecretString) {
        let (own, signed_in, link, out) = (self.own.clone(), self.signed_in.clone(), self.link.clone(), self.out.clone());
        self.tasks.spawn(async move {
            match signed(&own, username, &password).await {
                Ok((next, user)) => {
                    let client = next.client.clone();
                    let before = signed_in.lock().unwrap_or_else(PoisonError::into_inner).replace(next);
                    // The screen is emptied before anything of the new person comes.
                    let _ = out.send(Msg::SignedIn(Ok(user))).await;
                    let _ = link.send(Order::Connect(client)).await;
                    take_back(before).await;
                }
                Err(error) => {
                    let _ = out.send(Msg::SignedIn(Err(say(error)))).await;
                }
            }
        });
    }

    fn sign_out(&self) {
        let before = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (own, link, out) = (self.own.clone(), self.link.clone(), self.out.clone());
        self.tasks.spawn(async move {
            let _ = out.send(Msg::SignedOut(own.me().await.map_err(say))).await;
            let _ = link.send(Order::Connect(own)).await;
            take_back(before).await;
        });
    }

    fn tell(&self, msg: Msg) {
        let out = self.out.clone();
        self.tasks.spawn(async move {
            let _ = out.send(msg).await;
        });
    }
}

async fn signed(own: &Client, username: String, password: &SecretString) -> Result<(SignedIn, User), ClientError> {
    let anonymous = Client::anonymous(own.base().clone())?;
    let login = Login { username, password: password.expose_secret().to_owned() };
    let logged_in = anonymous.login(&login).await?;
    let client = Client::new(own.base().clone(), SecretString::from(logged_in.token.clone()))?;
    Ok((SignedIn { client, token: SecretString::from(logged_in.token) }, logged_in.user))
}

/// Makes the token of a sign-in stop working; where that fails, it ends by itself some day.
async fn take_back(signed_in: Option<SignedIn>) {
    let Some(SignedIn { client, token }) = signed_in else { return };
    let Ok(tokens) = client.list_tokens().await else { return };
    let own = tokens.items.iter().find(|other| !other.prefix.is_empty() && token.expose_secret().starts_with(&other.prefix));
    if let Some(own) = own {
        let _ = client.revoke_token(TokenId::from(own.id)).await;
    }
}

fn say(error: ClientError) -> String {
    match error.request_id() {
        Some(id) => format!("{error} (request {id})"),
        None => error.to_string(),
    }
}

/// The place behind which the newest messages stand; they are numbered from 1.
fn newest_after(count: i64) -> i64 {
    (count - i64::from(limits::TUI_MESSAGES_LOADED_MAX)).max(0)
}

/// The newest stored messages of a conversation, and its turns.
async fn load(client: &Client, id: Uuid) -> Result<History, ClientError> {
    let id = SessionId::from(id);
    let session = client.session(id).await?;
    let mut after = newest_after(session.message_count);
    let mut messages = Vec::new();
    loop {
        let query = MessageQuery { after: Some(after), limit: Some(limits::PAGE_ROWS_MAX) };
        let page = client.list_messages(id, &query).await?.items;
        let Some(last) = page.last().map(|message| message.seq) else { break };
        let full = page.len() >= limits::PAGE_ROWS_MAX as usize;
        messages.extend(page);
        after = last;
        if !full || messages.len() >= 2 * limits::TUI_MESSAGES_LOADED_MAX as usize {
            break;
        }
    }
    let query = AgentQuery { session_id: Some(id.as_uuid()), limit: Some(limits::PAGE_ROWS_MAX), ..AgentQuery::default() };
    let mut agents = client.list_agents(&query).await?.items;
    agents.reverse();
    Ok(History { session, messages, agents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_messages_are_loaded() {
        let max = i64::from(limits::TUI_MESSAGES_LOADED_MAX);
        assert_eq!([0, max, max + 7].map(newest_after), [0, 0, 7]);
    }
}
