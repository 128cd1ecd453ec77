//! Events are what they say: each type that clients are told of is made from a domain event, and some part of the host
//! publishes it.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::files;
use crate::step;

const DOMAIN: &str = "host/domain/src/event.rs";
const WIRE: &str = "host/api/src/event.rs";
/// Folders that speak of events and publish none.
const SILENT: &[&str] = &["host/domain/", "host/api/", "host/testkit/", "host/xtask/"];

/// What is wrong with the events.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let root = step::root();
    let mut host = String::new();
    for path in files::rust_files(&root)? {
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        if publishes(&shown) {
            host.push_str(without_tests(&read(&path)?));
        }
    }
    Ok(problems(&read(&root.join(DOMAIN))?, &read(&root.join(WIRE))?, &host))
}

fn problems(domain: &str, wire: &str, host: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let kinds = kinds(domain);
    for kind in kinds.iter().filter(|kind| !mentions(host, &format!("EventKind::{kind}"))) {
        problems.push(format!("{DOMAIN}: nothing publishes `EventKind::{kind}`: publish it, or take it away"));
    }
    let types = types(wire);
    let made = without_tests(wire);
    for (name, variant) in types.iter().filter(|(_, variant)| !mentions(made, &format!("Self::{variant}("))) {
        problems.push(format!("{WIRE}: no domain event becomes `{name}` (`{variant}`): make it, or take it away"));
    }
    if kinds.is_empty() || types.is_empty() {
        problems.push(format!("{DOMAIN} or {WIRE} is written in another way than this check reads"));
    }
    problems
}

/// The variants of `EventKind`.
fn kinds(domain: &str) -> Vec<&str> {
    let lines = domain.lines().skip_while(|line| !line.starts_with("pub enum EventKind"));
    let variants = lines.skip(1).take_while(|line| !line.starts_with('}')).filter_map(|line| line.strip_prefix("    "));
    variants.filter(|line| line.starts_with(char::is_uppercase)).map(word).collect()
}

/// The type and the variant of each line of the table of events.
fn types(wire: &str) -> Vec<(&str, &str)> {
    let lines = wire.lines().skip_while(|line| !line.starts_with("events! {")).skip(1);
    let rows = lines.take_while(|line| !line.starts_with('}'));
    rows.filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix('"')?.split_once("\", ")?;
        Some((name, word(rest)))
    })
    .collect()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

/// Whether the text has the word and not only a longer one that begins with it.
fn mentions(text: &str, what: &str) -> bool {
    let ends = |rest: &str| what.ends_with('(') || !rest.starts_with(|c: char| c.is_alphanumeric());
    text.match_indices(what).any(|(at, _)| ends(&text[at + what.len()..]))
}

fn publishes(shown: &str) -> bool {
    let is_test = shown.contains("/tests/") || shown.ends_with("/tests.rs") || shown.ends_with("_tests.rs");
    shown.starts_with("host/") && !is_test && !SILENT.iter().any(|folder| shown.starts_with(folder))
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN_TEXT: &str = "pub enum EventKind {\n    /// One.\n    Said { text: String },\n    SaidAloud(Box<u8>),\n}\n";
    const WIRE_TEXT: &str =
        "events! {\n    \"chat.said\", ChatSaid(Said), \"agents\", \"One.\";\n}\nfn f() { Self::ChatSaid(x) }\n";

    #[test]
    fn a_type_that_nothing_publishes_is_named() {
        let host = "publish(EventKind::SaidAloud(x)); publish(EventKind::Said { text });";
        assert_eq!(problems(DOMAIN_TEXT, WIRE_TEXT, host), Vec::<String>::new());
        let found = problems(DOMAIN_TEXT, WIRE_TEXT, "publish(EventKind::SaidAloud(x));");
        assert!(found.len() == 1 && found[0].contains("nothing publishes `EventKind::Said`"), "{found:?}");
        let unmade = WIRE_TEXT.replace("Self::ChatSaid(x)", "");
        assert!(problems(DOMAIN_TEXT, &unmade, host)[0].contains("no domain event becomes `chat.said`"));
        assert!(problems("", "", "")[0].contains("another way"));
    }

    #[test]
    fn tests_do_not_publish() {
        for shown in ["host/gateway/src/tests/a.rs", "host/api/src/event.rs", "host/agents/src/a_tests.rs", "sdk/rust/src/a.rs"] {
            assert!(!publishes(shown), "{shown}");
        }
        assert!(publishes("host/agents/src/publish.rs"));
    }

    #[test]
    fn every_event_of_the_catalogue_is_published() -> anyhow::Result<()> {
        assert_eq!(check()?, Vec::<String>::new());
        Ok(())
    }
}
