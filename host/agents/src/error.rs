//! What can go wrong before a turn runs; what goes wrong inside one is told by its events.

use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_store::StoreError;

/// Why something was not begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsError {
    /// There is no such session, or it is somebody else's.
    #[error("there is no session `{0}`")]
    SessionNotFound(SessionId),
    /// Nothing was said.
    #[error("the message is empty: write what you want done")]
    MessageEmpty,
    /// More than one message may hold.
    #[error(
        "the message has {bytes} bytes and at most {} are allowed: put long text into a file of the workspace",
        limits::MESSAGE_BYTES_MAX
    )]
    MessageTooLong { bytes: usize },
    /// More than a side question may hold.
    #[error(
        "the question has {bytes} bytes and at most {} are allowed beside a conversation: say what is long in the conversation",
        limits::SIDE_QUESTION_BYTES_MAX
    )]
    QuestionTooLong { bytes: usize },
    /// More files than one message may bring.
    #[error("{count} files are more than the {} one message may bring", limits::ATTACHMENTS_PER_MESSAGE_MAX)]
    AttachmentsTooMany { count: usize },
    /// No such file was given in this session.
    #[error("there is no such file in this conversation: upload it again")]
    AttachmentNotFound { index: usize },
    /// Larger than a file may be.
    #[error(
        "the file has {bytes} bytes and at most {} are allowed: put large files into the workspace",
        limits::ATTACHMENT_BYTES_MAX
    )]
    AttachmentTooLarge { bytes: usize },
    /// Nothing is left of the name.
    #[error("the file needs a name, such as `notes.txt`")]
    AttachmentName,
    /// The files of one conversation are bounded.
    #[error(
        "the files of this conversation have {} MiB already: begin a new one",
        limits::SESSION_FILES_BYTES_MAX / 1024 / 1024
    )]
    SessionFull,
    /// The host has enough to do.
    #[error("{max} turns run already: wait until one ends, or stop one")]
    TooManyRuns { max: usize },
    /// Enough side questions and summaries are being answered.
    #[error("{count} side questions or summaries {whose} are under way already: wait until one is done")]
    TooManySideCalls { count: usize, whose: &'static str },
    /// Another process works in this session.
    #[error("another octi process works in this session: wait until its turn ends, or stop it there")]
    SessionBusy,
    /// More than a summary's focus may hold.
    #[error(
        "what the summary is to keep has {bytes} bytes and at most {} are allowed: say it shorter",
        limits::COMPACTION_FOCUS_BYTES_MAX
    )]
    FocusTooLong { bytes: usize },
    /// No summary was made, or it was of no use; nothing has changed. The text says why.
    #[error("{0}")]
    NotCompacted(String),
    /// A turn of this session runs, so there is nothing to continue.
    #[error("a turn of this session runs already")]
    StillRunning,
    /// The last turn of the session ended as it should, or there was none.
    #[error("there is nothing to continue: the last turn of this session was completed; send a message instead")]
    NothingToContinue,
    /// The folder is not there, or agents may not work in it; the text says why.
    #[error("{0}")]
    Project(String),
    /// A conversation does not change its folder under a turn.
    #[error("a turn of this conversation runs: wait until it ends, or stop it, before the conversation works elsewhere")]
    Working,
    /// No model could be had; the text says what to do.
    #[error("{0}")]
    Model(String),
    /// Only people have conversations.
    #[error("the host itself cannot hold a conversation: a signed-in person is needed")]
    NoPerson,
    /// The host goes down.
    #[error("octi is shutting down: try again when it is up")]
    ShuttingDown,
    /// It was said to a turn that ended meanwhile, and no turn of its own could begin: it stays in the conversation.
    #[error("the message is kept, but nothing answers it yet: {0}")]
    Unanswered(Box<Self>),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AgentsError {
    /// Stable, for clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unanswered(why) => why.code(),
            Self::SessionNotFound(_) => "session_not_found",
            Self::MessageEmpty => "message_empty",
            Self::MessageTooLong { .. } => "message_too_long",
            Self::QuestionTooLong { .. } => "question_too_long",
            Self::AttachmentsTooMany { .. } => "attachments_too_many",
            Self::AttachmentNotFound { .. } => "attachment_not_found",
            Self::AttachmentTooLarge { .. } => "attachment_too_large",
            Self::AttachmentName => "attachment_name",
            Self::SessionFull => "session_full",
            Self::TooManyRuns { .. } | Self::TooManySideCalls { .. } => "concurrency_limit",
            Self::SessionBusy | Self::StillRunning => "session_busy",
            Self::FocusTooLong { .. } => "focus_too_long",
            Self::NotCompacted(_) => "not_compacted",
            Self::NothingToContinue => "nothing_to_continue",
            Self::Project(_) => "project",
            Self::Working => "session_busy",
            Self::Model(_) => "model_unavailable",
            Self::NoPerson => "no_person",
            Self::ShuttingDown => "shutting_down",
            Self::Store(_) => "store",
        }
    }
}
