//! Programs that people let in with OAuth.

/// Seconds in which a program must take the tokens that its code is for.
pub const OAUTH_CODE_SECONDS: i64 = 60;
/// Seconds an access token works.
pub const OAUTH_ACCESS_SECONDS: i64 = 60 * 60;
/// Days a program that does not come back is let in.
pub const OAUTH_REFRESH_DAYS: i64 = 30;
/// Programs of one person; beyond, the one that was used longest ago has to ask again.
pub const OAUTH_PROGRAMS_PER_USER_MAX: usize = 64;
/// Refresh tokens of a program that were used and are remembered, to notice when one is used again.
pub const OAUTH_USED_KEPT: u32 = 64;
/// Programs that registered themselves, from anywhere.
pub const OAUTH_CLIENTS_MAX: i64 = 1_000;
/// Those of one address that nobody let in yet; beyond, the oldest must register again.
pub const OAUTH_CLIENTS_PER_ADDRESS_MAX: i64 = 20;
/// Days after which a program that nobody let in is forgotten.
pub const OAUTH_CLIENT_UNUSED_DAYS: i64 = 7;
/// Days after which a program that was let in once is forgotten when it does not come back.
pub const OAUTH_CLIENT_IDLE_DAYS: i64 = 90;
/// Addresses to which one program may be sent back.
pub const OAUTH_REDIRECTS_MAX: usize = 10;
/// Bytes of such an address, and of a program's address of itself.
pub const OAUTH_ADDRESS_BYTES_MAX: usize = 2_000;
/// Bytes of what a program wants to have back with its answer.
pub const OAUTH_STATE_BYTES_MAX: usize = 2_000;
/// Bytes of what a program sends to register, to get tokens, or to give one back.
pub const OAUTH_BODY_BYTES_MAX: usize = 16 * 1024;
/// Bytes of what a program says of itself at its own address.
pub const OAUTH_DOCUMENT_BYTES_MAX: usize = 8 * 1024;
/// Seconds in which that must have been read.
pub const OAUTH_DOCUMENT_SECONDS_MAX: u64 = 5;
