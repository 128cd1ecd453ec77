//! Trust: whom a host believes, after everything that can happen to a key.

use proptest::prelude::*;

use super::*;
use crate::fixture::{flipped, key, morning};

fn acme() -> Owner {
    Owner::Publisher("acme".to_owned())
}

fn public(byte: u8) -> PublicKey {
    key(byte).public()
}

/// A host that has met the key of that number.
fn met(byte: u8) -> Trust {
    let mut trust = Trust::default();
    trust.meet(&acme(), public(byte), morning(0), "registry.example").unwrap();
    trust
}

fn rotation(old: u8, new: u8) -> Vec<u8> {
    Rotation::seal(acme(), &key(old), public(new), morning(1))
}

fn judge(trust: &Trust, byte: u8) -> Result<Standing, TrustError> {
    trust.judge(&acme(), &public(byte), Use::New)
}

#[test]
fn the_first_key_is_remembered_with_when_and_from_where_and_another_is_refused() {
    let mut trust = Trust::default();
    assert_eq!(judge(&trust, 1), Ok(Standing::Unknown));
    trust.meet(&acme(), public(1), morning(0), "registry.example").unwrap();
    trust.meet(&acme(), public(1), morning(5), "elsewhere").unwrap();
    assert_eq!(judge(&trust, 1), Ok(Standing::Trusted(How::FirstUse)));
    let known = &trust.owners()[&acme()];
    assert_eq!((known.since, known.from.as_str()), (morning(0), "registry.example"), "the first meeting counts");
    assert!(matches!(judge(&trust, 2), Err(TrustError::OtherKey { .. })));
    assert!(matches!(trust.meet(&acme(), public(2), morning(1), "x"), Err(TrustError::OtherKey { .. })));
    let other = Owner::Registry("acme".to_owned());
    assert_eq!(trust.judge(&other, &public(2), Use::New), Ok(Standing::Unknown), "a registry of that name is somebody else");
}

#[test]
fn what_a_person_pins_counts_more_than_what_was_met() {
    let mut trust = met(1);
    trust.pin(&acme(), public(2), morning(2), "acme's letter").unwrap();
    assert_eq!(judge(&trust, 2), Ok(Standing::Trusted(How::Pinned)));
    assert!(matches!(judge(&trust, 1), Err(TrustError::Retired { .. })));
    trust.pin(&acme(), public(1), morning(3), "acme's second letter").unwrap();
    assert_eq!(judge(&trust, 1), Ok(Standing::Trusted(How::Pinned)), "a person may go back");
    assert!(matches!(judge(&trust, 2), Err(TrustError::Retired { .. })));
}

#[test]
fn whom_a_person_pins_may_bring_the_rotations_that_led_to_it() {
    let mut trust = met(1);
    trust.pin(&acme(), public(3), morning(2), "acme's letter").unwrap();
    assert_eq!(trust.follow(&acme(), &[rotation(1, 2), rotation(2, 3)], morning(3)), Ok(0), "the first key named no other");
    assert_eq!(judge(&trust, 3), Ok(Standing::Trusted(How::Pinned)));
    assert_eq!(trust.follow(&acme(), &[rotation(3, 4)], morning(4)), Ok(1));
    let forked = trust.follow(&acme(), &[rotation(3, 5)], morning(5));
    assert!(matches!(forked, Err(TrustError::TwoSuccessors { .. })), "what a key named itself counts");
}

#[test]
fn after_a_rotation_the_old_key_is_good_for_what_is_installed_only() {
    let mut trust = met(1);
    assert_eq!(trust.follow(&acme(), &[rotation(1, 2)], morning(2)), Ok(1));
    assert_eq!(judge(&trust, 2), Ok(Standing::Trusted(How::Rotated)));
    assert!(matches!(judge(&trust, 1), Err(TrustError::Retired { .. })));
    assert_eq!(trust.judge(&acme(), &public(1), Use::Installed), Ok(Standing::Retired));
    assert!(trust.judge(&acme(), &public(3), Use::Installed).is_err(), "a key that never was the owner's is good for nothing");
}

#[test]
fn a_chain_is_followed_from_where_the_host_stands() {
    let chain = [rotation(1, 2), rotation(2, 3), rotation(3, 4)];
    for first in 1..=4_u8 {
        let mut trust = met(first);
        assert_eq!(trust.follow(&acme(), &chain, morning(2)), Ok(usize::from(4 - first)), "from key {first}");
        assert!(judge(&trust, 4).is_ok());
        assert_eq!(trust.follow(&acme(), &chain, morning(3)), Ok(0), "nothing is new the second time");
    }
    let mut stranger = met(9);
    assert_eq!(stranger.follow(&acme(), &chain, morning(2)), Ok(0), "a chain that leads past the key says nothing of it");
    assert!(judge(&stranger, 4).is_err());
}

#[test]
fn a_chain_with_one_bad_link_is_not_followed_at_all() {
    let mut trust = met(1);
    let broken = flipped(&rotation(2, 3), 300, 1);
    assert!(trust.follow(&acme(), &[rotation(1, 2), broken], morning(2)).is_err());
    assert_eq!(trust, met(1));
}

#[test]
fn a_key_has_one_successor() {
    let mut trust = met(1);
    trust.follow(&acme(), &[rotation(1, 2)], morning(2)).unwrap();
    let forked = trust.follow(&acme(), &[rotation(1, 3)], morning(3));
    assert!(matches!(forked, Err(TrustError::TwoSuccessors { .. })), "{forked:?}");
    let circle = trust.follow(&acme(), &[rotation(2, 1)], morning(3));
    assert!(matches!(circle, Err(TrustError::BackToRetired(_))), "{circle:?}");
}

#[test]
fn a_rotation_of_somebody_else_or_of_tomorrow_is_not_followed() {
    let mut trust = met(1);
    let other = Rotation::seal(Owner::Publisher("other".to_owned()), &key(1), public(2), morning(1));
    assert!(matches!(trust.follow(&acme(), &[other], morning(2)), Err(TrustError::OtherOwner { .. })));
    let tomorrow = Rotation::seal(acme(), &key(1), public(2), morning(24));
    assert!(matches!(trust.follow(&acme(), &[tomorrow], morning(2)), Err(TrustError::FromTheFuture(_))));
    let unknown = Owner::Publisher("other".to_owned());
    assert!(matches!(trust.follow(&unknown, &[rotation(1, 2)], morning(2)), Err(TrustError::UnknownOwner(_))));
}

#[test]
fn a_revoked_key_signs_and_names_nothing_any_more() {
    let mut trust = met(1);
    assert_eq!(trust.revoke(public(1), "stolen", morning(2)), Ok(true));
    assert_eq!(trust.revoke(public(1), "stolen", morning(3)), Ok(false));
    for what_for in [Use::New, Use::Installed] {
        assert!(matches!(trust.judge(&acme(), &public(1), what_for), Err(TrustError::Revoked { .. })));
    }
    assert!(
        matches!(trust.follow(&acme(), &[rotation(1, 2)], morning(3)), Err(TrustError::Revoked { .. })),
        "the thief may sign it"
    );
    assert!(matches!(trust.pin(&acme(), public(1), morning(3), "x"), Err(TrustError::Revoked { .. })));
    trust.pin(&acme(), public(2), morning(3), "acme's letter").unwrap();
    assert_eq!(judge(&trust, 2), Ok(Standing::Trusted(How::Pinned)));

    let mut trust = met(1);
    trust.revoke(public(2), "stolen", morning(2)).unwrap();
    assert!(matches!(trust.follow(&acme(), &[rotation(1, 2)], morning(3)), Err(TrustError::Revoked { .. })));
    assert!(matches!(
        trust.meet(&Owner::Publisher("other".to_owned()), public(2), morning(3), "x"),
        Err(TrustError::Revoked { .. })
    ));
}

#[test]
fn one_key_that_cannot_be_revoked_keeps_none_of_the_others_from_it() {
    let mut trust = met(1);
    trust.revoke(public(2), "old", morning(0)).unwrap();
    let (one, two, three) = (public(1), public(2), public(3));
    let keys = [(&two, "again"), (&three, "two\nlines"), (&one, "stolen"), (&one, "twice")];
    let (count, outcome) = trust.revoke_all(keys, morning(1));
    assert!(count == 1 && matches!(outcome, Err(TrustError::Text(_))), "{outcome:?}");
    assert!(matches!(judge(&trust, 1), Err(TrustError::Revoked { .. })));
    assert_eq!(trust.revoked().len(), 2);
    let revoked = RevokedKey { key: public(1), reason: String::new(), since: morning(0) };
    let mut many = Trust { revoked: vec![revoked; REGISTRY_REVOKED_KEYS_MAX], ..Trust::default() };
    assert!(matches!(many.revoke_all([(&two, "")], morning(0)), (0, Err(TrustError::Full { .. }))));
}

#[test]
fn a_publisher_who_was_forgotten_is_met_again_but_a_revoked_key_is_not_forgiven() {
    let mut trust = met(1);
    assert!(trust.forget(&acme()) && !trust.forget(&acme()));
    assert_eq!(judge(&trust, 2), Ok(Standing::Unknown));
    trust.revoke(public(1), "stolen", morning(1)).unwrap();
    trust.forget(&acme());
    assert!(matches!(trust.meet(&acme(), public(1), morning(2), "here"), Err(TrustError::Revoked { .. })));
}

#[test]
fn trust_is_bounded_in_every_direction() {
    let owner = |n: usize| Owner::Publisher(format!("p{n}"));
    let full = |error: Result<(), TrustError>| matches!(error, Err(TrustError::Full { .. }));
    let known = Known { key: public(1), how: How::FirstUse, since: morning(0), from: String::new(), retired: Vec::new() };
    let mut many = Trust { owners: (0..REGISTRY_OWNERS_MAX).map(|n| (owner(n), known.clone())).collect(), revoked: Vec::new() };
    assert!(full(many.meet(&acme(), public(1), morning(0), "")));
    assert!(full(many.pin(&acme(), public(1), morning(0), "")));
    many.pin(&owner(0), public(2), morning(0), "").unwrap();

    let revoked = RevokedKey { key: public(1), reason: String::new(), since: morning(0) };
    let mut many = Trust { revoked: vec![revoked; REGISTRY_REVOKED_KEYS_MAX], ..Trust::default() };
    assert!(full(many.revoke(public(2), "", morning(0)).map(drop)));

    let retired = Retired { key: public(2), since: morning(0), successor: Some(public(1)) };
    let known = Known { retired: vec![retired; REGISTRY_RETIRED_KEYS_MAX], ..known };
    let mut old = Trust { owners: BTreeMap::from([(acme(), known)]), revoked: Vec::new() };
    assert!(full(old.follow(&acme(), &[rotation(1, 3)], morning(2)).map(drop)));
    assert!(full(old.pin(&acme(), public(3), morning(2), "")));
    assert!(full(old.follow(&acme(), &vec![Vec::new(); REGISTRY_ROTATIONS_MAX + 1], morning(2)).map(drop)));

    assert!(matches!(met(1).pin(&acme(), public(2), morning(0), "a\nb"), Err(TrustError::Text(_))));
    assert!(matches!(met(1).revoke(public(2), &"x".repeat(2_000), morning(0)), Err(TrustError::Text(_))));
}

#[test]
fn refusals_say_what_to_do() {
    let mut rotated = met(1);
    rotated.follow(&acme(), &[rotation(1, 2)], morning(2)).unwrap();
    let mut revoked = met(1);
    revoked.revoke(public(1), "its owner's laptop was stolen", morning(2)).unwrap();
    let other = Rotation::seal(Owner::Publisher("other".to_owned()), &key(1), public(2), morning(1));
    let errors = [
        judge(&met(1), 2).unwrap_err(),
        judge(&revoked, 1).unwrap_err(),
        judge(&rotated, 1).unwrap_err(),
        rotated.follow(&acme(), &[rotation(1, 3)], morning(3)).unwrap_err(),
        rotated.follow(&acme(), &[rotation(2, 1)], morning(3)).unwrap_err(),
        met(1).follow(&acme(), &[other], morning(3)).unwrap_err(),
        Trust::default().follow(&acme(), &[], morning(3)).unwrap_err(),
    ];
    insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"));
}

#[derive(Debug, Clone)]
enum Deed {
    Meet(u8),
    Rotate(u8, u8),
    Revoke(u8),
    Pin(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        (1..5_u8).prop_map(Deed::Meet),
        (1..5_u8, 1..5_u8).prop_map(|(old, new)| Deed::Rotate(old, new)),
        (1..5_u8).prop_map(Deed::Revoke),
        (1..5_u8).prop_map(Deed::Pin),
    ];
    prop::collection::vec(deed, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_one_key_at_most_is_trusted_and_never_a_revoked_one(deeds in deeds()) {
        let mut trust = Trust::default();
        let mut revoked = [false; 5];
        for deed in deeds {
            let before = trust.owners().get(&acme()).map(|known| known.key);
            match deed {
                Deed::Meet(new) => drop(trust.meet(&acme(), public(new), morning(2), "x")),
                Deed::Rotate(old, new) => drop(trust.follow(&acme(), &[rotation(old, new)], morning(2))),
                Deed::Pin(new) => drop(trust.pin(&acme(), public(new), morning(2), "x")),
                Deed::Revoke(key) => {
                    trust.revoke(public(key), "x", morning(2)).unwrap();
                    revoked[usize::from(key)] = true;
                }
            }
            let after = trust.owners().get(&acme()).map(|known| known.key);
            // Nobody but the key itself, or a person, puts another into its place.
            if let (Some(before), Some(after), Deed::Rotate(old, new)) = (before, after, &deed)
                && before != after
            {
                prop_assert_eq!((before, after), (public(*old), public(*new)));
            } else if let (Some(before), Some(after), Deed::Meet(_) | Deed::Revoke(_)) = (before, after, &deed) {
                prop_assert_eq!(before, after);
            }
            let trusted: Vec<u8> = (1..5).filter(|byte| matches!(judge(&trust, *byte), Ok(Standing::Trusted(_)))).collect();
            prop_assert!(trusted.len() <= 1, "{:?}", trusted);
            prop_assert!(trusted.iter().all(|byte| !revoked[usize::from(*byte)]));
            let read: Trust = serde_json::from_slice(&serde_json::to_vec(&trust).unwrap()).unwrap();
            prop_assert_eq!(&read, &trust);
        }
    }
}
