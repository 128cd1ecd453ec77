//! Whoever connects: people with a token each, their clients and their sockets.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use octi_client::api::frames::{ClientType, ServerFrame};
use octi_client::api::v1::models::AddModel;
use octi_client::{Client, Socket};
use octi_domain::ids::SessionId;
use octi_security::audit::Audit;
use octi_security::auth::Auth;
use octi_testkit::db::TestDb;
use secrecy::SecretString;
use tokio::task::JoinSet;
use url::Url;

use super::provider::Provider;
use crate::server::Server;

/// Connections that are opened at once: fewer than one address may have before they have signed in.
const CONNECTING: usize = 8;

/// So many people, with a token each. The store makes them, before the server starts.
pub(super) async fn enrol(db: &TestDb, count: usize) -> anyhow::Result<Vec<SecretString>> {
    let audit = Audit::start(db.store.clone(), db.ambient.clone());
    let auth = Auth::new(db.store.clone(), db.ambient.clone(), audit.clone());
    // A server has an owner; it makes one only when there is nobody.
    auth.bootstrap_admin().await?;
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let (_, principal) = db.user(&format!("person{number}")).await;
        tokens.push(SecretString::from(auth.create_token(&principal, "bench", None).await?.1));
    }
    audit.close().await;
    Ok(tokens)
}

pub(super) fn client(server: &Server, token: SecretString) -> anyhow::Result<Client> {
    Ok(Client::new(Url::parse(&format!("http://{}", server.address))?, token)?)
}

/// Sets the provider up as the person's model.
pub(super) async fn use_model(person: &Client, provider: &Provider) -> anyhow::Result<()> {
    let model = AddModel {
        name: "scripted".to_owned(),
        provider: "openai-compatible".to_owned(),
        model_id: Some("scripted".to_owned()),
        endpoint: Some(format!("http://{}/v1/", provider.address)),
        key: None,
        context_window: None,
        max_output: None,
        price_in: None,
        price_out: None,
        supports_tools: None,
        default: true,
    };
    person.add_model(&model).await?;
    Ok(())
}

/// Connects each of them so often, to everything of theirs, and says how long each took to connect and to sign in.
pub(super) async fn connect_all(people: &[Client], each: usize) -> anyhow::Result<(Vec<Socket>, Vec<Duration>)> {
    let (mut sockets, mut times) = (Vec::new(), Vec::new());
    let mut connecting = JoinSet::new();
    for person in people.iter().flat_map(|person| std::iter::repeat_n(person, each)) {
        if connecting.len() >= CONNECTING {
            keep(connecting.join_next().await, &mut sockets, &mut times)?;
        }
        let person = person.clone();
        connecting.spawn(async move {
            let begun = Instant::now();
            let socket = connected(&person, &[]).await?;
            anyhow::Ok((socket, begun.elapsed()))
        });
    }
    while let Some(done) = connecting.join_next().await {
        keep(Some(done), &mut sockets, &mut times)?;
    }
    Ok((sockets, times))
}

type Connected = Result<anyhow::Result<(Socket, Duration)>, tokio::task::JoinError>;

fn keep(done: Option<Connected>, sockets: &mut Vec<Socket>, times: &mut Vec<Duration>) -> anyhow::Result<()> {
    let (socket, time) = done.context("nobody connects")???;
    sockets.push(socket);
    times.push(time);
    Ok(())
}

/// A connection that hears everything of its person, or of these conversations.
pub(super) async fn connected(person: &Client, sessions: &[SessionId]) -> anyhow::Result<Socket> {
    let mut socket = person.connect_as(ClientType::Tui).await?;
    socket.subscribe(&["*"], sessions).await?;
    loop {
        match socket.next().await.context("the server went away")?? {
            // Comes behind `subscribed`, and ends the answer to it.
            ServerFrame::PermissionPending(_) => return Ok(socket),
            ServerFrame::Subscribed(_) => {}
            other => bail!("`{other:?}` came instead of the answer to a subscription"),
        }
    }
}
