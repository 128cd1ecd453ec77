//! The index: what is in it, and every reason not to believe one.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::fixture::{flipped, freshness, index, key, morning, name, plugins, sealed_index, version};

fn sealed(plugins: &Plugins) -> Result<Vec<u8>, IndexError> {
    Index::seal(freshness(1), plugins, &key(1))
}

fn refusal(plugins: &Plugins) -> String {
    sealed(plugins).unwrap_err().to_string()
}

/// Signs whatever it is, as a registry would that does not check.
fn careless(payload: &str) -> IndexError {
    let envelope = envelope::seal(Document::Index, payload.as_bytes(), &key(1));
    Index::verify(&envelope, &[key(1).public()], morning(1)).unwrap_err()
}

#[test]
fn the_newest_version_is_neither_yanked_nor_before_its_release() {
    let index = index(1, &["acme/weather"]);
    assert_eq!(index.newest(&name("acme/weather")).map(|(version, _)| version.to_string()).as_deref(), Some("1.10.0"));
    assert!(index.release(&name("acme/weather"), &version("2.0.0-rc.1")).is_some(), "who asks for it gets it");
    assert_eq!(index.newest(&name("acme/other")), None);

    let mut plugins = plugins(&["acme/weather"]);
    let release = plugins.get_mut(&name("acme/weather")).and_then(|entry| entry.versions.get_mut(&version("1.10.0")));
    release.unwrap().yanked = Some("it forgets the wind".to_owned());
    let index = Index::verify(&sealed(&plugins).unwrap(), &[key(1).public()], morning(1)).unwrap();
    assert_eq!(index.newest(&name("acme/weather")).map(|(version, _)| version.to_string()).as_deref(), Some("1.2.0"));
}

#[test]
fn an_index_is_json_that_other_programs_can_read() {
    let envelope: serde_json::Value = serde_json::from_slice(&sealed_index(7, &["acme/weather"], &key(1))).unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, envelope["payload"].as_str().unwrap()).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    insta::assert_json_snapshot!(payload);
}

#[test]
fn an_index_is_believed_until_it_expires() {
    let envelope = sealed_index(1, &["acme/weather"], &key(1));
    let at = |hours| Index::verify(&envelope, &[key(1).public()], morning(hours)).map(drop);
    assert_eq!(at(47), Ok(()));
    let error = at(48).unwrap_err();
    assert!(matches!(error, IndexError::Freshness(FreshnessError::Expired { .. })), "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn an_index_of_another_key_or_for_too_long_is_not_believed() {
    let envelope = sealed_index(1, &[], &key(2));
    let error = Index::verify(&envelope, &[key(1).public()], morning(1)).unwrap_err();
    assert!(matches!(error, IndexError::Envelope(EnvelopeError::WrongKey { .. })), "{error}");
    let long = Freshness { expires: morning(0) + TimeDelta::days(REGISTRY_INDEX_DAYS_MAX + 1), ..freshness(1) };
    assert!(matches!(Index::seal(long, &Plugins::new(), &key(1)), Err(IndexError::Freshness(FreshnessError::TooLong { .. }))));
    let careless = careless(r#"{"sequence":1,"created":"2024-10-04T00:00:00Z","expires":"2124-10-04T00:00:00Z","plugins":{}}"#);
    assert!(matches!(careless, IndexError::Freshness(FreshnessError::TooLong { .. })), "{careless}");
    assert!(
        Index::verify(&vec![b' '; REGISTRY_INDEX_BYTES_MAX + 1], &[], morning(1))
            .is_err_and(|e| e.to_string().contains("more than"))
    );
}

#[test]
fn what_a_newer_registry_says_more_is_passed_over() {
    let payload = format!(
        r#"{{"sequence":1,"created":"{0}","expires":"{1}","mirrors":[],"plugins":{{"acme/weather":{{"description":"","kinds":["psychic"],"stars":5,"versions":{{}}}}}}}}"#,
        crate::text::time(morning(0)),
        crate::text::time(morning(24))
    );
    let envelope = envelope::seal(Document::Index, payload.as_bytes(), &key(1));
    let index = Index::verify(&envelope, &[key(1).public()], morning(1)).unwrap();
    assert!(index.plugins()[&name("acme/weather")].kinds.contains("psychic"));
}

#[test]
fn names_and_versions_in_an_index_are_checked() {
    let with = |plugin: &str, version: &str| {
        careless(&format!(
            r#"{{"sequence":1,"created":"2024-10-04T00:00:00Z","expires":"2024-10-05T00:00:00Z","plugins":{{"{plugin}":{{"description":"","versions":{{"{version}":{{"package":"{0}","wasm":"{0}","manifest":"{0}"}}}}}}}}}}"#,
            Digest::of(b"")
        ))
    };
    for (plugin, version) in [("../weather", "1.0.0"), ("acme", "1.0.0"), ("acme/weather", "../1"), ("acme/weather", "1.0")] {
        assert!(matches!(with(plugin, version), IndexError::Envelope(EnvelopeError::Malformed { .. })), "{plugin} {version}");
    }
}

#[test]
fn an_index_is_bounded_in_every_direction() {
    let one = plugins(&["acme/weather"]);
    let entry = &one[&name("acme/weather")];
    let with = |change: fn(&mut Entry)| {
        let mut entry = entry.clone();
        change(&mut entry);
        refusal(&Plugins::from([(name("acme/weather"), entry)]))
    };
    let release = |entry: &Entry| entry.versions[&version("1.2.0")].clone();
    let empty = Entry { versions: BTreeMap::new(), ..entry.clone() };
    let many: Plugins = (0..=REGISTRY_PLUGINS_MAX).map(|n| (name(&format!("acme/p{n}")), empty.clone())).collect();
    let mut versions = entry.clone();
    versions.versions = (0..=REGISTRY_VERSIONS_MAX).map(|n| (version(&format!("1.0.{n}")), release(entry))).collect();
    let refusals = [
        refusal(&many),
        refusal(&Plugins::from([(name("acme/weather"), versions)])),
        with(|entry| entry.description = "x".repeat(REGISTRY_TEXT_BYTES_MAX + 1)),
        with(|entry| entry.description = "\u{1b}[2J".to_owned()),
        with(|entry| entry.kinds = (0..=REGISTRY_KINDS_MAX).map(|n| format!("k{n}")).collect()),
        with(|entry| entry.kinds = BTreeSet::from(["Tool".to_owned()])),
        with(|entry| entry.versions.values_mut().for_each(|release| release.yanked = Some("a\nb".to_owned()))),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn an_index_that_reaches_every_limit_at_once_has_too_many_bytes() {
    let one = plugins(&["acme/weather"]);
    let mut entry = one[&name("acme/weather")].clone();
    entry.description = "x".repeat(REGISTRY_TEXT_BYTES_MAX);
    let many: Plugins = (0..REGISTRY_PLUGINS_MAX).map(|n| (name(&format!("acme/p{n}")), entry.clone())).collect();
    let refused = sealed(&many).unwrap_err();
    assert!(matches!(refused, IndexError::Envelope(EnvelopeError::TooLong { .. })), "{refused}");
}

proptest! {
    #[test]
    fn an_index_reads_back(sequence: u64, names in prop::collection::btree_set("[a-z]{1,9}/[a-z]{1,9}", 0..9)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let index = index(sequence, &names);
        prop_assert_eq!(index.plugins(), &plugins(&names));
        prop_assert_eq!(index.freshness(), &freshness(sequence));
    }

    #[test]
    fn no_byte_of_an_index_can_be_changed(place: usize, bits: u8) {
        let changed = flipped(&sealed_index(1, &["acme/weather"], &key(1)), place, bits);
        prop_assert!(Index::verify(&changed, &[key(1).public()], morning(1)).is_err());
    }
}
