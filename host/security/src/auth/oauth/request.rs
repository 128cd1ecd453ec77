//! What a program asks a person for, before the person sees it.
//!
//! A browser is sent back to a program only when that program and the address are known. Everything else is told to the person, who
//! is then still on octi's own page: octi never leads anybody elsewhere on the word of a link.

use octi_domain::limits;
use url::Url;

use super::place::is_loopback;
use super::{Described, Place, Refused, Scope, Word, redirect};

/// What stands in the address of the page, as the program wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub response_type: Option<String>,
    pub client_id: String,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub resource: Option<String>,
}

/// What a person can agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub client: Described,
    /// The host that the person is sent back to, or the scheme of a program's own.
    pub redirect_host: String,
    /// The program is on the machine of the browser.
    pub is_loopback: bool,
    pub scope: Scope,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) resource: String,
    back: Back,
}

/// What a person cannot agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Who asks, or where they are, is not known: nothing is sent anywhere.
    Unknown(Refused),
    /// The program may hear of it, when the person goes there.
    Wrong(Box<Wrong>),
}

/// What a known program asks for and does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub refused: Refused,
    pub client: Described,
    pub redirect_host: String,
    /// The address at which the program hears of it.
    pub back: String,
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Allow(Scope),
    Refuse,
}

/// The way to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Back {
    url: Url,
    state: Option<String>,
    issuer: String,
}

impl Back {
    fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(pairs);
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.append_pair("iss", &self.issuer);
        }
        url.into()
    }

    fn with_error(&self, refused: &Refused) -> String {
        self.with(&[("error", refused.word.as_str()), ("error_description", &refused.text)])
    }
}

impl Request {
    /// Checks what a program asks for: `client` is the one of its id, if there is one.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn check(asked: Asked, client: Option<Described>, place: &Place) -> Result<Self, Unfit> {
        let unknown = |word, text: &str| Unfit::Unknown(Refused::new(word, text));
        let Some(client) = client else {
            let text = "this octi does not know the program that asks: begin again in the program, so that it registers anew";
            return Err(unknown(Word::InvalidClient, text));
        };
        let redirect_uri = match (asked.redirect_uri.clone(), client.redirect_uris.as_slice()) {
            (Some(uri), _) => uri,
            (None, [only]) => only.clone(),
            (None, _) => {
                return Err(unknown(Word::InvalidRequest, "the program does not say where to go back to (`redirect_uri`)"));
            }
        };
        let parsed =
            redirect::check(&redirect_uri).ok().filter(|_| redirect::is_registered(&redirect_uri, &client.redirect_uris));
        let Some(url) = parsed else {
            let text = "the program asks to go back to an address that it did not register (`redirect_uri`): do not go on if you did \
                        not begin this yourself";
            return Err(unknown(Word::InvalidRequest, text));
        };
        if asked.state.as_ref().is_some_and(|state| state.len() > limits::OAUTH_STATE_BYTES_MAX) {
            return Err(unknown(Word::InvalidRequest, "the program's `state` is longer than 2000 bytes"));
        }
        let (redirect_host, is_loopback) = (redirect::host(&url), is_loopback(&url));
        let back = Back { url, state: asked.state.clone(), issuer: place.issuer().to_owned() };
        match fit(&asked, place) {
            Ok((scope, challenge)) => {
                let resource = place.resource();
                Ok(Self { client, redirect_host, is_loopback, scope, redirect_uri, challenge, resource, back })
            }
            Err(refused) => {
                let back = back.with_error(&refused);
                Err(Unfit::Wrong(Box::new(Wrong { refused, client, redirect_host, back })))
            }
        }
    }

    /// Where the browser goes with a code.
    pub(super) fn with_code(&self, code: &str) -> String {
        self.back.with(&[("code", code)])
    }

    /// Where it goes after a no.
    pub(super) fn with_refusal(&self) -> String {
        self.back.with_error(&Refused::new(Word::AccessDenied, "the person said no"))
    }
}

/// What does not depend on who asks.
fn fit(asked: &Asked, place: &Place) -> Result<(Scope, String), Refused> {
    if asked.response_type.as_deref() != Some("code") {
        return Err(Refused::new(Word::UnsupportedResponseType, "`response_type` must be `code`"));
    }
    // Without a method it would be `plain`, which proves nothing to whoever reads the address.
    if asked.code_challenge_method.as_deref() != Some("S256") {
        return Err(Refused::new(Word::InvalidRequest, "`code_challenge_method` must be `S256` (PKCE)"));
    }
    let challenge = asked.code_challenge.clone().filter(|text| is_challenge(text));
    let challenge = challenge.ok_or_else(|| {
        Refused::new(
            Word::InvalidRequest,
            "`code_challenge` must be the SHA-256 of the verifier in base64url, of 43 characters (PKCE)",
        )
    })?;
    let scope = Scope::asked(asked.scope.as_deref())?;
    if asked.resource.as_deref().is_some_and(|resource| !place.is_meant(resource)) {
        let text = format!("`resource` is not this server: tokens of this octi are for `{}`", place.resource());
        return Err(Refused::new(Word::InvalidTarget, text));
    }
    Ok((scope, challenge))
}

fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn asked() -> Asked {
        Asked {
            response_type: Some("code".to_owned()),
            client_id: "client_x".to_owned(),
            redirect_uri: Some("http://127.0.0.1:49152/cb?own=1".to_owned()),
            state: Some("a b&c".to_owned()),
            code_challenge: Some(CHALLENGE.to_owned()),
            code_challenge_method: Some("S256".to_owned()),
            ..Asked::default()
        }
    }

    fn check(asked: Asked) -> Result<Request, Unfit> {
        let client = Described {
            id: asked.client_id.clone(),
            name: "Editor".to_owned(),
            redirect_uris: vec!["http://127.0.0.1/cb?own=1".to_owned(), "https://a.example/".to_owned()],
            host: None,
        };
        Request::check(asked, Some(client), &Place::new("http://127.0.0.1:3005").unwrap())
    }

    #[test]
    fn a_code_goes_back_with_the_state_and_the_issuer() {
        let request = check(asked()).unwrap();
        assert_eq!((request.redirect_host.as_str(), request.is_loopback, request.scope), ("127.0.0.1", true, Scope::Everything));
        let back = request.with_code("octi_oac_x");
        assert_eq!(back, "http://127.0.0.1:49152/cb?own=1&code=octi_oac_x&state=a+b%26c&iss=http%3A%2F%2F127.0.0.1%3A3005");
        assert!(request.with_refusal().contains("?own=1&error=access_denied&"));
    }

    #[test]
    fn who_or_where_is_unknown_leads_nowhere() {
        let place = Place::new("http://127.0.0.1:3005").unwrap();
        let unknown = |unfit: Result<Request, Unfit>| matches!(unfit, Err(Unfit::Unknown(_)));
        assert!(unknown(Request::check(asked(), None, &place)));
        for uri in [Some("https://evil.example/"), Some("https://a.example/x"), Some("javascript:alert(1)"), None] {
            assert!(unknown(check(Asked { redirect_uri: uri.map(str::to_owned), ..asked() })), "{uri:?}");
        }
        assert!(unknown(check(Asked { state: Some("x".repeat(limits::OAUTH_STATE_BYTES_MAX + 1)), ..asked() })));
    }

    #[test]
    fn what_is_wrong_otherwise_is_for_the_program_to_hear() {
        let word = |asked: Asked| match check(asked) {
            Err(Unfit::Wrong(wrong)) => {
                assert!(wrong.back.starts_with("http://127.0.0.1:49152/cb?own=1&error="), "{}", wrong.back);
                wrong.refused.word
            }
            other => panic!("{other:?}"),
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(word(Asked { response_type: text("token"), ..asked() }), Word::UnsupportedResponseType);
        assert_eq!(word(Asked { response_type: None, ..asked() }), Word::UnsupportedResponseType);
        assert_eq!(word(Asked { code_challenge_method: text("plain"), ..asked() }), Word::InvalidRequest);
        assert_eq!(word(Asked { code_challenge_method: None, ..asked() }), Word::InvalidRequest);
        assert_eq!(word(Asked { code_challenge: None, ..asked() }), Word::InvalidRequest);
        assert_eq!(word(Asked { code_challenge: text(&format!("{CHALLENGE}=")), ..asked() }), Word::InvalidRequest);
        assert_eq!(word(Asked { scope: text("admin"), ..asked() }), Word::InvalidScope);
        assert_eq!(word(Asked { resource: text("https://other.example/mcp"), ..asked() }), Word::InvalidTarget);
    }
}
