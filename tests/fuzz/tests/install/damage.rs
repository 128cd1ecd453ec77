//! Plugins that were damaged on their way.

use wasmparser::{Parser, Payload};

use crate::host::{Host, role};
use crate::tool;

/// How a file is damaged; which way and where is what a seed says.
fn damaged(plugin: &[u8], seed: u64) -> Vec<u8> {
    let mut numbers = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    let mut number = |below: usize| {
        let mut bytes = [0; 4];
        numbers.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % below
    };
    let mut bytes = plugin.to_vec();
    let sections = sections(plugin);
    match number(5) {
        0 => {
            for _ in 0..=number(4) {
                let at = number(bytes.len());
                bytes[at] ^= 1 << number(8);
            }
        }
        1 => bytes.truncate(number(plugin.len())),
        2 => {
            let twice = sections[number(sections.len())].clone();
            bytes.splice(twice.end..twice.end, plugin[twice].iter().copied());
        }
        3 => drop(bytes.drain(sections[number(sections.len())].clone())),
        _ => {
            let (from, to) = (number(plugin.len()), number(plugin.len()));
            let length = number(64).min(plugin.len() - from.max(to));
            bytes.copy_within(from..from + length, to);
        }
    }
    bytes
}

/// The sections at the top of a component, each with its number and length.
fn sections(plugin: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut start = 8;
    for payload in Parser::new(0).parse_all(plugin) {
        match payload.expect("a component") {
            Payload::Version { .. } => depth += 1,
            Payload::End(at) => {
                depth -= 1;
                if depth == 1 {
                    found.push(start..at);
                    start = at;
                }
            }
            payload if depth == 1 => {
                if let Some((_, range)) = payload.as_section().filter(|(id, _)| ![1, 4].contains(id)) {
                    found.push(start..range.end);
                    start = range.end;
                }
            }
            _ => {}
        }
    }
    assert_eq!(start, plugin.len(), "the sections are the whole file");
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_role_is_refused_or_answers() {
    let host = Host::start().await;
    host.is_well().await;
    let plugin = role();
    let (mut refused, mut installed) = (0, 0);
    for seed in 0..400 {
        match host.install(&format!("role {seed}"), damaged(&plugin, seed)).await {
            Err(_) => refused += 1,
            Ok(()) => {
                installed += 1;
                // Its text may be another one now, or out of its memory.
                let _answer = host.ask().await;
            }
        }
    }
    assert!(refused >= 100 && installed >= 10, "{refused} refused, {installed} installed");
    host.is_well().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_tool_is_refused_or_starts() {
    let host = Host::start().await;
    let plugin = tool();
    let mut refused = 0;
    for seed in 1_000..1_040 {
        refused += usize::from(host.install(&format!("tool {seed}"), damaged(&plugin, seed)).await.is_err());
    }
    assert!(refused >= 10, "{refused} refused");
    host.is_well().await;
    host.stop().await;
}
