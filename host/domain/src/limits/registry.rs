//! What a registry of plugins may send, and how long what it signs is believed.

/// Bytes of a publisher's statement about one version of a plugin.
pub const REGISTRY_STATEMENT_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a signature beside it.
pub const REGISTRY_SIGNATURE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a key in a file, with what stands around it.
pub const REGISTRY_KEY_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a plugin's bill of materials.
pub const REGISTRY_SBOM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Signatures in one envelope.
pub const REGISTRY_SIGNATURES_MAX: usize = 8;

/// Bytes of a signed index, with its envelope.
pub const REGISTRY_INDEX_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Plugins in an index.
pub const REGISTRY_PLUGINS_MAX: usize = 50_000;
/// Versions of one plugin in an index.
pub const REGISTRY_VERSIONS_MAX: usize = 1_000;
/// Kinds of one plugin in an index.
pub const REGISTRY_KINDS_MAX: usize = 16;
/// Bytes of a version, and of a contract's version.
pub const REGISTRY_VERSION_BYTES_MAX: usize = 64;
/// Bytes of one text in what a registry signs: a description, a reason.
pub const REGISTRY_TEXT_BYTES_MAX: usize = 1_000;
/// Days between an index's making and its expiry: a registry that is silenced for longer is noticed.
pub const REGISTRY_INDEX_DAYS_MAX: i64 = 30;

/// Bytes of a signed feed of revocations, with its envelope.
pub const REGISTRY_FEED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Revocations in a feed.
pub const REGISTRY_REVOCATIONS_MAX: usize = 50_000;
/// Days between a feed's making and its expiry.
pub const REGISTRY_FEED_DAYS_MAX: i64 = 7;

/// Seconds that what a registry signed may be from the future: the clocks of two machines are never the same.
pub const REGISTRY_CLOCK_SKEW_SECONDS_MAX: i64 = 5 * 60;

/// Bytes of a signed statement that one key follows another.
pub const REGISTRY_ROTATION_BYTES_MAX: usize = 4 * 1024;
/// Such statements that one package brings, one after the other.
pub const REGISTRY_ROTATIONS_MAX: usize = 16;
/// Publishers and registries in a trust store.
pub const REGISTRY_OWNERS_MAX: usize = 10_000;
/// Keys in a trust store that were revoked.
pub const REGISTRY_REVOKED_KEYS_MAX: usize = 2 * REGISTRY_REVOCATIONS_MAX;
/// Bytes of a trust store's file.
pub const REGISTRY_TRUST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of the file that says what was seen of a registry.
pub const REGISTRY_SEEN_BYTES_MAX: usize = 4 * 1024;

/// Bytes of an OCI manifest: what a package consists of.
pub const REGISTRY_MANIFEST_BYTES_MAX: usize = 64 * 1024;
/// Layers of a package.
pub const REGISTRY_LAYERS_MAX: usize = 32;
/// Bytes of the `index.json` of an OCI layout.
pub const REGISTRY_LAYOUT_INDEX_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Keys of one owner that another followed.
pub const REGISTRY_RETIRED_KEYS_MAX: usize = 64;

/// Bytes of where a registry is, as a person writes it.
pub const REGISTRY_LOCATION_BYTES_MAX: usize = 512;
/// Bytes of an answer that is no blob: a token, an error, a manifest.
pub const REGISTRY_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Seconds a registry may take to begin an answer, and between two pieces of one.
pub const REGISTRY_SILENCE_SECONDS_MAX: u64 = 30;
/// Bytes a second that a connection has to bring at least to what is pushed through it.
pub const REGISTRY_PUSH_BYTES_PER_SECOND_MIN: usize = 32 * 1024;
/// How often something is asked for when the registry does not answer, or is overloaded.
pub const REGISTRY_ATTEMPTS_MAX: usize = 3;
/// Connections through which one registry is spoken to at once.
pub const REGISTRY_CONNECTIONS_MAX: usize = 8;
/// Bytes of a file with the credentials of registries.
pub const REGISTRY_CREDENTIALS_BYTES_MAX: usize = 1024 * 1024;
