//! What the tests of this crate share: a person at a screen, and the server's words.

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_api::event::{
    AgentEnded, AgentIteration, AgentSpawned, ChatDelta, ChatMessage, ChatResponse, EventBody, EventEnvelope, PermissionResolved,
    ToolInvoked, ToolResult,
};
use octi_api::frames::{AuthOk, Budgets, ClientFrame, ErrorFrame, Replayed, ServerFrame};
use octi_api::v1::agents::Usage;
use octi_api::v1::auth::User;
use octi_api::v1::messages::Role;
use octi_api::v1::permissions::{PermissionRequest, Resolution};
use octi_api::v1::sessions::{Session, SessionStatus};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::glyphs::GlyphSet;
use crate::keys::KeyMap;
use crate::message::{Effect, Msg, Purpose};
use crate::model::Model;
use crate::update::update;
use crate::view;

/// The session of the tests.
pub(crate) const SESSION: Uuid = Uuid::from_u128(0x5e);
/// The turn of the tests.
pub(crate) const AGENT: Uuid = Uuid::from_u128(0xa9);
/// The call of the tests.
pub(crate) const CALL: Uuid = Uuid::from_u128(0xca);

/// When the tests begin.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A question of the test's turn.
pub(crate) fn question(operation: &str, arguments: Value) -> PermissionRequest {
    PermissionRequest {
        id: Uuid::from_u128(0x99),
        session_id: SESSION,
        agent_id: AGENT,
        call_id: CALL,
        tool: "files".to_owned(),
        operation: operation.to_owned(),
        subject: None,
        arguments,
        reason: "writing asks unless a rule allows it".to_owned(),
        suggested_rule: format!("files.{operation}(*)"),
        created_at: start(),
        expires_at: start() + TimeDelta::minutes(5),
    }
}

/// An event of the test's session.
pub(crate) fn event(id: u128, body: EventBody) -> EventEnvelope {
    EventEnvelope {
        id: Uuid::from_u128(id),
        source: "agents".to_owned(),
        session_id: Some(SESSION),
        user_id: Uuid::from_u128(1),
        timestamp: start(),
        body,
    }
}

pub(crate) fn said(id: u128, text: &str, injected: bool) -> EventBody {
    EventBody::ChatMessage(ChatMessage {
        message_id: Uuid::from_u128(id),
        agent_id: Some(AGENT),
        role: Role::User,
        text: text.to_owned(),
        attachments: Vec::new(),
        injected,
        side_channel: false,
        answers: None,
    })
}

/// A word beside the conversation; an answer names its question.
pub(crate) fn beside(id: u128, role: Role, text: &str, answers: Option<u128>) -> EventBody {
    match said(id, text, false) {
        EventBody::ChatMessage(message) => EventBody::ChatMessage(ChatMessage {
            agent_id: None,
            role,
            side_channel: true,
            answers: answers.map(Uuid::from_u128),
            ..message
        }),
        other => other,
    }
}

/// A refusal.
pub(crate) fn refusal(message: &str) -> ServerFrame {
    let (code, message) = ("RATE_LIMITED".to_owned(), message.to_owned());
    ServerFrame::Error(ErrorFrame { code, message, path: None, retry_after_seconds: None, request_id: None })
}

/// Somebody who signs in.
pub(crate) fn user(username: &str) -> User {
    User { id: Uuid::from_u128(2), username: username.to_owned(), is_admin: false, created_at: start(), last_login_at: None }
}

pub(crate) fn spawned() -> EventBody {
    EventBody::AgentSpawned(AgentSpawned { agent_id: AGENT, role: "general".to_owned(), model: "demo".to_owned() })
}

pub(crate) fn iteration(iteration: u32) -> EventBody {
    EventBody::AgentIteration(AgentIteration { agent_id: AGENT, iteration })
}

pub(crate) fn delta(text: &str) -> EventBody {
    EventBody::ChatDelta(ChatDelta { agent_id: AGENT, text: text.to_owned(), reasoning: false })
}

pub(crate) fn thought(text: &str) -> EventBody {
    EventBody::ChatDelta(ChatDelta { agent_id: AGENT, text: text.to_owned(), reasoning: true })
}

pub(crate) const USAGE: Usage = Usage { input_tokens: 1_200, output_tokens: 34, estimated: false };

pub(crate) fn response(id: u128, text: &str) -> EventBody {
    EventBody::ChatResponse(ChatResponse {
        agent_id: AGENT,
        message_id: Uuid::from_u128(id),
        text: text.to_owned(),
        model: "demo".to_owned(),
        usage: USAGE,
        skills: Vec::new(),
    })
}

pub(crate) fn ended(reason: Option<&str>) -> AgentEnded {
    AgentEnded { agent_id: AGENT, reason: reason.map(str::to_owned), iterations: 2, usage: USAGE }
}

pub(crate) fn invoked(arguments: Value) -> EventBody {
    EventBody::ToolInvoked(ToolInvoked {
        agent_id: AGENT,
        call_id: CALL,
        name: "files__write_file".to_owned(),
        plugin_version: "0.1.0".to_owned(),
        arguments,
    })
}

pub(crate) fn result(is_error: bool, summary: &str) -> EventBody {
    EventBody::ToolResult(ToolResult {
        agent_id: AGENT,
        call_id: CALL,
        name: "files__write_file".to_owned(),
        is_error,
        summary: summary.to_owned(),
        preview: format!("{summary}, in full"),
        artifact_id: None,
        files: Vec::new(),
        duration_ms: 4,
    })
}

pub(crate) fn session(title: &str) -> Session {
    Session {
        id: SESSION,
        title: Some(title.to_owned()),
        status: SessionStatus::Active,
        message_count: 2,
        workspace_id: None,
        project_path: None,
        created_at: start(),
        updated_at: start(),
    }
}

/// A person at a screen, with a server that is played by the test.
pub(crate) struct Person {
    pub(crate) model: Model,
    pub(crate) now: DateTime<Utc>,
    /// What the screen asked the world to do since the test looked last.
    pub(crate) effects: Vec<Effect>,
    terminal: Terminal<TestBackend>,
    next_event: u128,
    /// What the server says it takes.
    pub(crate) capabilities: Vec<String>,
}

impl Person {
    /// A screen of this size, before the connection is there.
    pub(crate) fn at(columns: u16, rows: u16, glyphs: GlyphSet, session: Option<Uuid>) -> Self {
        let mut model = Model::new("http://127.0.0.1:3005/", KeyMap::default(), glyphs, session, start());
        model.size = (columns, rows);
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        Self { model, now: start(), effects: Vec::new(), terminal, next_event: 0xe000, capabilities: Vec::new() }
    }

    /// A new conversation on a connected screen.
    pub(crate) fn connected(columns: u16, rows: u16) -> Self {
        let mut person = Self::at(columns, rows, GlyphSet::Unicode, None);
        person.online();
        person.effects.clear();
        person
    }

    /// In the test's conversation, with a server that takes these frames besides the oldest ones.
    pub(crate) fn talking_to(capabilities: &[&str]) -> Self {
        let mut person = Self::at(80, 20, GlyphSet::Unicode, Some(SESSION));
        person.capabilities = capabilities.iter().map(|&kind| kind.to_owned()).collect();
        person.online();
        person.replayed(Vec::new(), false);
        person.open_session();
        person.effects.clear();
        person
    }

    /// In the test's conversation, with nothing said yet.
    pub(crate) fn talking(columns: u16, rows: u16) -> Self {
        let mut person = Self::connected(columns, rows);
        person.open_session();
        person
    }

    pub(crate) fn open_session(&mut self) {
        self.model.conversation.session = Some(SESSION);
        self.model.conversation.loaded = true;
    }

    pub(crate) fn happen(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg, self.now);
        self.effects.extend(effects);
        self.screen();
    }

    pub(crate) fn online(&mut self) {
        let hello = AuthOk {
            connection_id: Uuid::nil(),
            user_id: Uuid::from_u128(1),
            capabilities: self.capabilities.clone(),
            server_time: start(),
            server_timezone: "UTC".to_owned(),
            server_version: "0.1.0".to_owned(),
            protocol_versions: vec!["1.0".to_owned()],
            budgets: Budgets::default(),
        };
        self.happen(Msg::Online(hello));
    }

    /// What the screen told that it shows, since the test looked last.
    pub(crate) fn watched(&mut self) -> Vec<Option<Uuid>> {
        let watched = |(frame, _)| match frame {
            ClientFrame::Watch(watch) => Some(watch.session_id),
            _ => None,
        };
        self.sent().into_iter().filter_map(watched).collect()
    }

    pub(crate) fn offline(&mut self) {
        let retry_at = self.now + TimeDelta::seconds(3);
        self.happen(Msg::Offline { reason: "connection reset".to_owned(), retry_at });
    }

    /// The server publishes something in the test's session.
    pub(crate) fn hear(&mut self, body: EventBody) {
        self.next_event += 1;
        let event = event(self.next_event, body);
        self.frame(ServerFrame::Event { event }, None);
    }

    pub(crate) fn frame(&mut self, frame: ServerFrame, purpose: Option<Purpose>) {
        self.happen(Msg::Frame(Box::new(frame), purpose));
    }

    /// The answer to `replay`.
    pub(crate) fn replayed(&mut self, events: Vec<EventEnvelope>, gap: bool) {
        self.frame(ServerFrame::Replay(Replayed { session_id: SESSION, events, gap }), None);
    }

    pub(crate) fn resolved(&mut self, resolution: Resolution) {
        let request_id = Uuid::from_u128(0x99);
        self.hear(EventBody::PermissionResolved(PermissionResolved { request_id, resolution }));
    }

    pub(crate) fn wait(&mut self, milliseconds: i64) {
        self.now += TimeDelta::milliseconds(milliseconds);
        self.happen(Msg::Tick);
    }

    /// Types a text, one key after another.
    pub(crate) fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.happen(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
    }

    pub(crate) fn press(&mut self, code: KeyCode) {
        self.happen(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub(crate) fn ctrl(&mut self, c: char) {
        self.happen(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    pub(crate) fn alt(&mut self, c: char) {
        self.happen(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)));
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.write(text);
        self.press(KeyCode::Enter);
    }

    /// The frames that were sent since the test looked last.
    pub(crate) fn sent(&mut self) -> Vec<(ClientFrame, Purpose)> {
        let sent = |effect| match effect {
            Effect::Send(frame, purpose) => Some((frame, purpose)),
            _ => None,
        };
        std::mem::take(&mut self.effects).into_iter().filter_map(sent).collect()
    }

    /// What is on the screen.
    pub(crate) fn screen(&mut self) -> String {
        self.terminal.draw(|frame| view::draw(&mut self.model, frame)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let columns = usize::from(buffer.area.width);
        let rows = buffer.content.chunks(columns).map(|row| {
            let mut skip = 0;
            let mut line = String::new();
            for cell in row {
                if skip == 0 {
                    line.push_str(cell.symbol());
                    skip = crate::wrap::width(cell.symbol()).saturating_sub(1);
                } else {
                    skip -= 1;
                }
            }
            line.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Whether the screen shows this.
    pub(crate) fn sees(&mut self, text: &str) -> bool {
        self.screen().contains(text)
    }
}

/// What `/help` answers.
pub(crate) fn help() -> Value {
    json!({ "commands": [
        { "name": "help", "aliases": ["h", "?"], "meaning": "list the commands" },
        { "name": "clear", "aliases": ["cls"], "meaning": "go on without what was said before" },
        { "name": "cost", "aliases": [], "meaning": "what the session used and cost" },
    ]})
}
