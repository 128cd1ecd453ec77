//! What one call may give, ask and let a model write.

/// Files that one tool call may give beside its JSON.
pub const GUEST_ARTIFACTS_MAX: u64 = 16;
/// Chunks of such files that one tool call may write.
pub const GUEST_ARTIFACT_CHUNKS_MAX: u64 = 10_000;
/// Bytes of one such chunk.
pub const GUEST_ARTIFACT_CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one such file.
pub const GUEST_ARTIFACT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of all such files of one tool call: what a manifest may ask for.
pub const GUEST_ARTIFACTS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Questions that one tool call may put to its person.
pub const GUEST_QUESTIONS_MAX: u64 = 4;
/// Bytes of a question, its form included.
pub const ASK_BYTES_MAX: usize = 8 * 1024;
/// Seconds that a person has to answer one.
pub const ASK_SECONDS_MAX: u64 = 5 * 60;
/// Fields of a form.
pub const ASK_FIELDS_MAX: usize = 16;
/// Values that one field offers.
pub const ASK_CHOICES_MAX: usize = 64;
/// Bytes of the name of a field.
pub const ASK_NAME_BYTES_MAX: usize = 64;
/// Characters of a text in an answer.
pub const ASK_TEXT_CHARS_MAX: u64 = 4_000;

/// Answers of a model that one tool call may let be written.
pub const GUEST_COMPLETIONS_MAX: u64 = 4;
/// Topics of one manifest.
pub const LLM_TOPICS_MAX: usize = 16;
/// Tokens of one topic that one tool call may use, read and written: what a manifest may ask for.
pub const LLM_TOKENS_PER_CALL_MAX: u64 = 32_000;
/// Bytes of all texts of one such request.
pub const LLM_REQUEST_BYTES_MAX: usize = 256 * 1024;
/// Messages of one such request.
pub const LLM_MESSAGES_MAX: usize = 64;
/// Bytes of such an answer, for providers that do not count; the rest is cut.
pub const LLM_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Such answers that are written at once, of everybody; more wait.
pub const LLM_AT_ONCE_MAX: usize = 32;
