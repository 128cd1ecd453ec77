//! The feed of revocations: what it finds, and every reason not to believe one.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture::{WASM, feed, flipped, freshness, key, morning, name, sealed_feed, version};

fn revoked(target: Target) -> Revocation {
    Revocation { target, reason: "it sends what it reads to its author".to_owned(), revoked: morning(0) }
}

fn every_kind() -> [Revocation; 3] {
    [
        revoked(Target::Wasm { wasm: Digest::of(WASM) }),
        revoked(Target::Release { name: name("acme/weather"), version: version("1.2.0") }),
        revoked(Target::Key { key: key(9).public() }),
    ]
}

#[test]
fn a_plugin_is_found_by_its_bytes_its_name_and_version_or_its_key() {
    let feed = feed(1, &every_kind());
    let (weather, other) = (name("acme/weather"), name("acme/other"));
    let (old, new) = (version("1.2.0"), version("1.3.0"));
    let (bad_key, good_key) = (key(9).public(), key(8).public());
    let find = |name, version, bytes: &[u8], key| {
        feed.find(&Installed { name, version, wasm: Digest::of(bytes), key }).map(|revocation| revocation.target.clone())
    };
    let [by_bytes, by_release, by_key] = every_kind().map(|revocation| Some(revocation.target));
    assert_eq!(find(&other, &new, WASM, None), by_bytes, "whatever it is called");
    assert_eq!(find(&weather, &old, b"other", Some(&good_key)), by_release);
    assert_eq!(find(&other, &new, b"other", Some(&bad_key)), by_key);
    for (name, version, key) in [(&weather, &new, None), (&other, &old, None), (&weather, &new, Some(&good_key))] {
        assert_eq!(find(name, version, b"other", key), None);
    }
    assert_eq!(feed.keys().map(|(key, _)| *key).collect::<Vec<_>>(), [bad_key]);
}

#[test]
fn a_feed_is_json_that_other_programs_can_read() {
    let payload = Payload { freshness: freshness(7), revocations: every_kind().to_vec() };
    insta::assert_json_snapshot!(payload);
}

#[test]
fn an_entry_that_only_a_newer_octi_understands_does_not_silence_the_others() {
    let mut payload = serde_json::to_value(Payload { freshness: freshness(1), revocations: every_kind().to_vec() }).unwrap();
    let entries = payload["revocations"].as_array_mut().unwrap();
    entries.push(json!({ "target": { "publisher": "acme" }, "reason": "gone bad", "revoked": "2024-10-04T00:00:00Z" }));
    entries.push(
        json!({ "target": { "name": "a/b", "version": "1.0.0", "on": "arm" }, "reason": "", "revoked": "2024-10-04T00:00:00Z" }),
    );
    entries[0]["severity"] = json!("high");
    let envelope = envelope::seal(Document::Revocations, payload.to_string().as_bytes(), &key(1));
    let feed = Feed::verify(&envelope, &[key(1).public()], morning(1)).unwrap();
    assert_eq!((feed.revocations().len(), feed.unreadable()), (3, 2));
}

#[test]
fn a_feed_is_believed_until_it_expires_and_what_it_revoked_stays_revoked() {
    let envelope = sealed_feed(1, &every_kind(), &key(1));
    let trusted = [key(1).public()];
    assert!(Feed::verify(&envelope, &trusted, morning(47)).is_ok());
    let error = Feed::verify(&envelope, &trusted, morning(48)).unwrap_err();
    assert!(matches!(error, FeedError::Freshness(FreshnessError::Expired { .. })), "{error}");
    assert_eq!(Feed::verify_kept(&envelope, &trusted).unwrap().revocations().len(), 3);
    assert!(Feed::verify_kept(&envelope, &[key(2).public()]).is_err());
    let long = Freshness { expires: morning(0) + TimeDelta::days(REGISTRY_FEED_DAYS_MAX + 1), ..freshness(1) };
    assert!(matches!(Feed::seal(long, &[], &key(1)), Err(FeedError::Freshness(FreshnessError::TooLong { .. }))));
}

#[test]
fn a_feed_is_bounded_in_every_direction() {
    let one = revoked(Target::Wasm { wasm: Digest::of(WASM) });
    let many = vec![one.clone(); REGISTRY_REVOCATIONS_MAX + 1];
    let long = Revocation { reason: "x".repeat(octi_domain::limits::REGISTRY_TEXT_BYTES_MAX + 1), ..one.clone() };
    let torn = Revocation { reason: "a\nb".to_owned(), ..one.clone() };
    let wide = vec![Revocation { reason: "x".repeat(400), ..one }; REGISTRY_REVOCATIONS_MAX];
    let refusal = |revocations: &[Revocation]| Feed::seal(freshness(1), revocations, &key(1)).unwrap_err().to_string();
    insta::assert_snapshot!([refusal(&many), refusal(&[long]), refusal(&[torn]), refusal(&wide)].join("\n"));

    let careless = Payload { freshness: freshness(1), revocations: vec![0; REGISTRY_REVOCATIONS_MAX + 1] };
    let careless = envelope::seal(Document::Revocations, &serde_json::to_vec(&careless).unwrap(), &key(1));
    assert!(matches!(Feed::verify_kept(&careless, &[key(1).public()]), Err(FeedError::Field { .. })));
}

#[test]
fn an_index_is_no_feed() {
    let index = crate::fixture::sealed_index(1, &[], &key(1));
    let error = Feed::verify(&index, &[key(1).public()], morning(1)).unwrap_err();
    assert!(matches!(error, FeedError::Envelope(EnvelopeError::OtherDocument { .. })), "{error}");
}

proptest! {
    #[test]
    fn a_feed_reads_back(sequence: u64, seeds: Vec<u8>) {
        let revocations: Vec<Revocation> = seeds.iter().map(|seed| match seed % 3 {
            0 => revoked(Target::Wasm { wasm: Digest::of(&[*seed]) }),
            1 => revoked(Target::Release { name: name("acme/weather"), version: version(&format!("1.0.{seed}")) }),
            _ => revoked(Target::Key { key: key(*seed).public() }),
        }).collect();
        let feed = feed(sequence, &revocations);
        prop_assert_eq!(feed.revocations(), &revocations);
        prop_assert_eq!(feed.unreadable(), 0);
    }

    #[test]
    fn no_byte_of_a_feed_can_be_changed(place: usize, bits: u8) {
        let changed = flipped(&sealed_feed(1, &every_kind(), &key(1)), place, bits);
        prop_assert!(Feed::verify(&changed, &[key(1).public()], morning(1)).is_err());
    }
}
