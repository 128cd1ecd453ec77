//! What a plugin asks for, each with the reason shown to the person who grants it.

use octi_domain::limits;
use serde::{Deserialize, Serialize};

/// The capabilities of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<FsRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<ShellRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<KvRequest>,
}

/// How far a plugin may reach into a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Read,
    Write,
}

/// Files under a named root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FsRequest {
    /// `workspace` is the only root so far.
    pub root: String,
    /// `write` includes reading.
    pub access: Access,
    pub reason: String,
}

/// Programs of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellRequest {
    /// A profile the operator set up; `workspace-shell` is built in.
    pub profile: String,
    pub reason: String,
}

/// The plugin's own memory between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvRequest {
    /// Bytes of all keys and values of one person.
    pub bytes_max: u64,
}

/// The `octi:*` packages that need a grant, with the manifest key that asks for each.
pub const GATED_PACKAGES: [(&str, &str); 3] = [("octi:fs", "fs"), ("octi:shell", "shell"), ("octi:kv", "kv")];

impl Capabilities {
    /// Whether the manifest asks for the capability of that key (`fs`, `shell`, `kv`).
    #[must_use]
    pub fn asks_for(&self, key: &str) -> bool {
        match key {
            "fs" => !self.fs.is_empty(),
            "shell" => !self.shell.is_empty(),
            "kv" => self.kv.is_some(),
            _ => false,
        }
    }

    /// One line per capability, for the person who grants it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let fs = self.fs.iter().map(|r| {
            let access = if r.access == Access::Write { "read and write" } else { "read" };
            format!("fs: {access} {} ({})", r.root, r.reason)
        });
        let shell = self.shell.iter().map(|r| format!("shell: run profile {} ({})", r.profile, r.reason));
        let kv = self.kv.iter().map(|r| format!("kv: keep up to {} bytes per person", r.bytes_max));
        fs.chain(shell).chain(kv).collect()
    }

    pub(crate) fn check(&self) -> Result<(), (String, String)> {
        for (index, request) in self.fs.iter().enumerate() {
            if request.root != "workspace" {
                return Err((
                    format!("fs[{index}].root"),
                    format!("`{}` is not a root; the only one is `workspace`", request.root),
                ));
            }
            require_reason(&format!("fs[{index}]"), &request.reason)?;
        }
        for (index, request) in self.shell.iter().enumerate() {
            require_reason(&format!("shell[{index}]"), &request.reason)?;
        }
        match self.kv {
            Some(kv) if kv.bytes_max == 0 || kv.bytes_max > 64 * limits::KV_VALUE_BYTES_MAX as u64 => {
                Err(("kv.bytes_max".to_owned(), format!("must be between 1 and {}", 64 * limits::KV_VALUE_BYTES_MAX)))
            }
            _ => Ok(()),
        }
    }
}

fn require_reason(field: &str, reason: &str) -> Result<(), (String, String)> {
    if reason.trim().is_empty() {
        return Err((format!("{field}.reason"), "say why, for the person who grants it".to_owned()));
    }
    Ok(())
}
