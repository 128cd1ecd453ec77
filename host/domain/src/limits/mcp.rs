//! What programs that speak the Model Context Protocol with octi may ask for.

/// Bytes of one message of a client.
pub const MCP_MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Sessions of one person; beyond, the one that was used longest ago ends, and its client begins a new one when it comes back.
pub const MCP_SESSIONS_PER_USER_MAX: usize = 32;
/// The same, of everybody.
pub const MCP_SESSIONS_MAX: usize = 1_024;
/// Seconds a session may be silent.
pub const MCP_SESSION_IDLE_SECONDS_MAX: u64 = 60 * 60;
/// Messages that wait for a client that reads slowly; what a call says of its progress beyond them is not said.
pub const MCP_QUEUE_MAX: usize = 16;
/// Seconds an answered call is kept for a client that lost its connection.
pub const MCP_KEPT_SECONDS_MAX: u64 = 30;
/// Seconds a client that does not read is waited for.
pub const MCP_SEND_SECONDS_MAX: u64 = 5;
/// Calls under way at once, of one person.
pub const MCP_CALLS_PER_USER_MAX: usize = 16;
/// The same, of everybody.
pub const MCP_CALLS_MAX: usize = 256;
/// Entries of one page of a list.
pub const MCP_PAGE_ROWS_MAX: usize = 100;
/// Seconds a person has to answer a question that their client shows.
pub const MCP_QUESTION_SECONDS_MAX: u64 = 5 * 60;
/// Names of this host that an administrator may add.
pub const MCP_HOSTS_MAX: usize = 32;
/// Bytes of the arguments in such a question; what is longer is refused, because nobody should agree to what they cannot read.
pub const MCP_QUESTION_BYTES_MAX: usize = 2_000;
/// Bytes of what one of octi's own operations may answer.
pub const MCP_RESULT_BYTES_MAX: usize = 1024 * 1024;
/// Conversations whose files stand on one page of resources.
pub const MCP_CONVERSATIONS_PER_PAGE: u32 = 20;
/// Seconds `octi_chat` waits for an answer; the agent goes on after them.
pub const MCP_CHAT_SECONDS_MAX: u64 = 15 * 60;
/// Resources that one session may wait for changes of.
pub const MCP_SUBSCRIPTIONS_MAX: usize = 64;
/// Lines a plugin logged that wait for a client that asked for them; more are counted and left out.
pub const MCP_LOG_LINES_WAITING_MAX: usize = 256;
/// The most seconds that a setting may leave an answer's stream open before the client has to come back for the rest.
pub const MCP_STREAM_SECONDS_CEILING: u64 = 60 * 60;
