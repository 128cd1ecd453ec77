//! Does what the model asks for: requests to the server, each on its own task, whose answer comes back as a message.

use octi_api::page::PageQuery;
use octi_api::v1::agents::AgentQuery;
use octi_api::v1::auth::Login;
use octi_api::v1::messages::MessageQuery;
use octi_api::v1::sessions::CreateSession;
use octi_client::{Client, ClientError};
use octi_domain::ids::{SessionId, TokenId};
use octi_domain::limits;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::Sender;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::link::Order;
use crate::message::{Effect, History, Msg};

/// What the world still has to do besides the requests.
pub(crate) enum Remains {
    Nothing,
    Redraw,
    Quit,
}

/// Somebody who signed in here.
struct SignedIn {
    client: Client,
    /// The beginning of the token, by which it is found again to be taken back.
    prefix: String,
}

/// Carries effects out.
pub(crate) struct Runner {
    /// Who started octi.
    own: Client,
    signed_in: Option<SignedIn>,
    link: Sender<Order>,
    out: Sender<Msg>,
    tasks: TaskTracker,
}

impl Runner {
    pub(crate) fn new(client: Client, link: Sender<Order>, out: Sender<Msg>, tasks: TaskTracker) -> Self {
        Self { own: client, signed_in: None, link, out, tasks }
    }

    fn client(&self) -> Client {
        self.signed_in.as_ref().map_or(&self.own, |signed_in| &signed_in.client).clone()
    }

    /// Does it, or begins to.
    pub(crate) async fn run(&mut self, effect: Effect) -> Remains {
        match effect {
            Effect::Send(frame, purpose) => self.order(Order::Send(Box::new(frame), purpose)).await,
            Effect::ConnectNow => self.order(Order::ConnectNow).await,
            Effect::Load(session) => self.ask(move |client| async move {
                let outcome = load(&client, session).await.map_err(say);
                Msg::Loaded { session, outcome }
            }),
            Effect::Create { title } => self.ask(|client| async move {
                Msg::Created(client.create_session(&CreateSession { title: Some(title) }).await.map_err(say))
            }),
            Effect::ListSessions => self.ask(|client| async move {
                let query = PageQuery { limit: Some(limits::PAGE_ROWS_MAX), ..PageQuery::default() };
                Msg::Sessions(client.list_sessions(&query).await.map(|page| page.items).map_err(say))
            }),
            Effect::ListModels => {
                self.ask(|client| async move { Msg::Models(client.list_models().await.map(|page| page.items).map_err(say)) })
            }
            Effect::WhoAmI => self.ask(|client| async move { Msg::WhoAmI(client.me().await.map_err(say)) }),
            Effect::SignIn { username, password } => self.sign_in(username, &password).await,
            Effect::SignOut => self.sign_out().await,
            Effect::Redraw => return Remains::Redraw,
            Effect::Quit => return Remains::Quit,
        }
        Remains::Nothing
    }

    /// The link always reads its orders, except while it hands a frame over, which ends by itself.
    async fn order(&self, order: Order) {
        let _ = self.link.send(order).await;
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

    async fn sign_in(&mut self, username: String, password: &SecretString) {
        let outcome = self.signed(username, password).await;
        let outcome = match outcome {
            Ok((signed_in, user)) => {
                self.order(Order::Connect(signed_in.client.clone())).await;
                let before = self.signed_in.replace(signed_in);
                self.take_back(before);
                Ok(user)
            }
            Err(error) => Err(say(error)),
        };
        self.tell(Msg::SignedIn(outcome));
    }

    async fn signed(
        &self,
        username: String,
        password: &SecretString,
    ) -> Result<(SignedIn, octi_api::v1::auth::User), ClientError> {
        let anonymous = Client::anonymous(self.own.base().clone())?;
        let login = Login { username, password: password.expose_secret().to_owned() };
        let logged_in = anonymous.login(&login).await?;
        let client = Client::new(self.own.base().clone(), SecretString::from(logged_in.token.clone()))?;
        Ok((SignedIn { client, prefix: logged_in.token }, logged_in.user))
    }

    async fn sign_out(&mut self) {
        let before = self.signed_in.take();
        self.take_back(before);
        self.order(Order::Connect(self.own.clone())).await;
        self.ask(|client| async move { Msg::SignedIn(client.me().await.map_err(say)) });
    }

    /// Makes the token of a sign-in stop working.
    fn take_back(&self, signed_in: Option<SignedIn>) {
        let Some(SignedIn { client, prefix }) = signed_in else { return };
        self.tasks.spawn(async move {
            let Ok(tokens) = client.list_tokens().await else { return };
            if let Some(own) = tokens.items.iter().find(|token| prefix.starts_with(&token.prefix)) {
                // It ends by itself some day.
                let _ = client.revoke_token(TokenId::from(own.id)).await;
            }
        });
    }

    fn tell(&self, msg: Msg) {
        let out = self.out.clone();
        self.tasks.spawn(async move {
            let _ = out.send(msg).await;
        });
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
    let query = AgentQuery { session_id: Some(id.as_uuid()), limit: Some(limits::PAGE_ROWS_MAX) };
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
