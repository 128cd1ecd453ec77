//! What is fuzzed: each module is a target, whose `run` takes any bytes and panics when a promise is broken.
//!
//! The programs in `targets/` feed them to libFuzzer (`cargo xtask fuzz`); a test runs them on every file of `corpus/`.
// The files it takes bring their own unit tests, which run in their crates: as a test of itself this one is empty.
#![cfg(not(test))]
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a panic is how a target says what it found")]

pub mod arguments;
pub mod cache_entry;
pub mod host_pattern;
pub mod manifest;
pub mod redact;
pub mod reflect;
pub mod registry;
pub mod rule;
pub mod shell_line;
pub mod statement;
pub mod url_policy;

/// Files of the host by their paths: those that decide, without the database, the network and the compiler beside them in their
/// crates. All of these would have to be built for the fuzzer once more, which takes ten times as long.
#[path = "../../../host/security/src"]
pub mod security {
    pub mod guard;
    pub mod permissions;
}

/// The part of the door that knows no network.
#[path = "../../../host/security/src/sandbox/egress"]
pub mod egress {
    mod address;
    mod error;
    mod host;
    mod vet;

    pub use error::EgressError;
    pub use host::{HostAllow, PrivateTargets};

    /// May a plugin that was granted these hosts connect there, where the operator opened nothing?
    ///
    /// # Errors
    /// Why not.
    pub fn vet(url: &url::Url, granted: &HostAllow) -> Result<(), EgressError> {
        vet::url(url, None, granted, &PrivateTargets::default()).map(drop)
    }
}

#[path = "../../../host/agents/src/tools"]
pub mod tools {
    pub mod bound;
    pub mod schema;
}

#[path = "../../../host/engine/src/cache"]
mod cache {
    pub(crate) mod entry;
}

/// Values of components' functions, with the engine's type for them as far as they are data.
#[path = "../../../host/engine/src/reflect"]
mod typed {
    pub(crate) mod convert;
    pub(crate) mod schema;
    pub(crate) mod shape;

    #[derive(Debug, Clone, PartialEq)]
    pub(crate) enum Val {
        Bool(bool),
        S8(i8),
        U8(u8),
        S16(i16),
        U16(u16),
        S32(i32),
        U32(u32),
        S64(i64),
        U64(u64),
        Float32(f32),
        Float64(f64),
        Char(char),
        String(String),
        List(Vec<Val>),
        Record(Vec<(String, Val)>),
        Tuple(Vec<Val>),
        Variant(String, Option<Box<Val>>),
        Enum(String),
        Option(Option<Box<Val>>),
        Result(Result<Option<Box<Val>>, Option<Box<Val>>>),
        Flags(Vec<String>),
    }
}

/// What a target is.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 11] = [
    ("arguments", arguments::run),
    ("cache_entry", cache_entry::run),
    ("host_pattern", host_pattern::run),
    ("manifest", manifest::run),
    ("redact", redact::run),
    ("reflect", reflect::run),
    ("registry", registry::run),
    ("rule", rule::run),
    ("shell_line", shell_line::run),
    ("statement", statement::run),
    ("url_policy", url_policy::run),
];

/// The text before the first line end, and the text behind it: for targets that take two texts.
fn two_texts(data: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(data).ok()?;
    Some(text.split_once('\n').unwrap_or((text, "")))
}
