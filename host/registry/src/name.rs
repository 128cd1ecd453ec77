//! What a plugin is called, and its versions.

use std::fmt;
use std::str::FromStr;

use octi_domain::limits::REGISTRY_VERSION_BYTES_MAX;
use octi_extension::manifest::is_name;

use crate::text::{TextError, serde_as_text};

/// The id of a plugin: `publisher/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(String);

/// Publishers that nobody is in a registry: what is inside of octi, and components without a manifest.
const RESERVED: [&str; 2] = ["octi", "local"];

/// Whether no registry may have plugins of a publisher of that name.
#[must_use]
pub fn is_reserved(publisher: &str) -> bool {
    RESERVED.contains(&publisher)
}

impl PluginName {
    /// The id as it is in a manifest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who publishes it.
    #[must_use]
    pub fn publisher(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PluginName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        match text.split_once('/') {
            Some((publisher, name)) if is_name(publisher) && is_name(name) => Ok(Self(text.to_owned())),
            _ => Err(TextError::new(text, "a plugin's id: `publisher/name` in lower-case letters, digits, `-` and `_`")),
        }
    }
}

serde_as_text!(PluginName);

/// A semantic version without a build part: two versions that differ in it only have no order, and no OCI tag can hold a `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// Whether it comes before a release, like `2.0.0-rc.1`.
    #[must_use]
    pub fn is_pre_release(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Version {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let expected = "a version that can be published, such as `1.2.0` or `2.0.0-rc.1` (semver.org, without `+build`)";
        if text.len() > REGISTRY_VERSION_BYTES_MAX {
            return Err(TextError::new(text, expected));
        }
        match semver::Version::parse(text) {
            Ok(version) if version.build.is_empty() => Ok(Self(version)),
            _ => Err(TextError::new(text, expected)),
        }
    }
}

serde_as_text!(Version);

/// The version of the contract a plugin was built for, such as `1.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contract(String);

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Contract {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let is_number = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if (2..=3).contains(&text.split('.').count()) && text.split('.').all(is_number) {
            return Ok(Self(text.to_owned()));
        }
        Err(TextError::new(text, "a contract's version, such as `1.0`"))
    }
}

serde_as_text!(Contract);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_publisher_and_a_name() {
        assert_eq!("acme/weather".parse::<PluginName>().map(|name| name.publisher().to_owned()).as_deref(), Ok("acme"));
        for other in
            ["weather", "acme/", "/weather", "acme/weather/x", "Acme/weather", "../weather", "acme/..", "acme/wea ther", ""]
        {
            assert!(other.parse::<PluginName>().is_err(), "{other}");
        }
    }

    #[test]
    fn versions_are_in_order_and_have_one_spelling() {
        let read = |text: &str| text.parse::<Version>();
        let (Ok(pre), Ok(old), Ok(new)) = (read("2.0.0-rc.1"), read("1.9.0"), read("1.10.0")) else { panic!("not versions") };
        assert!(old < new && new < pre && pre.is_pre_release() && !new.is_pre_release());
        let long = format!("1.0.0-{}", "a".repeat(REGISTRY_VERSION_BYTES_MAX));
        for other in ["1.2", "v1.2.0", "01.2.0", "1.2.0+build", " 1.2.0", "1.2.0\n", long.as_str()] {
            assert!(read(other).is_err(), "{other}");
        }
        let error = read("1.2.0+build").map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(error.contains("without `+build`"), "{error}");
    }

    #[test]
    fn a_contract_is_two_or_three_numbers() {
        for good in ["0.1", "1.0", "1.0.3"] {
            assert_eq!(good.parse::<Contract>().map(|contract| contract.to_string()).as_deref(), Ok(good));
        }
        for other in ["1", "1.", "1.0.0.0", "1.x", "1.0\nname b", "1234567890.0"] {
            assert!(other.parse::<Contract>().is_err(), "{other}");
        }
    }
}
