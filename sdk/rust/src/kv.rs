//! The plugin's own memory between calls, per person. Needs `capabilities.kv`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::raw::bindings::octi::kv::store as raw;
use crate::{HostError, ToolError};

/// A stored value, read as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<T> {
    pub value: T,
    /// Grows with every write; 0 stands for an absent key.
    pub version: u64,
}

/// When a write goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Always.
    Any,
    /// Only while this version is stored; [`HostError::Conflict`] otherwise. 0 is an absent key.
    Version(u64),
}

/// The bytes of a key, with their version.
///
/// # Errors
/// [`HostError`] when the capability is not granted, or the key is too long.
pub fn get_bytes(key: &str) -> Result<Option<Item<Vec<u8>>>, HostError> {
    Ok(raw::get(key)?.map(|item| Item { value: item.value, version: item.version }))
}

/// Writes bytes; returns the new version.
///
/// # Errors
/// [`HostError::Conflict`] when another version is stored, [`HostError::Quota`] when the grant is used up.
pub fn set_bytes(key: &str, value: &[u8], expected: Expected) -> Result<u64, HostError> {
    let expected = match expected {
        Expected::Any => None,
        Expected::Version(version) => Some(version),
    };
    Ok(raw::set(key, value, expected)?)
}

/// The value of a key, read from JSON.
///
/// # Errors
/// [`ToolError::Internal`] when what is stored is not such a value; otherwise as [`get_bytes`].
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<Item<T>>, ToolError> {
    let Some(Item { value, version }) = get_bytes(key)? else { return Ok(None) };
    let value = serde_json::from_slice(&value)
        .map_err(|error| ToolError::Internal(format!("what is stored under `{key}` cannot be read: {error}")))?;
    Ok(Some(Item { value, version }))
}

/// Writes a value as JSON; returns the new version.
///
/// # Errors
/// [`HostError::Invalid`] when the value has no JSON form; otherwise as [`set_bytes`].
pub fn set<T: Serialize>(key: &str, value: &T, expected: Expected) -> Result<u64, HostError> {
    let bytes = serde_json::to_vec(value).map_err(|error| HostError::Invalid(format!("the value has no JSON form: {error}")))?;
    set_bytes(key, &bytes, expected)
}

/// Removes a key; an absent key is fine.
///
/// # Errors
/// [`HostError`] when the capability is not granted.
pub fn delete(key: &str) -> Result<(), HostError> {
    Ok(raw::delete(key)?)
}

/// At most `max` (1,000 at most) keys with the prefix, in order, after `start`.
///
/// # Errors
/// [`HostError`] when the capability is not granted.
pub fn keys(prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, HostError> {
    Ok(raw::keys(prefix, start, max)?)
}
