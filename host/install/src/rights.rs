//! What a plugin may do, as a person grants it: one thing after the other, so that two versions can be compared.

use std::collections::BTreeSet;

use octi_extension::capability::{Access, HttpRequest};
use octi_extension::host::HostPattern;
use octi_extension::manifest::{Effect, Limits, Manifest, Permission, RoleEntry, SubjectKind, ToolEntry};
use serde::{Deserialize, Serialize};

use crate::text::harmless;

/// One thing that a plugin may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum Right {
    Fs {
        root: String,
        access: Access,
    },
    Shell {
        profile: String,
    },
    Kv {
        bytes_max: u64,
    },
    Vault {
        secret: String,
        host: String,
        header: String,
    },
    Http {
        host: String,
        method: String,
    },
    Endpoint {
        name: String,
        method: String,
    },
    /// Files beside the JSON of a result.
    Artifacts {
        bytes_max: u64,
    },
    /// Questions to the person whose call it is.
    Ask,
    /// Answers of the person's model.
    Llm {
        topic: String,
        tokens_per_call_max: u64,
    },
    /// A tool is called by a model, with this permission unless a person says otherwise.
    Tool {
        name: String,
        permission: Permission,
        effects: BTreeSet<Effect>,
        subject: Option<String>,
        subject_kind: SubjectKind,
    },
    Role {
        name: String,
        tools: BTreeSet<String>,
        read_only: bool,
    },
    Limit {
        of: Measure,
        max: u64,
    },
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    MemoryMb,
    TimeMs,
    CpuMs,
    OutputBytes,
    Concurrency,
}

/// A right, and why the publisher says it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) right: Right,
    pub(crate) reason: Option<String>,
}

/// Everything that a manifest asks for, in the order in which a person reads it.
pub(crate) fn wishes(manifest: &Manifest) -> Vec<Wish> {
    let capabilities = &manifest.capabilities;
    let for_reason = |right, reason: &str| Wish { right, reason: Some(reason.to_owned()) };
    let plain = |right| Wish { right, reason: None };
    let fs = capabilities
        .fs
        .iter()
        .map(|asked| for_reason(Right::Fs { root: asked.root.clone(), access: asked.access }, &asked.reason));
    let shell = capabilities.shell.iter().map(|asked| for_reason(Right::Shell { profile: asked.profile.clone() }, &asked.reason));
    let kv = capabilities.kv.iter().map(|asked| plain(Right::Kv { bytes_max: asked.bytes_max }));
    let vault = capabilities.vault.iter().map(|asked| {
        let host = asked.host.strip_suffix(":443").unwrap_or(&asked.host).to_owned();
        let right = Right::Vault { secret: asked.secret.clone(), host, header: asked.header.to_ascii_lowercase() };
        for_reason(right, &asked.reason)
    });
    let http = capabilities.http.iter().flat_map(requests);
    let artifacts =
        capabilities.artifacts.iter().map(|asked| for_reason(Right::Artifacts { bytes_max: asked.bytes_max }, &asked.reason));
    let ask = capabilities.ask.iter().map(|asked| for_reason(Right::Ask, &asked.reason));
    let llm = capabilities.llm.iter().map(|asked| {
        let right = Right::Llm { topic: asked.topic.clone(), tokens_per_call_max: asked.tokens_per_call_max };
        for_reason(right, &asked.reason)
    });
    let tools = manifest.tools.iter().map(|(name, entry)| plain(tool(name, entry)));
    let role = manifest.role.iter().map(|entry| plain(role(entry)));
    let limits = limits(manifest.limits.capped()).into_iter().map(plain);
    fs.chain(shell)
        .chain(kv)
        .chain(vault)
        .chain(http)
        .chain(artifacts)
        .chain(ask)
        .chain(llm)
        .chain(tools)
        .chain(role)
        .chain(limits)
        .collect()
}

fn requests(asked: &HttpRequest) -> Vec<Wish> {
    let right = |method: &String| {
        let method = method.clone();
        match (&asked.host, &asked.endpoint) {
            (Some(host), _) => {
                let host = HostPattern::parse(host).map_or_else(|_| host.clone(), |pattern| pattern.to_string());
                Right::Http { host, method }
            }
            (None, name) => Right::Endpoint { name: name.clone().unwrap_or_default(), method },
        }
    };
    asked.methods.iter().map(|method| Wish { right: right(method), reason: Some(asked.reason.clone()) }).collect()
}

fn tool(name: &str, entry: &ToolEntry) -> Right {
    Right::Tool {
        name: name.to_owned(),
        permission: entry.permission,
        effects: entry.effects.iter().copied().collect(),
        subject: entry.subject.clone(),
        subject_kind: entry.subject_kind,
    }
}

fn role(entry: &RoleEntry) -> Right {
    Right::Role { name: entry.name.clone(), tools: entry.tools.iter().cloned().collect(), read_only: entry.read_only }
}

fn limits(limits: Limits) -> [Right; 5] {
    [
        (Measure::MemoryMb, u64::from(limits.memory_mb)),
        (Measure::TimeMs, limits.time_ms),
        (Measure::CpuMs, limits.cpu_ms),
        (Measure::OutputBytes, limits.output_bytes),
        (Measure::Concurrency, u64::from(limits.concurrency)),
    ]
    .map(|(of, max)| Right::Limit { of, max })
}

impl Right {
    /// Whether who has this has the other one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fs { root, access }, Self::Fs { root: other, access: wanted }) => root == other && access >= wanted,
            (Self::Kv { bytes_max }, Self::Kv { bytes_max: wanted })
            | (Self::Artifacts { bytes_max }, Self::Artifacts { bytes_max: wanted }) => bytes_max >= wanted,
            (Self::Llm { topic, tokens_per_call_max }, Self::Llm { topic: other, tokens_per_call_max: wanted }) => {
                topic == other && tokens_per_call_max >= wanted
            }
            (Self::Http { host, method }, Self::Http { host: other, method: wanted }) => {
                let has_host = match (HostPattern::parse(host), HostPattern::parse(other)) {
                    (Ok(mine), Ok(theirs)) => mine.covers(&theirs),
                    _ => host == other,
                };
                has_host && has_method(method, wanted)
            }
            (Self::Endpoint { name, method }, Self::Endpoint { name: other, method: wanted }) => {
                name == other && has_method(method, wanted)
            }
            // Rules of a person are about the effects and the subject that they saw, so other ones are others, also fewer.
            (
                Self::Tool { name, permission, effects, subject, subject_kind },
                Self::Tool { name: other, permission: wanted, effects: theirs, subject: about, subject_kind: read },
            ) => {
                let is_same = name == other && effects == theirs && subject == about && subject_kind == read;
                is_same && freedom(*permission) >= freedom(*wanted)
            }
            (Self::Role { name, tools, read_only }, Self::Role { name: other, tools: wanted, read_only: reads }) => {
                let has_tools = tools.contains("*") || wanted.is_subset(tools);
                name == other && has_tools && (*reads || !read_only)
            }
            (Self::Limit { of, max }, Self::Limit { of: other, max: wanted }) => of == other && max >= wanted,
            (Self::Shell { .. } | Self::Vault { .. } | Self::Ask, _) => self == other,
            _ => false,
        }
    }

    /// The right as a person reads it.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Fs { root, access: Access::Read } => format!("files: read {}", harmless(root)),
            Self::Fs { root, access: Access::Write } => format!("files: read and write {}", harmless(root)),
            Self::Shell { profile } => format!("programs: run profile {}", harmless(profile)),
            Self::Kv { bytes_max } => format!("memory: keep up to {} per person", bytes(*bytes_max)),
            Self::Vault { secret, host, header } => format!("secret: send {secret} to {host} in the header {header}"),
            Self::Http { host, method } if host == "*" => format!("network: {method} any public web site"),
            Self::Http { host, method } => format!("network: {method} {}", harmless(host)),
            Self::Endpoint { name, method } => format!("network: {method} the operator's `{}`", harmless(name)),
            Self::Llm { topic, tokens_per_call_max } => {
                format!(
                    "model: let yours write for `{}`, up to {tokens_per_call_max} tokens a call, which you pay",
                    harmless(topic)
                )
            }
            Self::Ask => "questions: ask you for something during a call".to_owned(),
            Self::Artifacts { bytes_max } => format!("files: give up to {} with a result", bytes(*bytes_max)),
            Self::Tool { name, permission, effects, subject, .. } => {
                let word = match permission {
                    Permission::Allow => "runs without asking",
                    Permission::Ask => "asks first",
                    Permission::Deny => "off until a person allows it",
                };
                let effects: Vec<&str> = effects.iter().map(|effect| word_of(*effect)).collect();
                let effects = if effects.is_empty() { "no effect".to_owned() } else { effects.join(", ") };
                let subject = subject.as_deref().map(|subject| format!(", rules match on {}", harmless(subject)));
                format!("tool: {name} ({effects}; {word}{})", subject.unwrap_or_default())
            }
            Self::Role { name, tools, read_only } => {
                let tools: Vec<String> = tools.iter().map(|tool| harmless(tool)).collect();
                let reads = if *read_only { ", reading only" } else { "" };
                format!("role: {} with the tools {}{reads}", harmless(name), tools.join(", "))
            }
            Self::Limit { of, max } => match of {
                Measure::MemoryMb => format!("limit: {max} MiB of memory"),
                Measure::TimeMs => format!("limit: {} a call", time(*max)),
                Measure::CpuMs => format!("limit: {} of computing a call", time(*max)),
                Measure::OutputBytes => format!("limit: {} returned a call", bytes(*max)),
                Measure::Concurrency => format!("limit: {max} calls at once"),
            },
        }
    }
}

/// In the largest unit that says it exactly: two limits that differ must not read the same.
fn bytes(count: u64) -> String {
    match count {
        count if count >= 1 << 20 && count.is_multiple_of(1 << 20) => format!("{} MiB", count >> 20),
        count if count >= 1 << 10 && count.is_multiple_of(1 << 10) => format!("{} KiB", count >> 10),
        count => format!("{count} bytes"),
    }
}

/// In the largest unit that says it exactly.
fn time(ms: u64) -> String {
    if ms >= 1_000 && ms.is_multiple_of(1_000) { format!("{} s", ms / 1_000) } else { format!("{ms} ms") }
}

fn has_method(granted: &str, wanted: &str) -> bool {
    granted == wanted || (granted == "GET" && wanted == "HEAD")
}

const fn freedom(permission: Permission) -> u8 {
    match permission {
        Permission::Deny => 0,
        Permission::Ask => 1,
        Permission::Allow => 2,
    }
}

const fn word_of(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "writes",
        Effect::Network => "network",
        Effect::Secret => "secrets",
        Effect::Process => "programs",
        Effect::Money => "money",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(extra: &str) -> Vec<Right> {
        let text = format!("id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n{extra}");
        wishes(&Manifest::from_toml(&text).unwrap()).into_iter().map(|wish| wish.right).collect()
    }

    /// What the second asks for and the first does not have.
    fn more(before: &str, after: &str) -> Vec<String> {
        let granted = rights(before);
        let wanted = rights(after);
        wanted.iter().filter(|wanted| !granted.iter().any(|had| had.covers(wanted))).map(Right::line).collect()
    }

    #[test]
    fn everything_that_widens_is_named_and_nothing_that_narrows() {
        for (narrow, wide, named) in [
            (
                "[capabilities]\nfs = [{root = 'workspace', access = 'read', reason = 'x'}]",
                "[capabilities]\nfs = [{root = 'workspace', access = 'write', reason = 'x'}]",
                "files: read and write workspace",
            ),
            (
                "[capabilities]\nkv = {bytes_max = 1}",
                "[capabilities]\nkv = {bytes_max = 2}",
                "memory: keep up to 2 bytes per person",
            ),
            (
                "[capabilities]\nhttp = [{host = 'a.example.com', methods = ['GET'], reason = 'x'}]",
                "[capabilities]\nhttp = [{host = '*.example.com', methods = ['GET'], reason = 'x'}]",
                "network: GET *.example.com:443",
            ),
            (
                "[capabilities]\nhttp = [{host = 'a.example.com', methods = ['GET'], reason = 'x'}]",
                "[capabilities]\nhttp = [{host = 'a.example.com', methods = ['GET', 'POST'], reason = 'x'}]",
                "network: POST a.example.com:443",
            ),
            (
                "",
                "[capabilities]\nvault = [{secret = 'key', host = 'a.example', header = 'X-Key', reason = 'x'}]",
                "secret: send key to a.example in the header x-key",
            ),
            ("", "[capabilities]\nshell = [{profile = 'git', reason = 'x'}]", "programs: run profile git"),
            (
                "[capabilities]\nartifacts = {bytes_max = 1, reason = 'x'}",
                "[capabilities]\nartifacts = {bytes_max = 2, reason = 'x'}",
                "files: give up to 2 bytes with a result",
            ),
            ("", "[capabilities]\nask = {reason = 'x'}", "questions: ask you for something during a call"),
            (
                "[capabilities]\nllm = [{topic = 'a', tokens_per_call_max = 1, reason = 'x'}]",
                "[capabilities]\nllm = [{topic = 'a', tokens_per_call_max = 2, reason = 'x'}]",
                "model: let yours write for `a`, up to 2 tokens a call, which you pay",
            ),
            ("[tools.a]\npermission = 'ask'", "[tools.a]\npermission = 'allow'", "tool: a (no effect; runs without asking)"),
            ("", "[tools.b]\neffects = ['money']", "tool: b (money; asks first)"),
            ("[limits]\nmemory_mb = 10", "[limits]\nmemory_mb = 64", "limit: 64 MiB of memory"),
            ("[limits]\ntime_ms = 1000", "[limits]\ntime_ms = 1500", "limit: 1500 ms a call"),
            ("[limits]\ntime_ms = 1500", "[limits]\ntime_ms = 20000", "limit: 20 s a call"),
            ("[limits]\noutput_bytes = 1000", "[limits]\noutput_bytes = 65536", "limit: 64 KiB returned a call"),
            (
                "[role]\nname = 'r'\npurpose = 'p'\ntools = ['a']\nread_only = true",
                "[role]\nname = 'r'\npurpose = 'p'\ntools = ['a']",
                "role: r with the tools a",
            ),
        ] {
            assert_eq!(more(narrow, wide), [named], "{wide}");
            assert_eq!(more(wide, narrow), Vec::<String>::new(), "{narrow}");
            assert_eq!(more(wide, wide), Vec::<String>::new(), "{wide}");
        }
    }

    #[test]
    fn a_tool_that_says_it_does_less_is_another_tool_too() {
        let (before, after) = ("[tools.a]\neffects = ['read', 'write']", "[tools.a]\neffects = ['read']");
        assert_eq!(more(before, after), ["tool: a (reads; asks first)"]);
        assert_eq!(more("[tools.a]\nsubject = 'path'", "[tools.a]\nsubject = 'note'").len(), 1);
    }

    #[test]
    fn a_right_is_the_same_after_it_was_stored() {
        for right in rights(
            "[capabilities]\nkv = {bytes_max = 1}\n[tools.a]\neffects = ['read']\nsubject = 'path'\n[role]\nname = 'r'\npurpose = 'p'\ntools = ['*']",
        ) {
            let stored = serde_json::to_string(&right).unwrap();
            assert_eq!(serde_json::from_str::<Right>(&stored).unwrap(), right, "{stored}");
        }
    }
}
