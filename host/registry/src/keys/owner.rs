//! Whose key it is.

use std::fmt;
use std::str::FromStr;

use octi_extension::manifest::is_name;

use crate::text::{TextError, serde_as_text};

/// Bytes of the longest name of a host, with room for a port and a path.
const REGISTRY_NAME_BYTES_MAX: usize = 512;

/// Who signs with a key, written `publisher:acme` or `registry:registry.example/plugins`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Who publishes plugins under this name.
    Publisher(String),
    /// Who signs the index and the revocations of this registry.
    Registry(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publisher(name) => write!(f, "publisher:{name}"),
            Self::Registry(name) => write!(f, "registry:{name}"),
        }
    }
}

impl FromStr for Owner {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let is_registry = |name: &str| {
            (1..=REGISTRY_NAME_BYTES_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'`')
        };
        match text.split_once(':') {
            Some(("publisher", name)) if is_name(name) => Ok(Self::Publisher(name.to_owned())),
            Some(("registry", name)) if is_registry(name) => Ok(Self::Registry(name.to_owned())),
            _ => Err(TextError::new(text, "an owner of a key: `publisher:NAME` or `registry:ADDRESS`")),
        }
    }
}

serde_as_text!(Owner);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_a_publisher_or_a_registry() {
        for good in ["publisher:acme", "registry:registry.example:5000/plugins", "registry:/srv/plugins"] {
            assert_eq!(good.parse::<Owner>().map(|owner| owner.to_string()).as_deref(), Ok(good));
        }
        let long = format!("registry:{}", "a".repeat(REGISTRY_NAME_BYTES_MAX + 1));
        for other in
            ["acme", "publisher:", "publisher:Acme", "publisher:acme/weather", "registry:", "registry:a b", long.as_str()]
        {
            assert!(other.parse::<Owner>().is_err(), "{other}");
        }
    }
}
