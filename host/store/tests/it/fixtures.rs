//! Rows to put into a database.

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ambient::Ambient;
use octi_domain::ids::{SessionId, UserId};
use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use octi_domain::permission::{Level, PermissionRequest, RequestStatus, Rule};
use octi_domain::principal::Principal;
use octi_domain::run::{Run, RunStatus, Usage};
use octi_domain::session::{Session, SessionStatus};
use octi_store::{
    ArtifactMeta, AuditRow, CompactionRow, CostKind, CostRow, ModelRow, NewMessage, SealedSecret, SignIn, Store, Token,
    ToolCallRow, TouchedFiles,
};
use serde_json::json;

/// The host itself.
pub(crate) const SYSTEM: Principal = Principal::system("test");

/// A whole second, and then some microseconds.
pub(crate) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 123_456_000).unwrap()
}

/// Runs the steps in one transaction and saves them.
macro_rules! save {
    ($store:expr, $principal:expr, |$tx:ident| $steps:expr) => {{
        let mut $tx = $store.write(&$principal).await.unwrap();
        let outcome = $steps;
        $tx.save().await.unwrap();
        outcome
    }};
}

/// The error of one step in a transaction of its own.
macro_rules! refused {
    ($store:expr, $principal:expr, |$tx:ident| $step:expr) => {{
        let mut $tx = $store.write(&$principal).await.unwrap();
        $step.unwrap_err()
    }};
}

/// Reads in a transaction of its own.
macro_rules! look {
    ($store:expr, $principal:expr, |$tx:ident| $step:expr) => {{
        let mut $tx = $store.read(&$principal).await.unwrap();
        $step.unwrap()
    }};
}

pub(crate) use {look, refused, save};

pub(crate) fn session(ambient: &Ambient, user: UserId) -> Session {
    Session {
        id: ambient.id(),
        user_id: user,
        title: Some("Plans".to_owned()),
        status: SessionStatus::Active,
        message_count: 0,
        workspace_id: None,
        project: None,
        created_at: time(0),
        updated_at: time(0),
    }
}

/// A session that is stored.
pub(crate) async fn stored_session(store: &Store, ambient: &Ambient, user: UserId) -> Session {
    let session = session(ambient, user);
    save!(store, SYSTEM, |tx| tx.insert_session(&session).await.unwrap());
    session
}

pub(crate) fn message(ambient: &Ambient, session: SessionId, text: &str) -> NewMessage {
    NewMessage {
        id: ambient.id(),
        session_id: session,
        run_id: None,
        role: Role::User,
        parts: vec![Part::Text(text.to_owned())],
        created_at: time(1),
    }
}

/// One of each part, with the values that databases like to change.
pub(crate) fn difficult_parts(ambient: &Ambient) -> Vec<Part> {
    vec![
        Part::Text("NUL \0, emoji 🦑, and a line\nbreak".to_owned()),
        Part::Reasoning("hm".to_owned()),
        Part::ToolCall(ToolCall {
            id: "call_1".to_owned(),
            name: "filesystem__write_file".to_owned(),
            arguments: json!({"zeta": 1.0, "alpha": 18_446_744_073_709_551_615_u64, "nul": "\0", "list": [null, -0.5, 1e300]}),
            signature: Some("opaque==".to_owned()),
        }),
        Part::ToolResult(ToolResult {
            call_id: "call_1".to_owned(),
            name: "filesystem__write_file".to_owned(),
            content: "{}".to_owned(),
            is_error: true,
            artifact: Some(ambient.id()),
            files: Vec::new(),
        }),
    ]
}

pub(crate) fn run(ambient: &Ambient, session: &Session) -> Run {
    Run {
        id: ambient.id(),
        session_id: session.id,
        user_id: session.user_id,
        role: "general".to_owned(),
        model: "demo".to_owned(),
        status: RunStatus::Running,
        reason: None,
        iterations: 0,
        usage: Usage::default(),
        skills: Vec::new(),
        started_at: time(2),
        ended_at: None,
    }
}

pub(crate) fn call(ambient: &Ambient, run: &Run) -> ToolCallRow {
    ToolCallRow {
        id: ambient.id(),
        run_id: Some(run.id),
        session_id: Some(run.session_id),
        user_id: run.user_id,
        plugin: "octi.filesystem".to_owned(),
        plugin_version: "0.1.0".to_owned(),
        digest: Some("sha256:00".to_owned()),
        name: "filesystem__read_file".to_owned(),
        arguments: json!({"path": "a.md", "nul": "\0"}),
        decision: "allowed by default".to_owned(),
        outcome: None,
        is_error: None,
        duration_ms: None,
        started_at: time(3),
        ended_at: None,
        artifact: None,
    }
}

pub(crate) fn artifact(ambient: &Ambient, session: &Session, content: &[u8]) -> ArtifactMeta {
    ArtifactMeta {
        id: ambient.id(),
        user_id: session.user_id,
        session_id: session.id,
        name: "output.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: i64::try_from(content.len()).unwrap(),
        sha256: "00".repeat(32),
        created_at: time(4),
    }
}

pub(crate) fn token(ambient: &Ambient, user: UserId) -> Token {
    Token {
        id: ambient.id(),
        user_id: user,
        name: "laptop".to_owned(),
        prefix: "octi_abcd".to_owned(),
        scopes: vec!["chat".to_owned(), "tools".to_owned()],
        created_at: time(0),
        expires_at: Some(time(1_000)),
        last_used_at: None,
        revoked_at: None,
    }
}

pub(crate) fn sign_in(ambient: &Ambient, user: UserId) -> SignIn {
    SignIn {
        id: ambient.id(),
        user_id: user,
        user_agent: "Firefox".to_owned(),
        address: "127.0.0.1".to_owned(),
        created_at: time(0),
        last_seen_at: time(0),
        expires_at: time(1_000),
    }
}

pub(crate) fn model(ambient: &Ambient, user: UserId, name: &str) -> ModelRow {
    ModelRow {
        id: ambient.id(),
        user_id: user,
        name: name.to_owned(),
        provider: "openai".to_owned(),
        model_id: "gpt-5".to_owned(),
        endpoint: Some("https://api.example.com/v1".to_owned()),
        secret: Some("openai".to_owned()),
        context_window: Some(400_000),
        max_output: None,
        price_in: Some(1.25),
        price_out: Some(10.0),
        supports_tools: true,
        is_default: false,
        created_at: time(0),
        updated_at: time(0),
    }
}

pub(crate) fn cost(ambient: &Ambient, run: &Run, usd: Option<f64>, kind: CostKind) -> CostRow {
    CostRow {
        id: ambient.id(),
        user_id: run.user_id,
        session_id: Some(run.session_id),
        run_id: Some(run.id),
        model: "fast".to_owned(),
        provider: "openai".to_owned(),
        input_tokens: 1_000,
        output_tokens: 10,
        cost_usd: usd,
        kind,
        latency_ms: 800,
        retries: 1,
        created_at: time(5),
    }
}

pub(crate) fn secret(ambient: &Ambient, user: UserId, name: &str) -> SealedSecret {
    SealedSecret {
        id: ambient.id(),
        user_id: user,
        scope: "model".to_owned(),
        name: name.to_owned(),
        nonce: vec![7; 12],
        ciphertext: vec![0, 255, 1, 254],
        key_version: 1,
        created_at: time(0),
        updated_at: time(0),
    }
}

pub(crate) fn rule(ambient: &Ambient, user: UserId, session: Option<SessionId>) -> Rule {
    Rule {
        id: ambient.id(),
        user_id: user,
        text: "shell(git status:*)".to_owned(),
        level: Level::Allow,
        session_id: session,
        created_at: time(6),
    }
}

pub(crate) fn request(ambient: &Ambient, run: &Run) -> PermissionRequest {
    PermissionRequest {
        id: ambient.id(),
        user_id: run.user_id,
        session_id: run.session_id,
        run_id: run.id,
        call_id: ambient.id(),
        tool: "shell".to_owned(),
        operation: "run".to_owned(),
        subject: Some("rm a.md".to_owned()),
        arguments: json!({"line": "rm a.md"}),
        reason: "it deletes a file".to_owned(),
        suggested_rule: "shell(rm:*)".to_owned(),
        status: RequestStatus::Pending,
        created_at: time(7),
        expires_at: time(7) + TimeDelta::minutes(5),
    }
}

pub(crate) fn audit(ambient: &Ambient, user: Option<UserId>) -> AuditRow {
    AuditRow {
        id: ambient.id(),
        user_id: user,
        action: "login".to_owned(),
        resource: "user".to_owned(),
        details: json!({"name": "mallory\0"}),
        created_at: time(8),
    }
}

/// A summary of the first message.
pub(crate) fn compaction(ambient: &Ambient, session: &Session) -> CompactionRow {
    CompactionRow {
        id: ambient.id(),
        user_id: session.user_id,
        session_id: session.id,
        first_seq: 1,
        last_seq: 1,
        summary: "They planned a trip.".to_owned(),
        files: TouchedFiles { read: vec!["a.md".to_owned()], changed: Vec::new() },
        focus: Some("the dates".to_owned()),
        model: "fast".to_owned(),
        tokens_before: 1_000,
        tokens_after: 10,
        created_at: time(9),
    }
}
