//! A publisher's statement, and a signature of it: ours, or one of the minisign tool.

use octi_registry::{PublicKey, Signature, Statement};

/// What the minisign tool signed with the key below; the key's secret is gone.
const SIGNED: &str = include_str!("../../../host/registry/tests/fixtures/minisign/statement");
const KEY: &str = include_str!("../../../host/registry/tests/fixtures/minisign/publisher.pub");

/// A statement, an empty line, and a signature. What is read has one encoding, and nothing but what the key signed verifies.
pub fn run(data: &[u8]) {
    let (statement, signature) = halves(data);
    if let Ok(read) = Statement::parse(statement) {
        assert_eq!(read.encode(), statement, "a statement has two encodings");
        assert!(read.is_about(&read.name, Some(&read.version)).is_ok());
        assert!(!read.to_string().contains(|c: char| c != '\n' && !(' '..='~').contains(&c)), "a person is shown {read:?}");
    }
    let Ok(signature) = Signature::parse(signature) else { return };
    let shown = signature.to_string();
    assert!(Signature::parse(shown.as_bytes()).is_ok_and(|again| again.to_string() == shown), "{shown}");
    let Ok(key) = KEY.parse::<PublicKey>() else { panic!("the key of the tests is none") };
    match Statement::verify(statement, &signature, &key) {
        Ok(_) => assert_eq!(statement, SIGNED.as_bytes(), "what nobody signed verifies"),
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
}

/// The bytes up to the first empty line, with their last line end, and those behind it.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(place) => (&data[..=place], &data[place + 2..]),
        None => (data, &[]),
    }
}
