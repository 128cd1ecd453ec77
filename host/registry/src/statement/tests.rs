//! Statements: one encoding, and a refusal of its own for each way to lie.

use proptest::prelude::*;

use super::*;
use crate::fixture::{MANIFEST, WASM, flipped, key, morning, name, statement, version};

fn parts() -> Parts {
    Parts { wasm: Digest::of(WASM), manifest: Digest::of(MANIFEST), sbom: None }
}

fn refusal(text: &str) -> StatementError {
    Statement::parse(text.as_bytes()).unwrap_err()
}

#[test]
fn a_statement_is_a_text_that_a_person_can_read() {
    insta::assert_snapshot!(statement());
}

#[test]
fn a_signed_statement_is_believed_about_what_it_covers() {
    let statement = statement();
    let read = Statement::verify(&statement.encode(), &statement.sign(&key(1)), &key(1).public()).unwrap();
    assert_eq!(read, statement);
    assert_eq!(read.is_about(&name("acme/weather"), Some(&version("1.2.0"))), Ok(()));
    assert_eq!(read.is_about(&name("acme/weather"), None), Ok(()));
    assert_eq!(read.covers(&parts()), Ok(()));
    assert_eq!(read.describes(br#"{"id":"acme/weather","version":"1.2.0","wit":"1.0","of a newer contract":[]}"#), Ok(()));
}

#[test]
fn each_way_to_lie_has_a_refusal_of_its_own() {
    let statement = statement();
    let (bytes, signature) = (statement.encode(), statement.sign(&key(1)));
    let other = Digest::of(b"other");
    let with_sbom = Statement { sbom: Some(Digest::of(b"sbom")), ..statement.clone() };
    let refusals = [
        Statement::verify(&bytes, &signature, &key(2).public()).map(drop),
        Statement::verify(&flipped(&bytes, 40, 1), &signature, &key(1).public()).map(drop),
        statement.is_about(&name("acme/wether"), None),
        statement.is_about(&name("acme/weather"), Some(&version("1.3.0"))),
        statement.covers(&Parts { wasm: other, ..parts() }),
        statement.covers(&Parts { manifest: other, ..parts() }),
        with_sbom.covers(&Parts { sbom: Some(other), ..parts() }),
        with_sbom.covers(&parts()),
        statement.covers(&Parts { sbom: Some(other), ..parts() }),
        statement.describes(br#"{"id":"acme/wether","version":"1.2.0","wit":"1.0"}"#),
        statement.describes(br#"{"id":"acme/weather","version":"1.3.0","wit":"1.0"}"#),
        statement.describes(br#"{"id":"acme/weather","version":"1.2.0","wit":"9.0"}"#),
        statement.describes(b"{"),
        Statement::parse(&bytes[1..]).map(drop),
        Statement::parse(statement.to_string().replace("1.2.0", "1.2").as_bytes()).map(drop),
        Statement::parse(statement.to_string().replace("statement 1", "statement 2").as_bytes()).map(drop),
        Statement::parse(&[b'x'; REGISTRY_STATEMENT_BYTES_MAX + 1]).map(drop),
    ];
    let told: Vec<String> = refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_statement_has_one_encoding() {
    let good = statement().to_string();
    for (from, to) in [
        ("\n", "\r\n"),
        ("name acme/weather\nversion 1.2.0\n", "version 1.2.0\nname acme/weather\n"),
        ("name acme/weather", "name  acme/weather"),
        ("name acme/weather", "name acme/weather "),
        ("sbom none\n", ""),
        ("sbom none", "sbom None"),
        ("created 2026-11-29T10:42:21Z\n", "created 2026-11-29T10:42:21Z"),
        ("created 2026-11-29T10:42:21Z\n", "created 2026-11-29T10:42:21Z\n\n"),
        ("created 2026-11-29T10:42:21Z\n", "created 2026-11-29T10:42:21Z\nmore 1\n"),
        ("2026-11-29T10:42:21Z", "2026-11-29T10:42:21.000Z"),
        ("sha256:", "SHA256:"),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good);
        assert!(matches!(refusal(&text), StatementError::Malformed { .. }), "{text}");
    }
}

#[test]
fn a_signature_of_another_kind_of_text_is_none_of_a_statement() {
    let text = b"octi plugin statement 1 is what I like to read";
    let error = Statement::verify(text, &key(1).sign(text), &key(1).public()).unwrap_err();
    assert!(matches!(error, StatementError::Malformed { .. }), "{error}");
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let name = "[a-z][a-z0-9-]{0,20}/[a-z][a-z0-9-]{0,20}";
    let version = r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})(-[a-z]{1,8}\.[1-9])?";
    let wit = r"[0-9]{1,3}\.[0-9]{1,3}";
    let text = (name, version, wit);
    (text, any::<[[u8; 4]; 2]>(), any::<Option<[u8; 4]>>(), 0..100_000_i64).prop_map(
        |((name, version, wit), parts, sbom, hours)| Statement {
            name: name.parse().unwrap(),
            version: version.parse().unwrap(),
            wasm: Digest::of(&parts[0]),
            manifest: Digest::of(&parts[1]),
            sbom: sbom.map(|bytes| Digest::of(&bytes)),
            wit: wit.parse().unwrap(),
            created: morning(hours),
        },
    )
}

proptest! {
    #[test]
    fn statements_read_back(statement in any_statement()) {
        prop_assert_eq!(Statement::parse(&statement.encode()), Ok(statement.clone()));
    }

    #[test]
    fn no_byte_of_a_signed_statement_can_be_changed(statement in any_statement(), place: usize, bits: u8) {
        let changed = flipped(&statement.encode(), place, bits);
        prop_assert!(Statement::verify(&changed, &statement.sign(&key(1)), &key(1).public()).is_err());
        // Even unsigned it is no second encoding of the same.
        prop_assert_ne!(Statement::parse(&changed), Ok(statement));
    }

    #[test]
    fn what_is_read_is_what_was_written(text: Vec<u8>) {
        if let Ok(statement) = Statement::parse(&text) {
            prop_assert_eq!(statement.encode(), text);
        }
    }
}
