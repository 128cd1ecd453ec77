//! One running host per test.

use std::sync::Arc;
use std::time::Duration;

use octi_agents::{Agents, AgentsConfig};
use octi_client::api::frames::{ChatSend, ClientFrame, Patterns, ServerFrame};
use octi_client::{Client, Socket};
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{RunId, SessionId, UserId};
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_extension::registry::Registry;
use octi_models::scripted::{Answer, ScriptedModel};
use octi_security::audit::Audit;
use octi_security::auth::Auth;
use octi_security::guard::Redactor;
use octi_security::sandbox::fs::WorkFolder;
use octi_security::vault::{MasterKey, Vault};
use octi_settings::{Base, Settings, SettingsParts};
use octi_store::Backend;
use octi_testkit::db::TestDb;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::fakes::{FakeModels, FakePlugins, FakeRegistries, FakeRegistry, FakeSecrets, Scripted, vectors};
use super::fakes_mcp::FakeMcp;
use super::fakes_programs::FakeDocuments;
use crate::bus::Bus;
use crate::{Gateway, GatewayState};

/// A running host. It ends when dropped.
pub(super) struct Host {
    pub(super) url: Url,
    pub(super) gateway: Gateway,
    pub(super) model: ScriptedModel,
    pub(super) secrets: Arc<FakeSecrets>,
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: JoinSet<()>,
    pub(super) home: tempfile::TempDir,
    /// A folder of the machine that an administrator opened.
    pub(super) outside: tempfile::TempDir,
    _db: Option<TestDb>,
}

/// Someone with a token.
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) token: String,
    pub(super) client: Client,
}

/// A host on a database of its own, whose model gives these answers.
pub(super) async fn host(answers: impl IntoIterator<Item = Answer>) -> Host {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let mut host = host_on(&db, answers).await;
    host._db = Some(db);
    host
}

/// A host on this database, whose model gives these answers.
pub(super) async fn host_on(db: &TestDb, answers: impl IntoIterator<Item = Answer>) -> Host {
    host_at(db, db.ambient.clone(), answers).await
}

/// The same with a time of its own.
pub(super) async fn host_at(db: &TestDb, ambient: Ambient, answers: impl IntoIterator<Item = Answer>) -> Host {
    start(db, ambient, answers, Vec::new(), Arc::new(FakeRegistry)).await
}

/// A host that believes the proxies on this machine.
pub(super) async fn host_behind_proxy() -> Host {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let mut host = start(&db, db.ambient.clone(), [], vec!["127.0.0.0/8".parse().unwrap()], Arc::new(FakeRegistry)).await;
    host._db = Some(db);
    host
}

/// A host with these plugins.
pub(super) async fn host_with(registry: Arc<dyn Registry>) -> Host {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let mut host = start(&db, db.ambient.clone(), [], Vec::new(), registry).await;
    host._db = Some(db);
    host
}

async fn start(
    db: &TestDb,
    ambient: Ambient,
    answers: impl IntoIterator<Item = Answer>,
    trusted_proxies: Vec<ipnet::IpNet>,
    registry: Arc<dyn Registry>,
) -> Host {
    let (home, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = db.store.clone();
    let bus = Bus::new();
    let model = ScriptedModel::new(answers).with_embed(vectors);
    let workspaces = home.path().to_owned();
    let opened = [outside.path().canonicalize().unwrap()];
    let nothing_secret = Arc::new(Redactor::new(Vec::<(String, SecretString)>::new()));
    let master = MasterKey::load_or_create(&home.path().join("master.key"), None, &ambient).unwrap();
    let vault = Arc::new(Vault::new(store.clone(), master, ambient.clone()));
    let settings = Settings::open(SettingsParts {
        store: store.clone(),
        vault: vault.clone(),
        base: Base::default(),
        events: bus.clone(),
        ambient: ambient.clone(),
        on_change: Arc::new(|_| {}),
    });
    let settings = settings.await.unwrap();
    let agents = Agents::new(AgentsConfig {
        store: store.clone(),
        registry: registry.clone(),
        models: Arc::new(Scripted(model.clone())),
        events: bus.clone(),
        ambient: ambient.clone(),
        limits: settings.run_limits(),
        workspace_of: Arc::new(move |user, place| WorkFolder::of(&workspaces, user, place, &opened)),
        redactor: Arc::new(move |_| nothing_secret.clone()),
        role: "general".to_owned(),
    });
    let audit = Audit::start(store.clone(), ambient.clone());
    let secrets = Arc::new(FakeSecrets::default());
    let gateway = Gateway::new(GatewayState {
        auth: Arc::new(Auth::new(store.clone(), ambient.clone(), audit.clone())),
        audit,
        store,
        agents,
        settings,
        registry,
        plugins: Arc::new(FakePlugins),
        registries: Arc::new(FakeRegistries),
        mcp_servers: Arc::new(FakeMcp),
        program_documents: Arc::new(FakeDocuments),
        models: Arc::new(FakeModels::default()),
        chat_models: Arc::new(Scripted(model.clone())),
        vault,
        secrets: secrets.clone(),
        metrics: Arc::new(|| "octi_up 1\n".to_owned()),
        bus,
        trusted_proxies,
        ambient,
        version: "9.9.9".to_owned(),
        build: "test".to_owned(),
        web: &[
            ("assets/app-1234.js", b"console.log(1)"),
            ("favicon.svg", b"<svg/>"),
            ("index.html", b"<!doctype html><title>octi</title>"),
        ],
        recheck_time: Duration::from_millis(200),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let (served, told) = (gateway.clone(), shutdown.clone());
    tasks.spawn(async move { served.serve(listener, told).await.unwrap() });
    Host { url, gateway, model, secrets, shutdown, tasks, home, outside, _db: None }
}

impl Host {
    /// A person without special rights.
    pub(super) async fn person(&self, name: &str) -> Person {
        self.add(name, false).await
    }

    /// An administrator.
    pub(super) async fn admin(&self) -> Person {
        self.add("root", true).await
    }

    #[expect(clippy::disallowed_methods, reason = "the test made this user, so there is nothing to check")]
    async fn add(&self, name: &str, is_admin: bool) -> Person {
        let user = User {
            id: self.gateway.ambient.id(),
            username: name.to_owned(),
            is_admin,
            is_active: true,
            created_at: self.gateway.ambient.now(),
            last_login_at: None,
        };
        let mut tx = self.gateway.store.write(&Principal::system("test")).await.unwrap();
        tx.insert_user(&user, "no password").await.unwrap();
        tx.save().await.unwrap();
        let principal = Principal::authenticated(user.id, is_admin);
        let (_, token) = self.gateway.auth.create_token(&principal, "test", None).await.unwrap();
        Person { id: user.id, client: self.client(&token), token }
    }

    pub(super) fn client(&self, token: &str) -> Client {
        Client::new(self.url.clone(), SecretString::from(token.to_owned())).unwrap()
    }

    /// Publishes a piece of an answer.
    pub(super) fn publish(&self, user_id: UserId, text: &str) {
        let kind = EventKind::ChatDelta { run_id: RunId::from(Uuid::nil()), text: text.to_owned(), reasoning: false };
        let (id, at) = (self.gateway.ambient.id(), self.gateway.ambient.now());
        self.gateway.bus.publish(Event { id, user_id, session_id: None, at, kind });
    }
}

impl Person {
    /// A new conversation.
    pub(super) async fn session(&self) -> SessionId {
        self.client.create_session(&Default::default()).await.unwrap().id.into()
    }

    /// Says something.
    pub(super) async fn chat(&self, socket: &mut Socket, session: SessionId, content: &str) {
        let chat = ChatSend::new(session.as_uuid(), content);
        socket.send(&ClientFrame::ChatSend(chat)).await.unwrap();
    }

    /// A connection that hears of these events. The answer to the subscription was read.
    pub(super) async fn listen(&self, patterns: &[&str]) -> Socket {
        let mut socket = self.client.connect().await.unwrap();
        socket.send(&ClientFrame::Subscribe(Patterns::of(patterns.iter().copied()))).await.unwrap();
        assert!(matches!(next(&mut socket).await, ServerFrame::Subscribed(_)));
        assert!(matches!(next(&mut socket).await, ServerFrame::PermissionPending(_)));
        socket
    }
}

/// The next frame; a test that waits for ten seconds has failed.
pub(super) async fn next(socket: &mut Socket) -> ServerFrame {
    let frame = timeout(Duration::from_secs(10), socket.next()).await;
    frame.expect("a frame within ten seconds").expect("the connection is open").expect("a frame")
}

/// The frames up to the first of this event type, or frame type.
pub(super) async fn until(socket: &mut Socket, kind: &str) -> Vec<ServerFrame> {
    let mut frames = Vec::new();
    loop {
        let frame = next(socket).await;
        let found = kind_of(&frame) == kind;
        frames.push(frame);
        if found {
            return frames;
        }
    }
}

/// The event's type for events, else the frame's.
pub(super) fn kind_of(frame: &ServerFrame) -> String {
    if let ServerFrame::Event { event } = frame {
        return event.body.type_name().to_owned();
    }
    serde_json::to_value(frame).unwrap()["type"].as_str().unwrap().to_owned()
}
