//! What model calls used and cost.

use chrono::{DateTime, Utc};
use octi_domain::ids::{CostId, RunId, SessionId, UserId};
use sqlx::FromRow;
use tracing::instrument;

use crate::codec::{count, stamp, stored, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const TABLE: &str = "costs";
const SUBJECT: Subject = Subject::new(TABLE, "this cost", "the user");

/// Where the numbers of tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CostKind {
    /// The provider counted.
    Reported,
    /// We counted.
    Estimated,
    /// It was not written down: older rows say this where the price is not known.
    Unknown,
}

impl CostKind {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reported, Self::Estimated, Self::Unknown].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One model call.
#[derive(Debug, Clone, PartialEq)]
pub struct CostRow {
    pub id: CostId,
    pub user_id: UserId,
    /// None for a call outside a conversation, such as testing a model.
    pub session_id: Option<SessionId>,
    pub run_id: Option<RunId>,
    pub model: String,
    pub provider: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost_usd: Option<f64>,
    pub kind: CostKind,
    pub latency_ms: i64,
    /// How often the provider had to be asked again before it answered.
    pub retries: i64,
    pub created_at: DateTime<Utc>,
}

/// Several calls together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CostSum {
    pub calls: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Of the calls with a known price; none when no call had one.
    pub cost_usd: Option<f64>,
    /// Calls whose price is not known, so the sum is too low by them.
    pub unpriced_calls: u64,
    /// Calls whose tokens we counted, because the provider did not report them.
    pub estimated_calls: u64,
    /// How often providers had to be asked again.
    pub retries: u64,
}

#[derive(FromRow)]
struct SumRow {
    calls: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_usd: Option<f64>,
    unpriced_calls: i64,
    estimated_calls: i64,
    retries: i64,
}

impl TryFrom<SumRow> for CostSum {
    type Error = StoreError;

    fn try_from(row: SumRow) -> Result<Self, StoreError> {
        Ok(Self {
            calls: count(TABLE, "calls", row.calls)?,
            input_tokens: count(TABLE, "input_tokens", row.input_tokens)?,
            output_tokens: count(TABLE, "output_tokens", row.output_tokens)?,
            cost_usd: row.cost_usd,
            unpriced_calls: count(TABLE, "unpriced_calls", row.unpriced_calls)?,
            estimated_calls: count(TABLE, "estimated_calls", row.estimated_calls)?,
            retries: count(TABLE, "retries", row.retries)?,
        })
    }
}

impl Tx<'_> {
    /// Writes down what a model call cost.
    ///
    /// # Errors
    /// `Missing` without its session, `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.costs.insert", level = "debug", skip_all, fields(cost.id = %cost.id))]
    pub async fn insert_cost(&mut self, cost: &CostRow) -> Result<(), StoreError> {
        self.own(cost.user_id, "the cost")?;
        // Costs outlive their session, so no reference guards this: the session is looked up by its owner instead.
        let added = execute!(
            self,
            SUBJECT,
            "
            INSERT INTO costs
                (id, user_id, session_id, run_id, model, provider, input_tokens, output_tokens, cost_usd, kind, latency_ms, retries, created_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
            WHERE $3 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = $3 AND user_id = $2)
            ",
            cost.id.as_uuid(),
            cost.user_id.as_uuid(),
            cost.session_id.map(SessionId::as_uuid),
            cost.run_id.map(RunId::as_uuid),
            text(&cost.model),
            text(&cost.provider),
            stored(cost.input_tokens),
            stored(cost.output_tokens),
            cost.cost_usd,
            cost.kind.as_str(),
            cost.latency_ms,
            cost.retries,
            stamp(cost.created_at),
        )?;
        if added == 0 {
            return self.refuse(StoreError::Missing { what: "the session" });
        }
        Ok(())
    }

    /// What a conversation cost so far, also after it was deleted.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.costs.of_session", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn cost_of_session(&mut self, session: SessionId) -> Result<CostSum, StoreError> {
        let row: SumRow = fetch_one!(
            self,
            SUBJECT,
            "
            SELECT COUNT(*) AS calls
                 , CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens
                 , CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens
                 , SUM(cost_usd) AS cost_usd
                 , COUNT(*) - COUNT(cost_usd) AS unpriced_calls
                 , COUNT(CASE WHEN kind = 'estimated' THEN 1 END) AS estimated_calls
                 , CAST(COALESCE(SUM(retries), 0) AS BIGINT) AS retries
            FROM costs
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            session.as_uuid(),
            self.owner,
        )?;
        row.try_into()
    }

    /// What a turn cost so far.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.costs.of_run", level = "debug", skip_all, fields(run.id = %run))]
    pub async fn cost_of_run(&mut self, run: RunId) -> Result<CostSum, StoreError> {
        let row: SumRow = fetch_one!(
            self,
            SUBJECT,
            "
            SELECT COUNT(*) AS calls
                 , CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens
                 , CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens
                 , SUM(cost_usd) AS cost_usd
                 , COUNT(*) - COUNT(cost_usd) AS unpriced_calls
                 , COUNT(CASE WHEN kind = 'estimated' THEN 1 END) AS estimated_calls
                 , CAST(COALESCE(SUM(retries), 0) AS BIGINT) AS retries
            FROM costs
            WHERE run_id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            run.as_uuid(),
            self.owner,
        )?;
        row.try_into()
    }

    /// What calls outside of conversations cost so far.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.costs.outside_sessions", level = "debug", skip_all)]
    pub async fn cost_outside_sessions(&mut self) -> Result<CostSum, StoreError> {
        let row: SumRow = fetch_one!(
            self,
            SUBJECT,
            "
            SELECT COUNT(*) AS calls
                 , CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens
                 , CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens
                 , SUM(cost_usd) AS cost_usd
                 , COUNT(*) - COUNT(cost_usd) AS unpriced_calls
                 , COUNT(CASE WHEN kind = 'estimated' THEN 1 END) AS estimated_calls
                 , CAST(COALESCE(SUM(retries), 0) AS BIGINT) AS retries
            FROM costs
            WHERE session_id IS NULL AND ($1 IS NULL OR user_id = $1)
            ",
            self.owner,
        )?;
        row.try_into()
    }
}
