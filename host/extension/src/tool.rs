//! One operation that a model can call, and what calling it may lead to.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ids::{ArtifactId, CallId, RunId, SessionId};
use octi_domain::limits;
use octi_domain::permission::{Level, Origin};
use octi_domain::principal::Principal;
use serde_json::Value;

use crate::llm::Llm;
use crate::manifest::{Effect, SubjectKind};
use crate::person::Person;

/// What the model, the permission engine and the person see of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// What the model calls it: `<tool>__<operation>`, such as `filesystem__read_file`.
    pub name: String,
    /// The plugin's alias, such as `filesystem`.
    pub tool: String,
    /// Such as `read_file`.
    pub operation: String,
    /// `publisher/name` of the plugin.
    pub plugin: String,
    pub plugin_version: String,
    /// SHA-256 of the plugin's file, in hex: a version can be built twice, this cannot.
    pub digest: String,
    pub description: String,
    /// JSON Schema 2020-12.
    pub input_schema: Value,
    pub output_schema: Option<Value>,
    pub permission: Level,
    pub effects: Vec<Effect>,
    pub subject: Option<String>,
    pub subject_kind: SubjectKind,
}

/// Told while a call runs: how far it is, in [0, 1], and a short text.
pub trait ProgressSink: Send + Sync {
    /// Never waits.
    fn progress(&self, fraction: Option<f32>, message: String);

    /// Whether it wants lines of that level. Most callers leave what plugins log to the operator.
    fn hears(&self, _level: LogLevel) -> bool {
        false
    }

    /// What the plugin logs, without the person's secrets. Never waits.
    fn log(&self, _level: LogLevel, _line: &str) {}
}

/// How much a line of a plugin matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// For callers that show no progress.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl ProgressSink for NoProgress {
    fn progress(&self, _fraction: Option<f32>, _message: String) {}
}

/// The text without the secrets of the person whose call it is.
pub type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// For callers that know no secrets.
#[must_use]
pub fn no_secrets() -> Redact {
    Arc::new(str::to_owned)
}

/// Everything one call is made with.
#[derive(Clone)]
pub struct CallContext {
    pub principal: Principal,
    pub session_id: Option<SessionId>,
    pub run_id: Option<RunId>,
    pub call_id: CallId,
    pub origin: Origin,
    /// The folder on this machine that the root `workspace` stands for.
    pub workspace: PathBuf,
    /// The directory in it from which paths are counted and where programs start; empty for the folder itself.
    pub within: String,
    /// How long the call may take at most; the plugin's own limit may be lower.
    pub time_max: Duration,
    pub progress: Arc<dyn ProgressSink>,
    /// Who can be asked for something.
    pub person: Arc<dyn Person>,
    /// Which model answers, and who pays.
    pub llm: Arc<dyn Llm>,
    /// For what the plugin writes to the log.
    pub redact: Redact,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    /// JSON.
    pub content: Value,
    /// One line for the person watching.
    pub summary: Option<String>,
    /// Files beside it.
    pub artifacts: Vec<Artifact>,
}

impl ToolOutput {
    /// JSON without files.
    #[must_use]
    pub const fn new(content: Value, summary: Option<String>) -> Self {
        Self { content, summary, artifacts: Vec::new() }
    }
}

/// A file that a call gave.
#[derive(Clone, PartialEq, Eq)]
pub struct Artifact {
    pub id: ArtifactId,
    /// As [`octi_domain::file_name::plain`] leaves it.
    pub name: String,
    /// As [`octi_domain::file_name::media_type`] leaves it.
    pub media_type: String,
    pub content: Arc<[u8]>,
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, media_type, content } = self;
        write!(f, "Artifact({id}, {name:?}, {media_type}, {} bytes)", content.len())
    }
}

/// Why a call failed, by who can act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The model can mend this and try again.
    #[error("{0}")]
    BadInput(String),
    /// The world said no; trying the same again is pointless.
    #[error("{0}")]
    Failed(String),
    /// The person must do something.
    #[error("{0}")]
    NeedsUser(String),
    /// May work later.
    #[error("{0}")]
    Unavailable(String),
    /// The plugin's bug. `0` is for the model and the person; the log has the rest.
    #[error("{0}")]
    Internal(String),
    /// The sandbox ended the call.
    #[error("{}", .0.message())]
    Contained(Containment),
}

/// Why the sandbox ended a call. Closed: text from a trap never reaches a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Containment {
    /// Too long in guest code.
    Cpu { ms_max: u64 },
    /// Too long altogether.
    Time { ms_max: u64 },
    /// Too much memory.
    Memory { bytes_max: u64 },
    /// Too many table elements.
    Table { elements_max: u64 },
    /// Too much recursion.
    Stack,
    /// The guest crashed.
    Trap,
    /// More output than one call may return.
    Output { bytes_max: u64 },
    /// A host-call quota was used up.
    Quota,
    /// No place became free in time.
    Busy,
    /// The caller gave up.
    Cancelled,
    /// Another version took its place and its time to finish was over.
    Replaced,
    /// An administrator removed the plugin.
    Removed,
}

impl Containment {
    /// One of each kind, with the bound that holds unless a manifest or an administrator says otherwise.
    pub const ALL: [Self; 12] = [
        Self::Cpu { ms_max: limits::GUEST_CPU_MS_MAX },
        Self::Time { ms_max: limits::GUEST_WALL_MS_MAX },
        Self::Memory { bytes_max: limits::GUEST_MEMORY_BYTES_MAX as u64 },
        Self::Table { elements_max: limits::GUEST_TABLE_ELEMENTS_MAX as u64 },
        Self::Stack,
        Self::Trap,
        Self::Output { bytes_max: limits::ARTIFACT_BYTES_MAX as u64 },
        Self::Quota,
        Self::Busy,
        Self::Cancelled,
        Self::Replaced,
        Self::Removed,
    ];

    /// Stable, for metrics and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cpu { .. } => "cpu_limit",
            Self::Time { .. } => "time_limit",
            Self::Memory { .. } => "memory_limit",
            Self::Table { .. } => "table_limit",
            Self::Stack => "stack_limit",
            Self::Trap => "trap",
            Self::Output { .. } => "output_limit",
            Self::Quota => "quota",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
        }
    }

    /// A fixed sentence for the model and the person.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::Cpu { ms_max } => format!("the tool was stopped: it computed for more than {ms_max} ms without finishing"),
            Self::Time { ms_max } => format!("the tool was stopped: it took longer than {ms_max} ms"),
            Self::Memory { bytes_max } => {
                format!("the tool was stopped: it needed more than its {} MiB of memory", bytes_max >> 20)
            }
            Self::Table { elements_max } => {
                format!("the tool was stopped: it needed more than its {elements_max} table elements")
            }
            Self::Stack => "the tool was stopped: it recursed too deeply".to_owned(),
            Self::Trap => "the tool crashed; nothing outside its sandbox was touched".to_owned(),
            Self::Output { bytes_max } => format!("the tool was stopped: it returned more than {bytes_max} bytes"),
            Self::Quota => "the tool was stopped: it made more host calls than one call may make".to_owned(),
            Self::Busy => "the tool is busy: too many of its calls run already; try again".to_owned(),
            Self::Cancelled => "the call was cancelled".to_owned(),
            Self::Replaced => {
                "the tool was replaced by another version before the call could end; call it again to use that one".to_owned()
            }
            Self::Removed => "the tool was removed from this host; go on without it".to_owned(),
        }
    }

    /// What to do about it, for whoever runs the plugin: a sentence of the reference page.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Cpu { .. } => "Ask for less at once, or raise `limits.cpu_ms` of the plugin.",
            Self::Time { .. } => "Ask for less at once, or raise `limits.time_ms` of the plugin.",
            Self::Memory { .. } => "Ask for less at once, or raise `limits.memory_mb` of the plugin.",
            Self::Table { .. } | Self::Stack => {
                "The plugin must be changed; the bound is fixed. Its author needs the arguments of the call."
            }
            Self::Trap => {
                "A bug of the plugin: the log has the trace under the call's id. After a few crashes it is quarantined."
            }
            Self::Output { .. } => "Ask for a smaller part, or raise `limits.output_bytes` of a plugin that has less.",
            Self::Quota => {
                "Ask for less at once, or raise the count of the capability (such as `limits.fs_calls`) in `config.toml`."
            }
            Self::Busy => "Try again, with fewer calls at once.",
            Self::Cancelled => "Nothing: the turn was stopped, or whoever called went away.",
            Self::Replaced => "Call it again: the new version answers.",
            Self::Removed => "Install the plugin again, if it is still wanted.",
        }
    }
}

impl ToolError {
    /// Stable, for metrics and records.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadInput(_) => "bad_input",
            Self::Failed(_) => "failed",
            Self::NeedsUser(_) => "needs_user",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
            Self::Contained(containment) => containment.code(),
        }
    }
}

/// One operation, bound to the generation of the plugin it was taken from. Dropping the future of a call ends the call.
#[async_trait]
pub trait Tool: Send + Sync {
    /// What it is.
    fn spec(&self) -> &ToolSpec;

    /// May its plugin use the person's secret of that name? None may unless it says otherwise.
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    fn may_use_secret(&self, name: &str) -> Result<(), String> {
        Err(format!("`{}` has no grant for the secret `{name}`", self.spec().plugin))
    }

    /// The tool that a call with these arguments is really for, and its arguments. A tool that only passes calls on says so here,
    /// and then the call is checked, asked about, run and recorded as one of that tool.
    ///
    /// # Errors
    /// [`ToolError`] when there is no such tool, or it cannot be found out.
    async fn target(&self, _arguments: &Value) -> Result<Option<(Arc<dyn Tool>, Value)>, ToolError> {
        Ok(None)
    }

    /// Runs it with arguments that fit the schema.
    ///
    /// # Errors
    /// [`ToolError`], by who can act on it.
    async fn call(&self, context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError>;
}
