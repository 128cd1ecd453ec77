//! Every size, count and time that bounds octi. The name carries the unit; each has a test that trips it.

mod author;
mod capabilities;
mod channels;
mod compiler;
mod extism;
mod health;
mod hooks;
mod install;
mod mcp;
mod mcp_servers;
mod oauth;
mod offered;
mod openai;
mod orgs;
mod reflect;
mod registry;
mod requests;
mod settings;
mod skills;
mod terminal;
mod workspaces;

pub use author::*;
pub use capabilities::*;
pub use channels::*;
pub use compiler::*;
pub use extism::*;
pub use health::*;
pub use hooks::*;
pub use install::*;
pub use mcp::*;
pub use mcp_servers::*;
pub use oauth::*;
pub use offered::*;
pub use openai::*;
pub use orgs::*;
pub use reflect::*;
pub use registry::*;
pub use requests::*;
pub use settings::*;
pub use skills::*;
pub use terminal::*;
pub use workspaces::*;

/// Model calls in one run.
pub const RUN_ITERATIONS_MAX: u32 = 50;
/// Seconds one run may take, without the time a person takes to answer its questions.
pub const RUN_SECONDS_MAX: u64 = 15 * 60;
/// Tokens, both directions, one run may use.
pub const RUN_TOKENS_MAX: u64 = 100_000;
/// The same tool call with the same result this many times ends a run.
pub const RUN_SAME_RESULT_MAX: u32 = 3;
/// Tool calls of one model answer that run side by side.
pub const RUN_PARALLEL_CALLS_MAX: usize = 8;
/// Tool calls one model answer may ask for.
pub const RUN_CALLS_PER_STEP_MAX: usize = 64;
/// Runs that may be active at once in this host. Nearly all of a run's time is spent waiting for its model, so they are many; the
/// calls that run at once have limits of their own.
pub const RUNS_ACTIVE_MAX: usize = 256;

/// Model calls beside the turns at once, of one person: side questions, and summaries that were asked for.
pub const SIDE_CALLS_PER_USER_MAX: usize = 3;
/// The same, of everybody.
pub const SIDE_CALLS_MAX: usize = 32;
/// Seconds one such call may take.
pub const SIDE_CALL_SECONDS_MAX: u64 = 120;
/// Bytes of a question that is asked beside a conversation.
pub const SIDE_QUESTION_BYTES_MAX: usize = 20_000;
/// Tokens that such a question, the newest part of its conversation and the answer may have together.
pub const SIDE_CONTEXT_TOKENS_MAX: u32 = 32_000;
/// Bytes of one text, call or result that a model is shown of a conversation it takes no part in; the rest is cut.
pub const SIDE_PART_BYTES_MAX: usize = 16 * 1024;
/// Tokens such an answer may have.
pub const SIDE_ANSWER_TOKENS_MAX: u32 = 4_000;
/// Bytes of such an answer, for providers that do not count; the rest is cut.
pub const SIDE_ANSWER_BYTES_MAX: usize = 32 * 1024;

/// Messages of a conversation that a summary leaves as they are: the newest, as far as they take half of the model's window.
pub const COMPACTION_KEPT_MESSAGES: usize = 20;
/// Tokens below which what is older is not worth a summary.
pub const COMPACTION_TOKENS_MIN: u64 = 500;
/// Tokens of what is older that the model reads for a summary, the newest.
pub const COMPACTION_INPUT_TOKENS_MAX: u64 = 60_000;
/// Tokens the model may write for a summary.
pub const COMPACTION_SUMMARY_TOKENS_MAX: u32 = 2_000;
/// Bytes of a summary; a longer one is refused.
pub const COMPACTION_SUMMARY_BYTES_MAX: usize = 8 * 1024;
/// Percent of the room for messages above which a turn lets a summary be made by itself.
pub const COMPACTION_AUTO_PERCENT: u64 = 80;
/// Percent of a conversation that a summary made by itself has to save: one that cannot is not asked for, and after one that
/// did not the next waits until there is twice as much to summarise.
pub const COMPACTION_SAVED_PERCENT_MIN: u64 = 15;
/// Tokens of what is older from which on there is no such waiting.
pub const COMPACTION_STALL_TOKENS_MAX: u64 = 1_000_000;
/// Conversations of which is remembered that a summary was of little use; the one remembered longest is forgotten first.
pub const COMPACTION_STALLS_MAX: usize = 1_000;
/// Bytes of what a person asks a summary to keep above all.
pub const COMPACTION_FOCUS_BYTES_MAX: usize = 1_000;
/// Paths, of files that were read and of files that were changed, that stand beside a summary: those named last.
pub const COMPACTION_FILES_MAX: usize = 50;

/// Seconds a person has to answer a permission question.
pub const PERMISSION_SECONDS_MAX: u64 = 5 * 60;

/// Bytes of a person's message.
pub const MESSAGE_BYTES_MAX: usize = 200_000;
/// Bytes of one tool result that the model sees; the whole of a longer one becomes an artifact.
pub const RESULT_INLINE_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a role's prompt.
pub const RESULT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of arguments a model may pass to a tool.
pub const ARGUMENTS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one artifact, and so the bytes one tool call may return at all.
pub const ARTIFACT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a file that a person gives with a message.
pub const ATTACHMENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Files given with one message.
pub const ATTACHMENTS_PER_MESSAGE_MAX: usize = 10;
/// Characters of the name of such a file; the rest is cut.
pub const ATTACHMENT_NAME_CHARS_MAX: usize = 200;
/// Bytes of a text file that a model reads; the rest is cut, and the model is told.
pub const ATTACHMENT_TEXT_BYTES_MAX: usize = 100_000;
/// Bytes of all files that one request to a model carries, the newest first.
pub const REQUEST_FILES_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Bytes of everything that is kept beside one conversation before it takes no more files.
pub const SESSION_FILES_BYTES_MAX: i64 = 128 * 1024 * 1024;

/// Bytes of linear memory, over all memories of one call, on the engine for small guests.
pub const GUEST_MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The same on the engine for guests that bring a language runtime.
pub const GUEST_BIG_MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Table elements of one call.
pub const GUEST_TABLE_ELEMENTS_MAX: usize = 20_000;
/// Tables of one call.
pub const GUEST_TABLES_MAX: usize = 32;
/// Linear memories of one call.
pub const GUEST_MEMORIES_MAX: usize = 8;
/// Core instances of one call.
pub const GUEST_INSTANCES_MAX: usize = 64;
/// Milliseconds of guest code of one call, unless the manifest asks for something else.
pub const GUEST_CPU_MS_MAX: u64 = 10_000;
/// Milliseconds of wall clock of one call, unless the manifest asks for less.
pub const GUEST_WALL_MS_MAX: u64 = 30_000;
/// Milliseconds between two ticks of the engine's epoch.
pub const GUEST_TICK_MS: u64 = 10;
/// Random bytes one host call may ask for.
pub const GUEST_RANDOM_BYTES_MAX: u64 = 64 * 1024;
/// Bytes one host call may copy out of a guest; the bytes a call may return are another limit, and the larger of both holds.
pub const GUEST_HOSTCALL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Host resources (directories, files, processes) one call may hold.
pub const GUEST_RESOURCES_MAX: usize = 1_024;
/// Files and directories that one tool call may have open at once.
pub const GUEST_FILES_MAX: usize = 64;
/// Calls of file functions in one tool call.
pub const GUEST_FS_CALLS_MAX: u64 = 10_000;
/// Calls of key-value functions in one tool call.
pub const GUEST_KV_CALLS_MAX: u64 = 1_000;
/// Processes one tool call may start.
pub const GUEST_SPAWNS_MAX: u64 = 32;
/// Requests one tool call may send.
pub const GUEST_HTTP_REQUESTS_MAX: u64 = 64;
/// Chunks of bodies that one tool call may write and read.
pub const GUEST_HTTP_CHUNKS_MAX: u64 = 10_000;
/// Bytes of request bodies of one tool call.
pub const GUEST_HTTP_SENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of answers that one tool call may read.
pub const GUEST_HTTP_RECEIVED_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Log lines of one tool call.
pub const GUEST_LOG_LINES_MAX: u64 = 1_000;
/// Bytes of one log line.
pub const GUEST_LOG_LINE_BYTES_MAX: usize = 4 * 1024;
/// Calls of one plugin that run at once; more wait.
pub const PLUGIN_CALLS_MAX: usize = 16;
/// Calls of all small plugins that run at once. The pool of instances has room for these and the instances kept ready.
pub const ENGINE_CALLS_MAX: u32 = 128;
/// Calls of all plugins with a language runtime that run at once.
pub const ENGINE_BIG_CALLS_MAX: u32 = 32;
/// Instances of one plugin that are made before they are needed.
pub const PLUGIN_WARM_MAX: usize = 4;
/// One such instance of any plugin for so many calls that run at once.
pub const ENGINE_CALLS_PER_WARM: u32 = 8;
/// Seconds a call waits for its turn.
pub const PLUGIN_QUEUE_SECONDS_MAX: u64 = 10;

/// Crashes of a plugin within [`PLUGIN_CRASH_WINDOW_SECONDS`] before it is quarantined.
pub const PLUGIN_CRASHES_MAX: usize = 3;
/// The window of [`PLUGIN_CRASHES_MAX`].
pub const PLUGIN_CRASH_WINDOW_SECONDS: i64 = 60;
/// Seconds a new generation is watched: [`PLUGIN_CRASHES_MAX`] crashes anywhere in them bring the one before it back.
pub const PLUGIN_PROBATION_SECONDS: i64 = 10 * 60;
/// Seconds of the first quarantine; each relapse doubles them.
pub const PLUGIN_QUARANTINE_SECONDS: i64 = 60;
/// Seconds of the longest quarantine. As long without a crash, and the next one is short again.
pub const PLUGIN_QUARANTINE_SECONDS_MAX: i64 = 60 * 60;
/// Generations of one plugin whose code is loaded: the running one, the one before it, and one that ends.
pub const PLUGIN_GENERATIONS_MAX: usize = 3;
/// Seconds a replaced generation goes on for those who were shown it; enough for a person to answer a question.
pub const PLUGIN_DRAIN_SECONDS_MAX: u64 = PERMISSION_SECONDS_MAX + 60;
/// Seconds it goes on when the plugin was removed, or when yet another generation waits for its place.
pub const PLUGIN_HURRY_SECONDS_MAX: u64 = 10;

/// Bytes of a plugin file.
pub const PLUGIN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of compiled plugins kept on disk.
pub const PLUGIN_CACHE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Seconds a plugin that could not be compiled or started is not tried again.
pub const PLUGIN_FAILURE_SECONDS_MAX: u64 = 10;
/// Seconds the trial run of a new plugin may take.
pub const PLUGIN_SMOKE_SECONDS_MAX: u64 = 5;
/// Bytes of an error text or a summary of a plugin.
pub const PLUGIN_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Files in the plugin folder.
pub const PLUGINS_MAX: usize = 1_000;
/// Bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a schema of a tool.
pub const SCHEMA_BYTES_MAX: usize = 128 * 1024;
/// Levels of lists and objects in a schema.
pub const SCHEMA_DEPTH_MAX: usize = 64;
/// Parts of a schema, with what a reference leads to counted for each reference.
pub const SCHEMA_PARTS_MAX: usize = 20_000;
/// Steps that checking one value may take; a step is about the comparison of two values.
pub const SCHEMA_CHECK_STEPS_MAX: usize = 1_000_000;
/// Hosts one plugin may ask to connect to.
pub const MANIFEST_HOSTS_MAX: usize = 64;
/// Tools of one plugin.
pub const MANIFEST_TOOLS_MAX: usize = 128;

/// Bytes of a key-value key.
pub const KV_KEY_BYTES_MAX: usize = 512;
/// Bytes of a key-value value.
pub const KV_VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Keys one listing returns.
pub const KV_LIST_MAX: u32 = 1_000;

/// Bytes one file read or write moves in one host call.
pub const FS_CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a file that a guest may write.
pub const FS_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Entries one listing returns.
pub const FS_LIST_MAX: usize = 1_000;
/// Bytes of a path.
pub const FS_PATH_BYTES_MAX: usize = 1_024;
/// Files one search looks into.
pub const FS_SEARCH_FILES_MAX: usize = 50_000;
/// Bytes of a file that a search looks into.
pub const FS_SEARCH_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Hits one search returns.
pub const FS_SEARCH_HITS_MAX: usize = 1_000;
/// Bytes of all files together that one search looks into.
pub const FS_SEARCH_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Bytes of the line that a hit shows.
pub const FS_SEARCH_TEXT_BYTES_MAX: usize = 512;
/// Bytes of a glob or of a regular expression.
pub const FS_PATTERN_BYTES_MAX: usize = 1_024;
/// Directories below each other that a search, a removal or a copy goes into.
pub const FS_DEPTH_MAX: usize = 64;

/// Milliseconds a process runs unless its caller asks for less or its profile for more.
pub const PROCESS_WALL_MS_MAX: u64 = 30_000;
/// Bytes of a process's output that are kept, for each of its two streams.
pub const PROCESS_OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a process's output that are read at all, both streams together; more ends it.
pub const PROCESS_DRAIN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of a process's input.
pub const PROCESS_INPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of the environment that a caller may add for a process.
pub const PROCESS_ENV_BYTES_MAX: usize = 32 * 1024;
/// Ended background processes of one person whose output is kept until it is read.
pub const PROCESS_BACKGROUND_KEPT_MAX: usize = 32;
/// Background processes one person may have running.
pub const PROCESS_BACKGROUND_MAX: usize = 8;
/// Minutes a background process may run.
pub const PROCESS_BACKGROUND_MINUTES_MAX: u64 = 30;
/// Arguments of a process, unless its profile says another number.
pub const PROCESS_ARGUMENTS_MAX: usize = 1_024;
/// Bytes that one connection of a process may carry in each direction.
pub const PROCESS_CONNECTION_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Connections a process may have open at once; more wait.
pub const PROCESS_CONNECTIONS_MAX: usize = 16;
/// Bytes of a process's request to be connected.
pub const PROCESS_CONNECT_HEAD_BYTES_MAX: usize = 8 * 1024;
/// Seconds in which a process must have asked where its connection goes.
pub const PROCESS_CONNECT_SECONDS_MAX: u64 = 10;
/// Bytes of arguments of a process.
pub const PROCESS_ARGV_BYTES_MAX: usize = 128 * 1024;
/// Bytes of memory a process may map (`RLIMIT_AS`).
pub const PROCESS_MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of a file a process may write (`RLIMIT_FSIZE`).
pub const PROCESS_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Processes a sandboxed process group may add (`RLIMIT_NPROC`).
pub const PROCESS_COUNT_MAX: u64 = 256;
/// Open files of a process (`RLIMIT_NOFILE`).
pub const PROCESS_FILES_MAX: u64 = 256;

/// Bytes of one WebSocket frame.
pub const WS_FRAME_BYTES_MAX: usize = 256 * 1024;
/// Seconds a connection has to authenticate.
pub const WS_AUTH_SECONDS_MAX: u64 = 5;
/// Connections of one user.
pub const WS_CONNECTIONS_PER_USER_MAX: usize = 20;
/// Connections of one address that have not authenticated.
pub const WS_UNAUTHENTICATED_PER_ADDRESS_MAX: usize = 20;
/// Events a slow connection may be behind before some are dropped, and it is told.
pub const WS_QUEUE_MAX: usize = 1_024;
/// Subscription patterns of one connection.
pub const WS_PATTERNS_MAX: usize = 50;
/// Seconds a web page or a phone may be silent before its connection is closed.
pub const WS_IDLE_SECONDS_MAX: i64 = 30 * 60;
/// The same for an editor.
pub const WS_IDLE_ACP_SECONDS_MAX: i64 = 60 * 60;
/// The same for another agent.
pub const WS_IDLE_AGENT_SECONDS_MAX: i64 = 5 * 60;
/// Resources one connection may narrow its subscription to.
pub const WS_RESOURCES_MAX: usize = 50;
/// `chat.send` frames of one connection within a minute.
pub const WS_CHATS_PER_MINUTE_MAX: usize = 30;
/// `command` frames of one connection within a minute.
pub const WS_COMMANDS_PER_MINUTE_MAX: usize = 60;
/// `subscribe` frames of one connection within a minute.
pub const WS_SUBSCRIBES_PER_MINUTE_MAX: usize = 30;
/// `replay` frames of one connection within a minute.
pub const WS_REPLAYS_PER_MINUTE_MAX: usize = 30;
/// Events of one session that are kept for a client that comes back; the pieces of an answer that follow each other are one.
pub const REPLAY_EVENTS_MAX: usize = 200;
/// Sessions whose events are kept; the one that was used the longest ago goes.
pub const REPLAY_SESSIONS_MAX: usize = 500;
/// Bytes of the kept events of one session; the newest event stays whatever its size.
pub const REPLAY_SESSION_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the kept events of all sessions.
pub const REPLAY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes an answer's pieces may have together and still be one event.
pub const REPLAY_MERGED_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an HTTP request body.
pub const HTTP_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Seconds requests and sockets have to finish when the host goes away.
pub const HTTP_DRAIN_SECONDS_MAX: u64 = 10;
/// Seconds one frame may take to reach a client before the connection is given up.
pub const WS_SEND_SECONDS_MAX: u64 = 30;
/// Days the token of a sign-in with a password works.
pub const LOGIN_TOKEN_DAYS: i64 = 30;
/// Characters of a session's title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Characters of the name of a token or model.
pub const NAME_CHARS_MAX: usize = 100;
/// Rows one page returns.
pub const PAGE_ROWS_MAX: u32 = 200;
/// Rows one page returns when nothing is asked for.
pub const PAGE_ROWS_DEFAULT: u32 = 50;
/// Bytes of one secret in the vault.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a secret that a person adds for their tools: a shorter one would be found in ordinary text and blacked out there.
pub const SECRET_BYTES_MIN: usize = 8;
/// Secrets of one person.
pub const SECRETS_PER_USER_MAX: usize = 200;
/// Bytes of all secrets of one person as they are stored. Every result is searched for every one of them.
pub const SECRETS_BYTES_PER_USER_MAX: usize = 256 * 1024;
/// Bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Names and addresses whose failed sign-ins are remembered at once.
pub const LOGIN_MEMORY_MAX: usize = 10_000;
/// Days after which a browser must sign in again.
pub const SIGN_IN_DAYS: i64 = 30;
/// Days without a request after which a browser must sign in again.
pub const SIGN_IN_IDLE_DAYS: i64 = 7;
/// Browsers one person is signed in with; the one unused for longest makes room.
pub const SIGN_INS_PER_USER_MAX: usize = 50;
/// Characters of what a browser says it is; the rest is cut.
pub const USER_AGENT_CHARS_MAX: usize = 300;
/// The fewest characters of a new password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Seconds in which a ticket opens a WebSocket.
pub const WS_TICKET_SECONDS: i64 = 60;
/// Tickets that wait at once; whoever wants one more waits for a minute.
pub const WS_TICKETS_MAX: usize = 10_000;
/// The same of one person.
pub const WS_TICKETS_PER_USER_MAX: usize = 40;
/// Failed sign-ins of one name and address in [`LOGIN_WINDOW_SECONDS`] before it is locked out.
pub const LOGIN_FAILURES_MAX: u32 = 10;
/// The window of [`LOGIN_FAILURES_MAX`].
pub const LOGIN_WINDOW_SECONDS: u64 = 15 * 60;

/// Bytes of one text of an audit row: a name, a reason.
pub const AUDIT_TEXT_BYTES_MAX: usize = 1_024;
/// Audit rows that wait to be written; what comes then stands in the log only.
pub const AUDIT_QUEUE_MAX: usize = 1_024;

/// Seconds a signature's timestamp may be in the past.
pub const SIGNATURE_SECONDS_MAX: i64 = 5 * 60;
/// Seconds it may be in the future. So long its use waits: what was used before a start is then older than the start.
pub const SIGNATURE_AHEAD_SECONDS_MAX: i64 = 5;
/// Signatures of one person that are remembered at once, which is as often as their keys can sign in within that time.
pub const SIGNATURES_PER_PERSON_MAX: usize = 256;
/// Signatures of all people that are remembered at once.
pub const SIGNATURES_MAX: usize = 16_384;

/// Facts that a person can tell every conversation.
pub const PERSONA_FACTS_MAX: usize = 30;
/// Characters of one of them, and of the tone.
pub const PERSONA_TEXT_CHARS_MAX: usize = 200;

/// Seconds to connect to a model provider.
pub const MODEL_CONNECT_SECONDS_MAX: u64 = 10;
/// Seconds a model may be silent in the middle of an answer.
pub const MODEL_SILENCE_SECONDS_MAX: u64 = 120;
/// Seconds one model call may take, its retries included.
pub const MODEL_SECONDS_MAX: u64 = 10 * 60;
/// Attempts at one model call, the first included.
pub const MODEL_ATTEMPTS_MAX: usize = 4;
/// Bytes of one model answer.
pub const MODEL_ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Texts a provider is asked to embed at once; Gemini takes no more.
pub const EMBED_BATCH_MAX: usize = 100;
/// Bytes of a provider's answer to that.
pub const EMBED_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one outgoing request: address, headers and body together.
pub const EGRESS_REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of the headers of an answer.
pub const EGRESS_HEADER_BYTES_MAX: usize = 64 * 1024;
/// Headers of an answer.
pub const EGRESS_HEADERS_MAX: usize = 128;
/// Bytes of an answer's body as they come from the network.
pub const EGRESS_WIRE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Bytes of an answer's body after it was decompressed.
pub const EGRESS_BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many times larger than on the network a body may be, once it has [`EGRESS_RATIO_FREE_BYTES`].
pub const EGRESS_RATIO_MAX: u64 = 200;
/// Decompressed bytes up to which their ratio is not looked at.
pub const EGRESS_RATIO_FREE_BYTES: u64 = 1024 * 1024;
/// Bytes of a body that one read returns.
pub const EGRESS_CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Bytes of answers to requests with a secret that a call has not read: each is read whole and searched for its secret.
pub const EGRESS_SECRET_ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Seconds from the look-up of a name to the end of the TLS handshake.
pub const EGRESS_CONNECT_SECONDS_MAX: u64 = 10;
/// Seconds one request may take, redirects and body included.
pub const EGRESS_SECONDS_MAX: u64 = 5 * 60;
/// Redirects that one request follows.
pub const EGRESS_REDIRECTS_MAX: usize = 10;
/// Addresses of one name that are tried.
pub const EGRESS_ADDRESSES_MAX: usize = 16;
/// Hosts whose connections are kept for the next request.
pub const EGRESS_POOLS_MAX: usize = 128;
/// Idle connections kept to one host.
pub const EGRESS_IDLE_MAX: usize = 4;
/// Seconds an idle connection is kept.
pub const EGRESS_IDLE_SECONDS_MAX: u64 = 30;
/// Names that are looked up at once.
pub const EGRESS_LOOKUPS_MAX: usize = 64;

/// Bytes of one permission rule.
pub const RULE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a shell line that the permission engine reads; longer lines are refused.
pub const SHELL_LINE_BYTES_MAX: usize = 16 * 1024;
/// Openings (brackets, substitutions, `if`, `for` …) of one shell line; lines with more cannot be read and are asked about.
pub const SHELL_OPENINGS_MAX: usize = 24;
/// Shell lines inside shell lines (`sh -c`, `$(…)`) that are followed.
pub const SHELL_DEPTH_MAX: usize = 8;
/// Simple commands of one shell line.
pub const SHELL_COMMANDS_MAX: usize = 256;

/// Hours after which a request with a known `Idempotency-Key` is a new one.
pub const IDEMPOTENCY_HOURS: i64 = 24;
/// Minutes after which a request that was never answered is believed to have gone down with its host.
pub const IDEMPOTENCY_RUNNING_MINUTES_MAX: i64 = 15;
/// Keys of one person that are remembered, the newest of them.
pub const IDEMPOTENCY_KEYS_PER_USER_MAX: i64 = 1_000;
/// Bytes of such a key.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Bytes of an answer that is remembered.
pub const IDEMPOTENCY_ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Words one search looks for; the rest is left out.
pub const SEARCH_WORDS_MAX: usize = 16;
/// Bytes of what is searched for.
pub const SEARCH_BYTES_MAX: usize = 400;
/// Different words of one message that can be found.
pub const SEARCH_INDEXED_WORDS_MAX: usize = 5_000;
/// Rows one query of the store returns.
pub const STORE_ROWS_MAX: u32 = 10_000;
/// Bytes of one stored message, as JSON.
pub const MESSAGE_STORED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Standing permission rules of one person. Every one of them counts in a decision, so they are bounded when they are added.
pub const RULES_PER_USER_MAX: usize = 1_000;

/// Notifications of one person that are kept, the newest of them.
pub const NOTIFICATIONS_PER_USER_MAX: i64 = 500;
/// Bytes of the line of a notification.
pub const NOTIFICATION_TITLE_BYTES_MAX: usize = 200;
/// Bytes of what stands below it.
pub const NOTIFICATION_BODY_BYTES_MAX: usize = 500;
/// Things that wait to be told to people; what comes then is not told.
pub const NOTIFICATIONS_QUEUE_MAX: usize = 256;
/// Seconds for which a connection that does not say what it shows counts as showing the session it last spoke in.
pub const WATCH_SECONDS_MAX: i64 = 15 * 60;
