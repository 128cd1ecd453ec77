//! Bounds of `/v1`, where octi is a model for programs that speak OpenAI's API.

/// Bytes of a request of a client of OpenAI's API: it brings the whole conversation every time.
pub const OPENAI_BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Messages of such a request.
pub const OPENAI_MESSAGES_MAX: usize = 4_000;
/// Tools of such a request.
pub const OPENAI_TOOLS_MAX: usize = 128;
/// Texts before which such an answer may have to end.
pub const OPENAI_STOPS_MAX: usize = 4;
/// Bytes of one of them.
pub const OPENAI_STOP_BYTES_MAX: usize = 256;
/// Seconds such an answer may take, with the time its client takes to read it.
pub const OPENAI_CALL_SECONDS_MAX: u64 = 10 * 60;
/// Seconds the client may leave a full queue of such an answer unread.
pub const OPENAI_SEND_SECONDS_MAX: u64 = 30;
/// Pieces of such an answer that wait for its client.
pub const OPENAI_QUEUE_MAX: usize = 64;
/// Texts of one request for embeddings.
pub const OPENAI_INPUTS_MAX: usize = 1_024;
/// Bytes of one of them.
pub const OPENAI_INPUT_BYTES_MAX: usize = 64 * 1024;
/// Numbers a vector can be asked to have.
pub const OPENAI_DIMENSIONS_MAX: u32 = 8_192;
/// Numbers of all vectors of one answer.
pub const OPENAI_NUMBERS_MAX: usize = 2 * 1024 * 1024;
/// Such answers at once, of one person.
pub const OPENAI_CALLS_PER_USER_MAX: usize = 16;
/// Such answers at once, of everybody.
pub const OPENAI_CALLS_MAX: usize = 64;
