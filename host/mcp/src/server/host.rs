//! What the server needs of the host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ids::UserId;
use octi_extension::llm::Llm;
use octi_extension::offered::Offered;
use octi_extension::person::Person;
use octi_extension::tool::{Artifact, ProgressSink, Tool};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The host behind the server.
pub trait Host: Send + Sync + 'static {
    /// Who asks, as the host checked it for this very request.
    type Caller: Clone + Send + Sync + 'static;

    /// Whose rights the caller has.
    fn user_id(caller: &Self::Caller) -> UserId;

    /// The host's version, such as `0.1.0`.
    fn version(&self) -> &str;

    /// How long the stream of an answer may stay open; none for as long as it takes.
    fn stream_time(&self) -> Option<Duration>;

    /// Counts up whenever what is installed changed.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The host's own operations, by name. They never change while it runs.
    fn operations(&self) -> &BTreeMap<&'static str, Operation>;

    /// The tools of plugins that the caller may use, by name.
    ///
    /// # Errors
    /// A text for the caller.
    fn tools(&self, caller: &Self::Caller) -> impl Future<Output = Result<BTreeMap<String, Arc<dyn Tool>>, String>> + Send;

    /// Calls a plugin's tool, on the one path that every call takes.
    fn call(&self, caller: &Self::Caller, call: Call) -> impl Future<Output = Reply> + Send;

    /// Does one of [`Self::operations`].
    fn operate(&self, caller: &Self::Caller, name: &str, arguments: Map<String, Value>) -> impl Future<Output = Reply> + Send;

    /// What plugins offer to read and to begin with, in the order of their ids.
    fn offered(&self) -> Vec<Arc<Offered>>;

    /// The roles and the skills by name, each with what it is for.
    fn texts(&self) -> Vec<(String, String)>;

    /// What a role or a skill tells its model; none when there is neither of that name.
    fn text(&self, caller: &Self::Caller, name: &str) -> impl Future<Output = Option<Result<String, String>>> + Send;

    /// A page of the files and large results of the caller's conversations, and the cursor of the next one.
    ///
    /// # Errors
    /// A text for the caller.
    fn files(
        &self,
        caller: &Self::Caller,
        cursor: Option<String>,
    ) -> impl Future<Output = Result<(Vec<File>, Option<String>), String>> + Send;

    /// What stands in one of them; none when there is no such file, or it is somebody else's.
    ///
    /// # Errors
    /// A text for the caller.
    fn file(&self, caller: &Self::Caller, id: &str) -> impl Future<Output = Result<Option<Content>, String>> + Send;
}

/// A file of a conversation, or a large result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
}

/// What stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A call of a plugin's tool.
pub struct Call {
    pub name: String,
    pub arguments: Value,
    /// The person was asked about this very call and said yes.
    pub approved: bool,
    pub progress: Option<Arc<dyn ProgressSink>>,
    /// The person before the client, when it can ask them.
    pub person: Option<Arc<dyn Person>>,
    /// The client's model, when it lends it.
    pub llm: Option<Arc<dyn Llm>>,
    /// Ends the call.
    pub cancelled: CancellationToken,
}

/// What came of a call. Every text is fit for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It worked. `content` is JSON, unless `is_whole` is false: then it tells of a result that is too large.
    Done { content: String, is_whole: bool, files: Files },
    /// It ran and failed, or may not run. `code` says who can do something about it.
    Failed { code: String, text: String },
    /// A person has to say yes first, once or with a rule such as `suggested_rule`.
    NeedsYes { reason: String, suggested_rule: String },
}

/// What a call gave beside its JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    pub all: Vec<Artifact>,
    /// Why nobody can read them later by their ids; none when the caller can.
    pub lost: Option<&'static str>,
}

impl Reply {
    /// A failure.
    #[must_use]
    pub fn failed(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Failed { code: code.into(), text: text.into() }
    }
}

/// One of the host's own operations.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// A few words for people.
    pub title: String,
    pub description: String,
    /// JSON Schemas 2020-12 of objects.
    pub input_schema: Map<String, Value>,
    pub output_schema: Option<Map<String, Value>>,
    pub effects: Effects,
}

/// What something may lead to, as the protocol tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    pub is_read_only: bool,
    /// What it changes may be lost.
    pub is_destructive: bool,
    /// It reaches what is not on this host.
    pub is_open_world: bool,
}
