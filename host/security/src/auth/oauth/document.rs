//! Programs that are described at an address of their own, which is their name (Client ID Metadata Documents): nothing is registered,
//! and the host of the address vouches for what stands there.

use octi_domain::limits;
use serde::Deserialize;
use url::Url;

use super::{Described, Refused, Registration, Word};

/// What octi looks at of a description.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
}

impl Described {
    /// Whether a program of that id is described at an address of its own.
    #[must_use]
    pub fn is_at_address(id: &str) -> bool {
        id.starts_with("https:")
    }

    /// The address at which a program of that id is described.
    ///
    /// # Errors
    /// [`Refused`] for an address that no program may have.
    pub fn address(id: &str) -> Result<Url, Refused> {
        let refused = |text: &str| Refused::new(Word::InvalidClient, text);
        let expected =
            "the address of a program's description is `https`, has a path, and nothing that could be written in two ways";
        let url = Url::parse(id).map_err(|_| refused(expected))?;
        let is_plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && url.path() != "/"
            && url.as_str() == id
            && id.len() <= limits::OAUTH_ADDRESS_BYTES_MAX;
        if is_plain { Ok(url) } else { Err(refused(expected)) }
    }

    /// What stands there.
    ///
    /// # Errors
    /// [`Refused`] for a description that is of another program, or of one that octi gives nothing to.
    pub fn read(id: &str, bytes: &[u8]) -> Result<Self, Refused> {
        let host = Self::address(id)?.host_str().unwrap_or_default().to_owned();
        let refused = |text: String| Refused::new(Word::InvalidClient, text);
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| refused(format!("what stands at `{host}` is no description of a program: {error}")))?;
        if document.client_id != id {
            return Err(refused(format!("what stands at `{host}` describes another program")));
        }
        // Keys and secrets of programs are none that octi could check.
        if document.token_endpoint_auth_method.is_some_and(|method| method != "none") {
            return Err(refused("octi lets in programs whose `token_endpoint_auth_method` is `none`".to_owned()));
        }
        let registration = Registration {
            name: document.client_name,
            redirect_uris: document.redirect_uris,
            grant_types: document.grant_types,
            response_types: document.response_types,
        };
        let name = registration.check()?;
        Ok(Self { id: id.to_owned(), name, redirect_uris: registration.redirect_uris, host: Some(host) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "https://app.example/octi.json";

    fn read(document: &Value) -> Result<Described, Refused> {
        Described::read(ID, document.to_string().as_bytes())
    }

    #[test]
    fn a_description_is_of_the_program_at_its_address() {
        let good = json!({"client_id": ID, "client_name": "App", "redirect_uris": ["http://127.0.0.1/cb"], "jwks": {}});
        let described = read(&good).unwrap();
        assert_eq!((described.name.as_str(), described.host.as_deref()), ("App", Some("app.example")));
        for (field, value) in [
            ("client_id", json!("https://app.example/other.json")),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!(["javascript:x"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("grant_types", json!(["client_credentials"])),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert!(Described::read(ID, b"<html>").is_err());
    }

    #[test]
    fn an_address_is_written_in_one_way() {
        assert!(Described::address(ID).is_ok());
        for id in [
            "http://app.example/octi.json",
            "https://app.example",
            "https://app.example/",
            "https://app.example/a/../octi.json",
            "https://app.example:443/octi.json",
            "https://APP.example/octi.json",
            "https://u@app.example/octi.json",
            "https://app.example/octi.json#x",
            "https://app.example/octi json",
        ] {
            assert!(Described::address(id).is_err(), "{id}");
        }
    }
}
