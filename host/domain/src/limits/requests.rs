//! How often clients may ask, and how much of where they come from is believed.

/// Reverse proxies, or networks of them, that an administrator may trust.
pub const TRUSTED_PROXIES_MAX: usize = 64;
/// Entries of `X-Forwarded-For` that are looked at, from the nearest proxy on.
pub const FORWARDED_HOPS_MAX: usize = 16;
