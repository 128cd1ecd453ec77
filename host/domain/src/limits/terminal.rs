//! What `octi tui` holds.

use super::MESSAGE_BYTES_MAX;

/// Things of one conversation (messages, calls, notices) that the terminal chat shows; older ones stay on the server.
pub const TUI_ITEMS_MAX: usize = 2_000;
/// Lines that they take on its screen, at most; the oldest things are left out beyond that.
pub const TUI_LINES_MAX: usize = 20_000;
/// Lines of one of them; the rest is cut, and said to be.
pub const TUI_ITEM_LINES_MAX: usize = 4_000;
/// Bytes of one text that it shows.
pub const TUI_TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Stored messages that it loads when a conversation is opened, the newest.
pub const TUI_MESSAGES_LOADED_MAX: u32 = 1_000;
/// Turns of one conversation in its list of activity, the newest.
pub const TUI_AGENTS_MAX: usize = 200;
/// Events that it knows to be shown already.
pub const TUI_EVENTS_SEEN_MAX: usize = 4_096;
/// Questions that wait in it for an answer.
pub const TUI_QUESTIONS_MAX: usize = 100;
/// Texts that were sent and come back with Up.
pub const TUI_HISTORY_ENTRIES_MAX: usize = 500;
/// Bytes that one paste adds to the text being written.
pub const TUI_PASTE_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// Bytes of `keybindings.json`.
pub const TUI_KEYBINDINGS_BYTES_MAX: usize = 64 * 1024;
