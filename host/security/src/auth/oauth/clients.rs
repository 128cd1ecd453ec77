//! Programs, as they describe themselves. Nothing of it is proven but where a program is sent back to, and whose address it has when
//! it describes itself there.

use std::net::IpAddr;

use chrono::TimeDelta;
use octi_domain::limits;
use octi_store::{OauthClient, Tx};

use super::{OauthError, Refused, Word, redirect};
use crate::auth::{Auth, JOB, random_word};
use crate::guard::clean;

/// What a program is called that does not say.
const NAMELESS: &str = "a program without a name";

/// What a program says when it registers (RFC 7591). What octi does not know is left unsaid in its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    pub name: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
}

/// A program that may ask a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    /// Who vouches for it: the host of the address where it describes itself. None registered itself.
    pub host: Option<String>,
}

impl Registration {
    /// The name to show, and the addresses that may be used.
    pub(super) fn check(&self) -> Result<String, Refused> {
        let metadata = |text: &str| Refused::new(Word::InvalidClientMetadata, text);
        if self.grant_types.as_ref().is_some_and(|types| !types.iter().any(|kind| kind == "authorization_code")) {
            return Err(metadata(
                "octi gives tokens for an `authorization_code` and a `refresh_token`: name the first in `grant_types`",
            ));
        }
        if self.response_types.as_ref().is_some_and(|types| !types.iter().any(|kind| kind == "code")) {
            return Err(metadata("octi answers with a `code`: name it in `response_types`"));
        }
        if self.redirect_uris.is_empty() || self.redirect_uris.len() > limits::OAUTH_REDIRECTS_MAX {
            let text = format!("`redirect_uris` has 1 to {} addresses", limits::OAUTH_REDIRECTS_MAX);
            return Err(Refused::new(Word::InvalidRedirectUri, text));
        }
        for (at, uri) in self.redirect_uris.iter().enumerate() {
            redirect::check(uri)
                .map_err(|refused| Refused::new(refused.word, format!("`redirect_uris[{at}]`: {}", refused.text)))?;
        }
        let name: String = clean(self.name.as_deref().unwrap_or_default()).chars().take(limits::NAME_CHARS_MAX).collect();
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(if name.is_empty() { NAMELESS.to_owned() } else { name })
    }
}

impl Auth {
    /// Registers a program that asks from there.
    ///
    /// # Errors
    /// [`OauthError::Refused`] for what it says, and when there is no room.
    pub async fn register_program(&self, registration: &Registration, from: IpAddr) -> Result<OauthClient, OauthError> {
        let name = registration.check()?;
        let client = OauthClient {
            id: format!("client_{}", random_word(&self.ambient)),
            name,
            redirect_uris: registration.redirect_uris.clone(),
            registered_from: from.to_string(),
            created_at: self.ambient.now(),
            last_used_at: None,
        };
        let mut tx = self.store.write(&JOB).await?;
        make_room(&mut tx, &client).await?;
        tx.insert_oauth_client(&client).await?;
        tx.save().await?;
        tracing::info!(client = client.id, address = %from, "a program registered itself");
        Ok(client)
    }

    /// The program that registered itself under that id.
    ///
    /// # Errors
    /// [`OauthError::Auth`].
    pub async fn registered_program(&self, id: &str) -> Result<Option<Described>, OauthError> {
        let found = self.store.read(&JOB).await?.oauth_client(id).await?;
        Ok(found.map(|client| Described { id: client.id, name: client.name, redirect_uris: client.redirect_uris, host: None }))
    }
}

/// Anybody may register, so what nobody let in makes room for what comes: first there, then everywhere.
async fn make_room(tx: &mut Tx<'_>, client: &OauthClient) -> Result<(), OauthError> {
    let now = client.created_at;
    let unused = now - TimeDelta::days(limits::OAUTH_CLIENT_UNUSED_DAYS);
    tx.forget_oauth_clients(unused, now - TimeDelta::days(limits::OAUTH_CLIENT_IDLE_DAYS)).await?;
    let (all, of_address) = tx.count_oauth_clients(&client.registered_from).await?;
    if of_address >= limits::OAUTH_CLIENTS_PER_ADDRESS_MAX {
        tx.forget_oldest_oauth_client(Some(&client.registered_from)).await?;
    } else if all >= limits::OAUTH_CLIENTS_MAX && !tx.forget_oldest_oauth_client(None).await? {
        let text = "too many programs are registered here: use a token of `octi token create`, or try again in some days";
        return Err(Refused::new(Word::TemporarilyUnavailable, text).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(uris: &[&str]) -> Registration {
        Registration { redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..Registration::default() }
    }

    #[test]
    fn a_name_is_cleaned_and_cut() {
        let named =
            |name: &str| Registration { name: Some(name.to_owned()), ..registration(&["http://127.0.0.1/"]) }.check().unwrap();
        assert_eq!(named(" My\n editor\u{1b}[31m "), "My editor");
        assert_eq!(named(""), NAMELESS);
        assert_eq!(named(&"x".repeat(1_000)).chars().count(), limits::NAME_CHARS_MAX);
    }

    #[test]
    fn what_octi_cannot_do_is_refused_by_its_field() {
        let refused = |registration: Registration| {
            let refused = registration.check().unwrap_err();
            (refused.word, refused.text)
        };
        assert_eq!(refused(registration(&[])).0, Word::InvalidRedirectUri);
        assert_eq!(refused(registration(&["http://127.0.0.1/"; limits::OAUTH_REDIRECTS_MAX + 1])).0, Word::InvalidRedirectUri);
        let (word, text) = refused(registration(&["http://127.0.0.1/", "javascript:x"]));
        assert!(word == Word::InvalidRedirectUri && text.starts_with("`redirect_uris[1]`: "), "{text}");
        let implicit = Registration { grant_types: Some(vec!["implicit".to_owned()]), ..registration(&["http://127.0.0.1/"]) };
        assert_eq!(refused(implicit).0, Word::InvalidClientMetadata);
        let token = Registration { response_types: Some(vec!["token".to_owned()]), ..registration(&["http://127.0.0.1/"]) };
        assert_eq!(refused(token).0, Word::InvalidClientMetadata);
    }
}
