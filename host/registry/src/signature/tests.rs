//! Signatures: whose they are, and that nothing of them can be changed.

use proptest::prelude::*;

use super::*;
use crate::fixture::{flipped, key, statement};
use crate::keys::SecretKey;

const STATEMENT: &[u8] = include_bytes!("../../tests/fixtures/minisign/statement");
const OF_THE_TOOL: &[u8] = include_bytes!("../../tests/fixtures/minisign/statement.minisig");
const OF_AN_OLD_TOOL: &[u8] = include_bytes!("../../tests/fixtures/minisign/statement.legacy.minisig");
const ITS_KEY: &str = include_str!("../../tests/fixtures/minisign/publisher.pub");
const ANOTHER_KEY: &str = include_str!("../../tests/fixtures/minisign/other.pub");

fn refusal(signature: &[u8]) -> SignatureError {
    match Signature::parse(signature) {
        Ok(signature) => panic!("{signature} was read"),
        Err(error) => error,
    }
}

#[test]
fn what_the_minisign_tool_signed_is_signed() {
    assert_eq!(STATEMENT, statement().encode(), "the tool signed the statement of the other tests");
    let key: PublicKey = ITS_KEY.parse().unwrap();
    for text in [OF_THE_TOOL, OF_AN_OLD_TOOL] {
        let signature = Signature::parse(text).unwrap();
        assert_eq!(signature.verify(STATEMENT, &key), Ok(()));
        assert_eq!(signature.to_string().as_bytes(), text);
    }
}

#[test]
fn a_wrong_key_and_a_changed_text_are_told_apart() {
    let (right, wrong): (PublicKey, PublicKey) = (ITS_KEY.parse().unwrap(), ANOTHER_KEY.parse().unwrap());
    for text in [OF_THE_TOOL, OF_AN_OLD_TOOL] {
        let signature = Signature::parse(text).unwrap();
        let wrong_key = SignatureError::WrongKey { signed_by: None, expected: wrong.id() };
        assert_eq!(signature.verify(STATEMENT, &wrong), Err(wrong_key));
        assert_eq!(signature.verify(&STATEMENT[1..], &right), Err(SignatureError::Changed(right.id())));
    }
    let signature = key(1).sign(STATEMENT);
    let (right, wrong) = (key(1).public(), key(2).public());
    let wrong_key = SignatureError::WrongKey { signed_by: Some(right.id()), expected: wrong.id() };
    assert_eq!(signature.verify(STATEMENT, &wrong), Err(wrong_key));
    assert_eq!(signature.verify(&STATEMENT[1..], &right), Err(SignatureError::Changed(right.id())));
}

#[test]
fn what_is_no_signature_says_why() {
    let newer = key(1).sign(b"").to_string().replace("signature 1", "signature 2");
    assert_eq!(refusal(newer.as_bytes()), SignatureError::UnknownFormat);
    let long = vec![b'u'; REGISTRY_SIGNATURE_BYTES_MAX + 1];
    assert_eq!(refusal(&long), SignatureError::TooLong(REGISTRY_SIGNATURE_BYTES_MAX + 1));
    let short = format!("octi signature 1\nkey {}\ned25519 AAAA\n", key(1).public().id());
    let more = format!("{}more\n", key(1).sign(b""));
    let texts: [&[u8]; 7] = [
        b"",
        b"\xff",
        b"-----BEGIN PGP SIGNATURE-----",
        b"octi signature 1\n",
        b"untrusted comment: x\nRW\n",
        short.as_bytes(),
        more.as_bytes(),
    ];
    for text in texts {
        assert!(matches!(refusal(text), SignatureError::Malformed(_)), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn refusals_say_what_to_do() {
    let (right, wrong) = (key(1).public(), key(2).public());
    let signature = key(1).sign(b"a");
    let of_the_tool = Signature::parse(OF_THE_TOOL).unwrap();
    let errors = [
        signature.verify(b"a", &wrong).unwrap_err(),
        of_the_tool.verify(STATEMENT, &wrong).unwrap_err(),
        signature.verify(b"b", &right).unwrap_err(),
        refusal(b""),
        refusal(b"octi signature 9\n"),
        SignatureError::TooLong(5_000),
    ];
    insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"));
}

proptest! {
    #[test]
    fn signatures_read_back_and_hold(seed: [u8; 32], message: Vec<u8>) {
        let key = SecretKey::from_seed(&seed);
        let text = key.sign(&message).to_string();
        let signature = Signature::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(signature.to_string(), text);
        prop_assert_eq!(signature.verify(&message, &key.public()), Ok(()));
    }

    #[test]
    fn no_byte_of_a_signature_or_of_what_it_signs_can_be_changed(
        message in prop::collection::vec(any::<u8>(), 1..200), place: usize, bits: u8, of_message: bool,
    ) {
        let text = key(1).sign(&message).to_string().into_bytes();
        let (message, text) = if of_message {
            (flipped(&message, place, bits), text)
        } else {
            (message, flipped(&text, place, bits))
        };
        let passed = Signature::parse(&text).and_then(|signature| signature.verify(&message, &key(1).public()));
        prop_assert!(passed.is_err());
    }

    #[test]
    fn no_byte_of_what_minisign_signed_can_be_changed(place: usize, bits: u8, of_message: bool, old: bool) {
        let text = if old { OF_AN_OLD_TOOL } else { OF_THE_TOOL };
        let (message, text) = if of_message {
            (flipped(STATEMENT, place, bits), text.to_vec())
        } else {
            // The first line and the tool's name for the key, which is in the next 14 characters, are signed by nobody, and say nothing
            // here; nor does anybody read the last line's end.
            let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1 + 14;
            let signed = flipped(&text[first..text.len() - 1], place, bits);
            (STATEMENT.to_vec(), [&text[..first], &signed].concat())
        };
        let passed = Signature::parse(&text).and_then(|signature| signature.verify(&message, &ITS_KEY.parse().unwrap()));
        prop_assert!(passed.is_err(), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn any_text_is_read_or_refused(text: Vec<u8>) {
        if let Ok(signature) = Signature::parse(&text) {
            prop_assert_eq!(signature.to_string().into_bytes(), text);
        }
    }
}
