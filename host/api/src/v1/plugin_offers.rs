//! `/api/plugin-offers`: what a registry has, what it may do, and installing it when a person said yes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which plugin a person wants to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MakePluginOffer {
    /// `publisher/name`.
    pub plugin: String,
    /// The newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The name of a registry in `config.toml`; absent for the one it came from, or the only one that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// What a lock file says that it must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<LockedPlugin>,
}

/// One plugin of a lock file, which counts as a person's word: they looked at it where the file was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockedPlugin {
    pub version: String,
    /// Of the OCI manifest, `sha256:…`.
    pub package: String,
    /// Of the file, `sha256:…`.
    pub wasm: String,
    pub publisher_key: String,
}

/// What would be installed. Every text of its publisher was made harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginOffer {
    pub id: Uuid,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    pub plugin: String,
    pub version: String,
    pub registry: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The key that signed it.
    pub publisher_key: String,
    /// What that key is called for short.
    pub publisher_key_id: String,
    /// Nothing is known of the publisher: the answer has to name the key.
    pub is_new_publisher: bool,
    /// Why the key is trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<String>,
    /// What the answer has to name: the digest of all of it.
    pub package: String,
    /// Of the file.
    pub wasm: String,
    pub bytes: u64,
    pub signed_at: DateTime<Utc>,
    /// The version that runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Everything that it may do.
    pub rights: Vec<PluginRight>,
    /// What the version of now may do and this one does not ask for.
    pub given_up: Vec<String>,
    /// What a person should think about before they say yes.
    pub warnings: Vec<String>,
    /// It is not installed before a person looked.
    pub needs_review: bool,
    /// It has a role or a skill, whose texts can be asked for.
    #[serde(default)]
    pub has_texts: bool,
}

/// What an offered plugin tells models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginOfferText {
    /// Such as `prompt`.
    pub name: String,
    /// Data: it grants nothing. What cannot be seen is written as its number.
    pub text: String,
    /// The same of the version that runs, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// One thing that a plugin may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRight {
    pub text: String,
    /// Why, in the publisher's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It was not granted before.
    pub is_new: bool,
}

/// A person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptPluginOffer {
    /// The `package` of the offer.
    pub package: String,
    /// Whether a person looked at what it may do; without it, only what needs no review is installed.
    #[serde(default)]
    pub reviewed: bool,
    /// The publisher's key, when nothing is known of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher_key: Option<String>,
}

/// A registry of `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRegistry {
    pub name: String,
    pub location: String,
    /// When it last said what is revoked, in this run of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<DateTime<Utc>>,
    /// Until when that is believed to be all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_until: Option<DateTime<Utc>>,
    /// Why it was not believed when it was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A plugin that a registry has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailablePlugin {
    pub plugin: String,
    pub registry: String,
    /// The newest that one would install unasked.
    pub version: String,
    /// The newest versions, the newest first.
    #[serde(default)]
    pub versions: Vec<AvailableVersion>,
    pub description: String,
    /// Such as `tool`.
    pub kinds: Vec<String>,
    /// The version that runs now, when it came from this registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
}

/// A version that a registry has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableVersion {
    pub version: String,
    /// Why its publisher took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
}

/// Which plugins of registries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AvailableQuery {
    /// A registry of `config.toml`; all of them when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// In the id or the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only what is newer than what runs.
    pub outdated: bool,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows of the page, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Why the key of a publisher is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublisherTrust {
    /// A person named this very key.
    Pinned,
    /// It was the first that was met, and a person said yes.
    FirstUse,
    /// The key before it named it.
    Rotated,
}

/// A publisher whose key is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginPublisher {
    pub name: String,
    pub key: String,
    pub key_id: String,
    pub trust: PublisherTrust,
    pub since: DateTime<Utc>,
    /// Where the key came from.
    pub from: String,
}

/// The key that a person trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinPublisher {
    /// `ed25519:…`, or a key of minisign.
    pub key: String,
}

/// The lock file of this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginLock {
    /// As `plugins.lock` has it.
    pub text: String,
}
