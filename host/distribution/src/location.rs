//! Where a registry is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use octi_domain::limits::REGISTRY_LOCATION_BYTES_MAX;
use octi_registry::Digest;
use url::{Host, Url};

const SCHEME: &str = "oci://";

/// Where a registry is: a folder, or a place in an OCI registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// A folder of this machine, as `octi_registry::layout::Layout` writes it.
    Folder(PathBuf),
    Oci(OciLocation),
}

/// `oci://HOST[:PORT]/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OciLocation {
    /// `host` or `host:port`, without the port of `https`.
    authority: String,
    /// Below which the repositories are; empty for all of the registry.
    prefix: String,
    is_loopback: bool,
}

/// Why a text says of no place where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no place of a registry: {problem}; write a folder's path, or `oci://HOST[:PORT]/PREFIX`")]
pub struct LocationError {
    found: String,
    problem: &'static str,
}

impl Location {
    /// A name for what is remembered of this registry, safe as that of a file or folder.
    #[must_use]
    pub fn slug(&self) -> String {
        Digest::of(self.to_string().as_bytes()).hex()
    }
}

impl OciLocation {
    /// `host` or `host:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where the registry answers: one has another name for its machine than for itself.
    pub(crate) fn host(&self) -> &str {
        if self.authority == "docker.io" { "index.docker.io" } else { &self.authority }
    }

    /// Whether it is on this machine, where nobody listens in between.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// A repository below the prefix.
    pub(crate) fn repository(&self, below: &str) -> String {
        if self.prefix.is_empty() { below.to_owned() } else { format!("{}/{below}", self.prefix) }
    }

    fn parse(rest: &str) -> Result<Self, &'static str> {
        let url = Url::parse(&format!("https://{rest}")).map_err(|_| "its host cannot be read")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a name or password does not belong into it, because it is shown and remembered");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it has a `?` or a `#`");
        }
        let host = url.host().ok_or("it has no host")?;
        let is_loopback = match &host {
            Host::Domain(name) => *name == "localhost",
            Host::Ipv4(four) => four.is_loopback(),
            Host::Ipv6(six) => six.is_loopback(),
        };
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let prefix = url.path().trim_matches('/').to_owned();
        if !prefix.is_empty() && !prefix.split('/').all(is_component) {
            return Err("a part of its prefix is not of lower-case letters and digits, with `.`, `_` or `-` between them");
        }
        Ok(Self { authority, prefix, is_loopback })
    }
}

/// A part of a repository's name (github.com/opencontainers/distribution-spec, "Pulling manifests").
pub(crate) fn is_component(text: &str) -> bool {
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    let starts_and_ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    starts_and_ends(text.chars().next())
        && starts_and_ends(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || is_separator(c))
        && !["..", "._", "_.", ".-", "-.", "_-", "-_", "___"].iter().any(|pair| text.contains(pair))
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refuse = |problem| {
            // What stands before an `@` is a password as often as not.
            let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("…@{rest}"));
            LocationError { found: shown.chars().take(100).flat_map(char::escape_debug).collect(), problem }
        };
        if text.len() > REGISTRY_LOCATION_BYTES_MAX {
            return Err(refuse("it is too long"));
        }
        if let Some(rest) = text.strip_prefix(SCHEME) {
            return OciLocation::parse(rest).map(Self::Oci).map_err(refuse);
        }
        if text.contains("://") {
            return Err(refuse("of addresses, only those that begin with `oci://` are known"));
        }
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }
}

impl fmt::Display for OciLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.authority)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Oci(oci) => oci.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_has_one_spelling_and_one_name_in_the_files() {
        for (text, shown) in [
            ("oci://Registry.Example/Plugins", None),
            ("oci://Registry.Example/plugins/", Some("oci://registry.example/plugins")),
            ("oci://registry.example:443/plugins", Some("oci://registry.example/plugins")),
            ("oci://127.0.0.1:5000", Some("oci://127.0.0.1:5000")),
            ("oci://[::1]:5000/a/b-c__d", Some("oci://[::1]:5000/a/b-c__d")),
            ("./folder", Some("./folder")),
        ] {
            assert_eq!(text.parse::<Location>().ok().map(|place| place.to_string()).as_deref(), shown, "{text}");
        }
        assert_eq!(read("oci://a.test/x").slug(), read("oci://A.test:443/x/").slug());
        assert_ne!(read("oci://a.test/x").slug(), read("oci://a.test/y").slug());
    }

    #[test]
    fn only_what_is_on_this_machine_is_loopback() {
        let is_loopback = |text: &str| matches!(read(text), Location::Oci(oci) if oci.is_loopback());
        assert!(["oci://localhost:5000", "oci://127.8.0.1", "oci://[::1]:5000/x"].into_iter().all(is_loopback));
        assert!(!["oci://localhost.example", "oci://10.0.0.1:5000", "oci://128.0.0.1", "folder"].into_iter().any(is_loopback));
    }

    #[test]
    fn refusals_say_what_is_wrong_with_the_place() {
        let long = format!("oci://registry.example/{}", "a".repeat(REGISTRY_LOCATION_BYTES_MAX));
        let places = [
            "https://registry.example/plugins",
            "oci://",
            "oci://me:secret@registry.example",
            "oci://registry.example/plugins?x",
            "oci://registry.example/Plug ins",
            "oci://registry.example/a..b",
            long.as_str(),
            "",
        ];
        insta::assert_snapshot!(places.map(|place| place.parse::<Location>().unwrap_err().to_string()).join("\n"));
    }
}
