//! What happened in a turn, put together from the rows it left.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ArtifactId, CallId, MessageId, PermissionRequestId, RunId};
use octi_domain::message::{Part, Role, plain_text};
use octi_domain::permission::RequestStatus;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, count, stamp, word};
use crate::costs::CostKind;
use crate::error::{StoreError, Subject};
use crate::messages::PartRow;
use crate::permissions::requests::parse_status;
use crate::tx::{Tx, rows};

const SUBJECT: Subject = Subject::new("timeline", "this event", "the run");

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    pub at: DateTime<Utc>,
    pub what: Happening,
}

/// What it was.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A message was stored.
    Said { message: MessageId, seq: i64, role: Role, text: String },
    /// A tool was called.
    CallBegan { call: CallId, name: String, plugin: String, plugin_version: String, decision: String },
    /// A call ended.
    CallEnded { call: CallId, name: String, outcome: String, is_error: bool, duration_ms: i64, artifact: Option<ArtifactId> },
    /// A person was asked.
    Asked { request: PermissionRequestId, call: CallId, tool: String, operation: String, subject: Option<String>, reason: String },
    /// The question ended.
    Resolved { request: PermissionRequestId, call: CallId, status: RequestStatus },
    /// A model call ended.
    Paid {
        model: String,
        provider: String,
        input_tokens: u64,
        output_tokens: u64,
        cost_usd: Option<f64>,
        kind: CostKind,
        latency_ms: i64,
        retries: i64,
    },
}

#[derive(FromRow)]
struct SaidRow {
    id: Uuid,
    seq: i64,
    role: String,
    parts: Doc<Vec<PartRow>>,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct BeganRow {
    id: Uuid,
    name: String,
    plugin: String,
    plugin_version: String,
    decision: String,
    started_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct EndedRow {
    id: Uuid,
    name: String,
    outcome: Option<String>,
    is_error: Option<bool>,
    duration_ms: Option<i64>,
    artifact: Option<Uuid>,
    ended_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct AskedRow {
    id: Uuid,
    call_id: Uuid,
    tool: String,
    operation: String,
    subject: Option<String>,
    reason: String,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ResolvedRow {
    id: Uuid,
    call_id: Uuid,
    status: String,
    resolved_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct PaidRow {
    model: String,
    provider: String,
    input_tokens: i64,
    output_tokens: i64,
    cost_usd: Option<f64>,
    kind: String,
    latency_ms: i64,
    retries: i64,
    created_at: DateTime<Utc>,
}

impl Tx<'_> {
    /// What happened in a turn from then on, the first first, at most so much. What has the same time is in an order that does
    /// not change: what was said, model calls, calls of tools, questions, answers, ends of calls.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.timeline.list", level = "debug", skip_all, fields(run.id = %run))]
    pub async fn timeline(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let mut all = self.said(run, from, limit).await?;
        all.extend(self.paid(run, from, limit).await?);
        all.extend(self.calls_began(run, from, limit).await?);
        all.extend(self.asked(run, from, limit).await?);
        all.extend(self.resolved(run, from, limit).await?);
        all.extend(self.calls_ended(run, from, limit).await?);
        // Stable, so each list keeps its own order.
        all.sort_by_key(|happened| happened.at);
        all.truncate(usize::try_from(rows(limit)).unwrap_or(usize::MAX));
        Ok(all)
    }

    async fn said(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        // The session is named because the index begins with it.
        let found: Vec<SaidRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, seq, role, parts, created_at
            FROM messages
            WHERE session_id = (SELECT session_id FROM runs WHERE id = $1)
              AND run_id = $1 AND ($2 IS NULL OR user_id = $2) AND created_at >= $3
            ORDER BY created_at, seq
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        found.into_iter().map(said).collect()
    }

    async fn paid(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let found: Vec<PaidRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT model, provider, input_tokens, output_tokens, cost_usd, kind, latency_ms, retries, created_at
            FROM costs
            WHERE run_id = $1 AND ($2 IS NULL OR user_id = $2) AND created_at >= $3
            ORDER BY created_at, id
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        found.into_iter().map(paid).collect()
    }

    async fn calls_began(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let found: Vec<BeganRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, name, plugin, plugin_version, decision, started_at
            FROM tool_calls
            WHERE run_id = $1 AND ($2 IS NULL OR user_id = $2) AND started_at >= $3
            ORDER BY started_at, id
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        let began = |row: BeganRow| {
            let BeganRow { id, name, plugin, plugin_version, decision, started_at: at } = row;
            Happened { at, what: Happening::CallBegan { call: id.into(), name, plugin, plugin_version, decision } }
        };
        Ok(found.into_iter().map(began).collect())
    }

    async fn calls_ended(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let found: Vec<EndedRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, name, outcome, is_error, duration_ms, artifact, ended_at
            FROM tool_calls
            WHERE run_id = $1 AND ($2 IS NULL OR user_id = $2) AND ended_at >= $3
            ORDER BY ended_at, id
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        Ok(found.into_iter().map(ended).collect())
    }

    async fn asked(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let found: Vec<AskedRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, call_id, tool, operation, subject, reason, created_at
            FROM permission_requests
            WHERE session_id = (SELECT session_id FROM runs WHERE id = $1)
              AND run_id = $1 AND ($2 IS NULL OR user_id = $2) AND created_at >= $3
            ORDER BY created_at, id
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        let asked = |row: AskedRow| {
            let AskedRow { id, call_id, tool, operation, subject, reason, created_at: at } = row;
            let what = Happening::Asked { request: id.into(), call: call_id.into(), tool, operation, subject, reason };
            Happened { at, what }
        };
        Ok(found.into_iter().map(asked).collect())
    }

    async fn resolved(&mut self, run: RunId, from: DateTime<Utc>, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let found: Vec<ResolvedRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, call_id, status, resolved_at
            FROM permission_requests
            WHERE session_id = (SELECT session_id FROM runs WHERE id = $1)
              AND run_id = $1 AND ($2 IS NULL OR user_id = $2) AND resolved_at >= $3
            ORDER BY resolved_at, id
            LIMIT $4
            ",
            run.as_uuid(),
            self.owner,
            stamp(from),
            rows(limit),
        )?;
        let resolved = |row: ResolvedRow| {
            let status = word("permission_requests", "status", &row.status, parse_status)?;
            let what = Happening::Resolved { request: row.id.into(), call: row.call_id.into(), status };
            Ok(Happened { at: row.resolved_at, what })
        };
        found.into_iter().map(resolved).collect()
    }
}

fn said(row: SaidRow) -> Result<Happened, StoreError> {
    let parts: Vec<Part> = row.parts.0.into_iter().map(Part::from).collect();
    let role = word("messages", "role", &row.role, Role::parse)?;
    let what = Happening::Said { message: row.id.into(), seq: row.seq, role, text: plain_text(&parts) };
    Ok(Happened { at: row.created_at, what })
}

fn ended(row: EndedRow) -> Happened {
    let what = Happening::CallEnded {
        call: row.id.into(),
        name: row.name,
        outcome: row.outcome.unwrap_or_default(),
        is_error: row.is_error.unwrap_or_default(),
        duration_ms: row.duration_ms.unwrap_or_default(),
        artifact: row.artifact.map(ArtifactId::from),
    };
    Happened { at: row.ended_at, what }
}

fn paid(row: PaidRow) -> Result<Happened, StoreError> {
    let what = Happening::Paid {
        input_tokens: count("costs", "input_tokens", row.input_tokens)?,
        output_tokens: count("costs", "output_tokens", row.output_tokens)?,
        kind: word("costs", "kind", &row.kind, CostKind::parse)?,
        model: row.model,
        provider: row.provider,
        cost_usd: row.cost_usd,
        latency_ms: row.latency_ms,
        retries: row.retries,
    };
    Ok(Happened { at: row.created_at, what })
}
