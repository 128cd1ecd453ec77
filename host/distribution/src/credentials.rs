//! Who one is to a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits::REGISTRY_CREDENTIALS_BYTES_MAX;
use secrecy::SecretString;
use serde::Deserialize;

use crate::location::OciLocation;

/// A name and a password, or a token in the place of one.
#[derive(Clone)]
pub struct Credentials {
    pub user: String,
    pub password: SecretString,
}

/// Why a file with credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error("cannot read the credentials in `{}`", .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error(
        "the credentials in `{}` cannot be read: they are not JSON with `auths`, or have more than {REGISTRY_CREDENTIALS_BYTES_MAX} bytes; sign in anew with the tool that wrote them",
        .0.display()
    )]
    Malformed(PathBuf),
    #[error(
        "the credentials of `{registry}` are not in `{}` but with the program `{helper}`, which octi does not start; set `OCTI_REGISTRY_HOST`, `OCTI_REGISTRY_USER` and `OCTI_REGISTRY_PASSWORD`",
        path.display()
    )]
    Helper { path: PathBuf, registry: String, helper: String },
}

/// What `docker login`, `podman login`, `skopeo login` and `oras login` write.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logins {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    auth: Option<String>,
}

impl Credentials {
    /// What another tool's login left in its file for this registry; none when the file, or the registry in it, is not there.
    /// It waits for the disk.
    ///
    /// # Errors
    /// [`CredentialsError`], also when only a helper program would know.
    pub fn from_login(path: &Path, location: &OciLocation) -> Result<Option<Self>, CredentialsError> {
        let io = |error| CredentialsError::Io(path.to_owned(), error);
        let malformed = || CredentialsError::Malformed(path.to_owned());
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(io)?,
        };
        let mut bytes = Vec::new();
        file.take(REGISTRY_CREDENTIALS_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() > REGISTRY_CREDENTIALS_BYTES_MAX {
            return Err(malformed());
        }
        let logins: Logins = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        // One registry has another name in these files, since before there were others.
        let registry = if location.host() == "index.docker.io" { "https://index.docker.io/v1/" } else { location.authority() };
        if let Some(login) = logins.auths.get(registry).and_then(|login| login.auth.as_ref()) {
            let decoded = STANDARD.decode(login).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let (user, password) = decoded.as_deref().and_then(|login| login.split_once(':')).ok_or_else(malformed)?;
            return Ok(Some(Self { user: user.to_owned(), password: password.into() }));
        }
        let is_known = logins.auths.contains_key(registry);
        match logins.cred_helpers.get(registry).or(logins.creds_store.as_ref().filter(|_| is_known)) {
            Some(helper) => {
                let helper = helper.chars().take(100).flat_map(char::escape_debug).collect();
                Err(CredentialsError::Helper { path: path.to_owned(), registry: registry.to_owned(), helper })
            }
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::Location;

    fn found(logins: &str) -> Result<Option<(String, String)>, CredentialsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, logins).unwrap();
        let Ok(Location::Oci(location)) = "oci://registry.example:5000/plugins".parse() else { panic!("no place") };
        let found = Credentials::from_login(&path, &location)?;
        assert!(!format!("{found:?}").contains("secret"));
        Ok(found.map(|found| (found.user, found.password.expose_secret().to_owned())))
    }

    #[test]
    fn what_another_tools_login_left_is_found() {
        let ours = format!(r#"{{"auths":{{"registry.example:5000":{{"auth":"{}"}}}}}}"#, STANDARD.encode("me:sec:ret"));
        assert_eq!(found(&ours).unwrap(), Some(("me".to_owned(), "sec:ret".to_owned())));
        assert_eq!(found(&ours.replace(":5000", ":5001")).unwrap(), None);
        assert_eq!(found(r#"{"credsStore":"pass"}"#).unwrap(), None);
    }

    #[test]
    fn a_login_that_cannot_be_used_says_why() {
        let error = found(r#"{"auths":{"registry.example:5000":{}},"credsStore":"pass"}"#).unwrap_err().to_string();
        assert!(error.contains("the program `pass`") && error.contains("OCTI_REGISTRY_USER"), "{error}");
        assert!(matches!(found("{"), Err(CredentialsError::Malformed(_))));
        assert!(matches!(found(&" ".repeat(REGISTRY_CREDENTIALS_BYTES_MAX + 1)), Err(CredentialsError::Malformed(_))));
        let of_no_password = format!(r#"{{"auths":{{"registry.example:5000":{{"auth":"{}"}}}}}}"#, STANDARD.encode("me"));
        assert!(matches!(found(&of_no_password), Err(CredentialsError::Malformed(_))));
    }
}
