//! Secrets in headers: put in by the host where the manifest binds them, and taken out of everything that comes back.

use bytes::Bytes;
use http::header::RANGE;
use http::{HeaderMap, HeaderValue};
use octi_domain::secret::{placeholder, placeholders};
use octi_extension::host::bare;
use octi_security::guard::Redactor;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Planned;
use crate::bindings::HostError;
use crate::capability::{HostResult, refuse};
use crate::state::{CallState, Services};

/// A body must not carry a placeholder: the host puts a secret into a header or nowhere.
pub(super) fn refuse_in_body(body: &[u8]) -> Result<(), HostError> {
    refuse_in("body", &String::from_utf8_lossy(body))
}

/// An address ends up in logs and histories, so no secret goes there.
pub(super) fn refuse_in(place: &str, text: &str) -> Result<(), HostError> {
    match placeholders(text).next() {
        None => Ok(()),
        Some((_, name)) => Err(HostError::Invalid(format!(
            "{place}: `{}` stands here, but a secret goes only into the header that `capabilities.vault` of the plugin.toml binds it to",
            placeholder(name)
        ))),
    }
}

/// What one request knows and its guest must not.
pub(super) struct Used(Option<Redactor>);

impl Used {
    /// Whether anything has to be taken out at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The text without the secrets of this request.
    pub(super) fn redact(&self, text: String) -> String {
        match &self.0 {
            Some(redactor) => redactor.redact(&text).into_owned(),
            None => text,
        }
    }

    /// The bytes without them. Bytes that are no text are searched as they are, each as one character.
    pub(super) fn redact_bytes(&self, bytes: Vec<u8>) -> Bytes {
        let Some(redactor) = &self.0 else { return bytes.into() };
        match String::from_utf8(bytes) {
            Ok(text) => redactor.redact(&text).into_owned().into_bytes().into(),
            Err(error) => {
                let text = one_by_one(error.as_bytes());
                redactor.redact(&text).chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
            }
        }
    }
}

fn one_by_one(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

impl CallState {
    /// Puts the secrets into the headers of a request.
    pub(super) async fn inject(&mut self, services: &Services, planned: &mut Planned) -> HostResult<Used> {
        let mut used: Vec<(String, SecretString)> = Vec::new();
        let mut headers = HeaderMap::with_capacity(planned.headers.len());
        for (name, value) in &planned.headers {
            let text = value.to_str().unwrap_or_default();
            let wanted: Vec<_> = placeholders(text).collect();
            if wanted.is_empty() {
                headers.append(name.clone(), value.clone());
                continue;
            }
            let place = refuse!(place(services, planned));
            let (mut filled, mut rest) = (String::new(), 0);
            for (range, secret) in wanted {
                refuse!(self.grant.vault(secret, &place, name.as_str()).map_err(|why| self.denied("http", why)));
                let found = services.secrets.secret(&self.caller.principal, secret).await;
                let found = refuse!(found.map_err(|error| HostError::Unavailable(error.to_string())));
                let Some(found) = found else {
                    let text = format!("you have no secret `{secret}`: set it with `octi secret set {secret}`");
                    return Ok(Err(HostError::Denied(text)));
                };
                filled.push_str(&text[rest..range.start]);
                filled.push_str(found.expose_secret().trim());
                rest = range.end;
                used.push((secret.to_owned(), found));
            }
            filled.push_str(&text[rest..]);
            let filled = SecretString::from(filled);
            let value = HeaderValue::from_str(filled.expose_secret());
            let mut value = refuse!(value.map_err(|_| {
                HostError::Denied(format!("a secret for the header `{name}` holds a character that no header may: set it again"))
            }));
            value.set_sensitive(true);
            headers.append(name.clone(), value);
        }
        planned.headers = headers;
        if used.is_empty() {
            return Ok(Ok(Used(None)));
        }
        if planned.headers.contains_key(RANGE) {
            let text = "headers: a request with a secret cannot ask for a `range` of its answer, because a part of a secret is not found in it";
            return Ok(Err(HostError::Invalid(text.to_owned())));
        }
        let bytewise = used.iter().filter(|(_, value)| !value.expose_secret().is_ascii());
        let bytewise: Vec<(String, SecretString)> =
            bytewise.map(|(name, value)| (name.clone(), one_by_one(value.expose_secret().as_bytes()).into())).collect();
        Ok(Ok(Used(Some(Redactor::new(used.into_iter().chain(bytewise))))))
    }
}

/// The host that a secret would go to, as a manifest names it; refuses where none may go.
fn place(services: &Services, planned: &Planned) -> Result<String, HostError> {
    if let Some(endpoint) = &planned.endpoint {
        return Err(HostError::Denied(format!(
            "the endpoint `{endpoint}` belongs to the operator: no person's secret goes there"
        )));
    }
    let url: &Url = &planned.target;
    let host = bare(url.host_str().unwrap_or_default());
    if url.scheme() != "https" && !services.egress.is_private_target(url) {
        return Err(HostError::Denied(format!("a secret goes to `{host}` only over `https`")));
    }
    Ok(match url.port_or_known_default() {
        Some(443) | None => host.to_owned(),
        Some(port) => format!("{host}:{port}"),
    })
}
