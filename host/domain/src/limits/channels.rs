//! What goes through one channel.

/// Messages that one poll or webhook brings.
pub const CHANNEL_MESSAGES_MAX: usize = 100;
/// Bytes of an id that a channel gives: of a message, a conversation, a sender.
pub const CHANNEL_ID_BYTES_MAX: usize = 256;
/// Bytes of the cursor of a channel.
pub const CHANNEL_CURSOR_BYTES_MAX: usize = 4 * 1024;
/// Bytes of what a channel keeps with a message.
pub const CHANNEL_EXTRAS_BYTES_MAX: usize = 16 * 1024;
/// Bytes of the body of a webhook, and of what it is answered.
pub const CHANNEL_WEBHOOK_BYTES_MAX: usize = 64 * 1024;
/// Milliseconds of one poll, webhook or attempt to send.
pub const CHANNEL_CALL_MS_MAX: u64 = 60_000;
/// The shortest time between two polls, in milliseconds.
pub const CHANNEL_POLL_MS_MIN: u64 = 500;
/// The longest.
pub const CHANNEL_POLL_MS_MAX: u64 = 3_600_000;
/// The least that a channel must take in one message, in characters.
pub const CHANNEL_TEXT_CHARS_MIN: u32 = 100;
/// Characters of one message to a channel whose manifest says nothing.
pub const CHANNEL_TEXT_CHARS_DEFAULT: u32 = 4_096;
