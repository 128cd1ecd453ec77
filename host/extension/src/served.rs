//! Which versions of the contract this octi serves, and what to do about a plugin for another one.

use std::fmt;

/// The minor versions of one major that are served, both ends included. What an older one has the newer ones have too, so a plugin
/// for any of them runs; `wit/frozen` has the packages of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minors {
    major: u32,
    oldest: u32,
    newest: u32,
}

/// Oldest first, none empty.
const SERVED: &[Minors] = &[Minors { major: 1, oldest: 0, newest: 0 }];

/// A plugin for a contract that this octi does not serve. The text says what the plugin is for, what is served, and what to do; it
/// goes on where a sentence has said which plugin it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(.wanted, *.why, &shown(SERVED)))]
pub struct Unserved {
    wanted: String,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// This octi is too old.
    Newer,
    /// The plugin is too old, or for what never was.
    Removed,
    NoVersion,
}

/// Whether this octi serves a contract: that of a manifest, such as `1.0`, or of an import, such as `1.0.0`, whose third number says
/// only which words it is told with.
///
/// # Errors
/// [`Unserved`], whose text is for a person.
pub fn check(version: &str) -> Result<(), Unserved> {
    check_among(SERVED, version)
}

/// What is served, for a person: `1.0–1.3`.
#[must_use]
pub fn range() -> String {
    shown(SERVED)
}

fn check_among(served: &[Minors], version: &str) -> Result<(), Unserved> {
    let unserved = |wanted: &str, why| Err(Unserved { wanted: wanted.to_owned(), why });
    let Some((major, minor)) = read(version) else { return unserved(version, Why::NoVersion) };
    let why = match served.iter().find(|minors| minors.major == major) {
        Some(minors) if minor > minors.newest => Why::Newer,
        Some(minors) if minor < minors.oldest => Why::Removed,
        Some(_) => return Ok(()),
        None if served.iter().all(|minors| minors.major < major) => Why::Newer,
        None => Why::Removed,
    };
    unserved(&format!("{major}.{minor}"), why)
}

/// The first two of two or three numbers. A number has one spelling, as in the versions of packages.
fn read(version: &str) -> Option<(u32, u32)> {
    let number = |text: &str| -> Option<u32> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        is_plain.then(|| text.parse().ok()).flatten()
    };
    let numbers: Vec<u32> = version.split('.').map(number).collect::<Option<_>>()?;
    match numbers[..] {
        [major, minor] | [major, minor, _] => Some((major, minor)),
        _ => None,
    }
}

fn sentence(wanted: &str, why: Why, served: &dyn fmt::Display) -> String {
    match why {
        Why::Newer => format!(
            "built for contract {wanted}, this octi serves {served}; update octi, or choose an older version of the plugin"
        ),
        Why::Removed => format!(
            "built for contract {wanted}, this octi serves {served}; choose a newer version of the plugin, or rebuild it with the SDK of \
             this octi"
        ),
        Why::NoVersion => format!(
            "built for contract `{wanted}`, which is no version such as `1.0`, this octi serves {served}; rebuild it with the SDK of this \
             octi"
        ),
    }
}

fn shown(served: &[Minors]) -> String {
    let one = |Minors { major, oldest, newest }: &Minors| {
        if oldest == newest { format!("{major}.{newest}") } else { format!("{major}.{oldest}–{major}.{newest}") }
    };
    served.iter().map(one).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SOURCES;
    use crate::manifest::WIT_VERSION;

    /// As it may be when octi is older.
    const TWO: &[Minors] = &[Minors { major: 1, oldest: 2, newest: 9 }, Minors { major: 3, oldest: 0, newest: 1 }];

    fn told(version: &str) -> String {
        check_among(TWO, version).map_or_else(|error| sentence(&error.wanted, error.why, &shown(TWO)), |()| "served".to_owned())
    }

    #[test]
    fn every_minor_from_the_oldest_to_the_newest_is_served() {
        for version in ["1.2", "1.2.0", "1.5", "1.9.7", "3.0", "3.1"] {
            assert_eq!(told(version), "served", "{version}");
        }
    }

    #[test]
    fn another_contract_says_which_it_is_what_is_served_and_what_to_do() {
        let served = "this octi serves 1.2–1.9 and 3.0–3.1";
        for (version, wanted) in [("1.10", "1.10"), ("3.2.0", "3.2"), ("4.0", "4.0")] {
            let expected =
                format!("built for contract {wanted}, {served}; update octi, or choose an older version of the plugin");
            assert_eq!(told(version), expected);
        }
        for (version, wanted) in [("1.1", "1.1"), ("0.1.0", "0.1"), ("2.0", "2.0")] {
            let expected = format!(
                "built for contract {wanted}, {served}; choose a newer version of the plugin, or rebuild it with the SDK of this octi"
            );
            assert_eq!(told(version), expected);
        }
    }

    #[test]
    fn what_is_no_version_is_told_as_it_is() {
        for version in ["", "1", "1.", "one", "1.0.0.0", "01.2", "1.02", "+1.2", "1.2.0-rc.1", "1.2 ", "99999999999.0"] {
            let expected = format!("built for contract `{version}`, which is no version such as `1.0`");
            assert!(told(version).starts_with(&expected), "{}", told(version));
        }
    }

    #[test]
    fn the_newest_is_what_plugins_are_made_for_and_what_wit_has() {
        let newest = SERVED.last().map(|minors| format!("{}.{}", minors.major, minors.newest));
        assert_eq!(newest.as_deref(), Some(WIT_VERSION));
        assert!(SERVED.is_sorted_by_key(|minors| minors.major) && SERVED.iter().all(|minors| minors.oldest <= minors.newest));
        for (file, text) in SOURCES {
            let package = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or_default();
            let version = package.trim_end_matches(';').split_once('@').map_or("", |(_, version)| version);
            assert_eq!(check(version), Ok(()), "{file}");
        }
        assert_eq!((range().as_str(), check(WIT_VERSION)), (WIT_VERSION, Ok(())));
    }
}
