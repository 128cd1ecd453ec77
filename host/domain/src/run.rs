//! One turn of an agent: status, reason it ended, what it used, what it may use.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ids::{RunId, SessionId, UserId};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    Running,
    Completed,
    Failed,
    /// A person stopped it.
    Stopped,
    /// The host went away while it ran; it can be continued.
    Interrupted,
}

impl RunStatus {
    const ALL: [Self; 5] = [Self::Running, Self::Completed, Self::Failed, Self::Stopped, Self::Interrupted];

    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Tokens of one or more model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// True when any part was counted by us because the provider did not report it.
    pub estimated: bool,
}

impl Usage {
    /// Both directions together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Adds another call's usage.
    pub const fn add(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.estimated = self.estimated || other.estimated;
    }
}

/// What one run may use. Zero means without limit for iterations and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub iterations_max: u32,
    /// While a person is asked, no time is used.
    pub time_max: Duration,
    pub tokens_max: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            iterations_max: crate::limits::RUN_ITERATIONS_MAX,
            time_max: Duration::from_secs(crate::limits::RUN_SECONDS_MAX),
            tokens_max: crate::limits::RUN_TOKENS_MAX,
        }
    }
}

/// When a turn lets a summary take the place of what is old, and what every summary leaves as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// Whether turns do so by themselves.
    pub auto: bool,
    /// Percent of the room for messages above which they do.
    pub auto_percent: u64,
    /// The newest messages that stay, as far as there is room.
    pub kept_messages: usize,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            auto: true,
            auto_percent: crate::limits::COMPACTION_AUTO_PERCENT,
            kept_messages: crate::limits::COMPACTION_KEPT_MESSAGES,
        }
    }
}

/// What an administrator may change of turns while the host runs. A turn keeps the budget that held when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// What each may use.
    pub budget: Budget,
    /// How many may run at once.
    pub active_max: usize,
    /// What a summary that is begun obeys.
    pub compaction: Compaction,
}

impl Default for RunLimits {
    fn default() -> Self {
        let (budget, compaction) = (Budget::default(), Compaction::default());
        Self { budget, active_max: crate::limits::RUNS_ACTIVE_MAX, compaction }
    }
}

/// One turn of an agent in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub session_id: SessionId,
    pub user_id: UserId,
    /// The role's name, such as `general`.
    pub role: String,
    /// The configured model's name.
    pub model: String,
    pub status: RunStatus,
    /// Why it ended otherwise than completed, as a sentence for a person.
    pub reason: Option<String>,
    pub iterations: u32,
    pub usage: Usage,
    /// The skills that it was given, by name.
    pub skills: Vec<String>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}
