//! Servers of the Model Context Protocol that others run: how many, how large what they say may be, and how long they may take.

/// Servers of one host.
pub const MCP_SERVERS_MAX: usize = 64;
/// Bytes of a server's name.
pub const MCP_SERVER_NAME_BYTES_MAX: usize = 32;
/// Bytes of the file `mcp.json`.
pub const MCP_FILE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one server's configuration.
pub const MCP_CONFIG_BYTES_MAX: usize = 32 * 1024;
/// Bytes of one message of a server.
pub const MCP_SERVER_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lines of a server's standard output that are no message; more, and it is taken for something else than a server.
pub const MCP_STRAY_LINES_MAX: usize = 100;
/// Tools of one server.
pub const MCP_TOOLS_MAX: usize = 512;
/// Pages in which a server may list its tools.
pub const MCP_PAGES_MAX: usize = 64;
/// Bytes of a tool's name.
pub const MCP_TOOL_NAME_BYTES_MAX: usize = 128;
/// Bytes of a tool's description that are shown; the rest is left out.
pub const MCP_DESCRIPTION_BYTES_MAX: usize = 4 * 1024;
/// Bytes of the schemas of one server together; a tool whose schema would be more is left out.
pub const MCP_SCHEMAS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a server's text about a failure.
pub const MCP_PROBLEM_BYTES_MAX: usize = 2 * 1024;
/// Milliseconds a call, a listing or a start may take, unless the server's configuration says otherwise.
pub const MCP_CALL_MS_DEFAULT: u64 = 30_000;
/// Milliseconds that a configuration may allow.
pub const MCP_CALL_MS_MAX: u64 = 10 * 60 * 1_000;
/// Calls of one server at once; more wait.
pub const MCP_SERVER_CALLS_MAX: usize = 8;
/// Failures in a row after which a server is left alone.
pub const MCP_FAILURES_MAX: u32 = 3;
/// Seconds a server is left alone the first time; each further time takes twice as long.
pub const MCP_REST_SECONDS_MIN: u64 = 5;
/// Seconds a server is left alone at most.
pub const MCP_REST_SECONDS_MAX: u64 = 10 * 60;
/// Hours a server's process, or a stream of a remote one, lasts before it is started anew.
pub const MCP_SESSION_HOURS_MAX: u64 = 24;
/// Bytes of the errors that one process of a server may write to the log.
pub const MCP_LOG_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one line of them.
pub const MCP_LOG_LINE_BYTES_MAX: usize = 1024;
/// Bytes that one stream of a remote server may carry.
pub const MCP_STREAM_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Bytes of one answer of an authorization server.
pub const MCP_OAUTH_BYTES_MAX: usize = 256 * 1024;
/// Seconds one request to an authorization server may take.
pub const MCP_OAUTH_SECONDS_MAX: u64 = 30;
/// Seconds between the beginning of a sign-in and its end in the person's browser.
pub const MCP_SIGN_IN_SECONDS_MAX: u64 = 10 * 60;
/// Questions that a server may have put to the person during one call.
pub const MCP_QUESTIONS_PER_CALL_MAX: usize = 8;
/// Bytes of what a server says in one question.
pub const MCP_QUESTION_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Bytes of the form of one question.
pub const MCP_FORM_BYTES_MAX: usize = 16 * 1024;
/// Seconds that a person has to answer one.
pub const MCP_ANSWER_SECONDS_MAX: u64 = 5 * 60;
/// Bytes of everything that a server sends to a model at once: no more than a person can read before they agree.
pub const MCP_LOAN_BYTES_MAX: usize = 16 * 1024;
/// Tokens that a model may answer a server with.
pub const MCP_LOAN_TOKENS_MAX: u32 = 2_048;
