//! What a caller proves with who they are, and the cookie that browsers do it with.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use chrono::{DateTime, Utc};
use cookie::{Cookie, SameSite};
use octi_domain::ids::{ProgramId, SignInId, TokenId};
use octi_domain::principal::Principal;
use octi_security::auth::oauth::Scope;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{ApiError, ApiResult};
use crate::origin::Origin;
use crate::state::Gateway;

/// The cookie of a signed-in browser.
const COOKIE_NAME: &str = "octi_session";
/// The beginning of every API token.
pub(crate) const TOKEN_PREFIX: &str = "octi_";

/// What a caller shows.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// An API token, or the machine's own token.
    Token(SecretString),
    /// The value of a browser's cookie.
    Cookie(SecretString),
    /// A key whose signature was checked.
    Signed(TokenId),
    /// A program that a person let in, whose access token was checked. No header shows it but to MCP.
    Program(ProgramId, Scope),
}

/// Whose credential it is.
pub(crate) struct Holder {
    pub(crate) principal: Principal,
    /// The browser, when it is one.
    pub(crate) sign_in: Option<SignInId>,
}

impl Credential {
    /// What these headers show: a token counts before a cookie. Another scheme is not ours: a proxy in front may have one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.split_once(' '));
        if let Some((_, token)) = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
            return Some(Self::Token(token.trim().into()));
        }
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let ours = cookies.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == COOKIE_NAME)?;
        Some(Self::Cookie(ours.value().into()))
    }

    /// Whose it is. The machine's own token works on this machine only.
    pub(crate) async fn check(&self, gateway: &Gateway, address: Option<SocketAddr>) -> ApiResult<Holder> {
        let is_near = || address.is_some_and(|address| address.ip().to_canonical().is_loopback());
        let (principal, sign_in) = match self {
            Self::Token(token) if token.expose_secret().starts_with(TOKEN_PREFIX) => {
                (gateway.auth.by_token(token.expose_secret()).await?, None)
            }
            Self::Token(token) if is_near() => (gateway.auth.by_local_token(token.expose_secret()).await?, None),
            Self::Token(_) => return Err(ApiError::unauthenticated()),
            Self::Program(id, _) => (gateway.auth.by_program(*id).await?, None),
            Self::Signed(key) => (gateway.auth.by_signing_key(*key).await?, None),
            Self::Cookie(value) => {
                let (principal, sign_in, _) = gateway.auth.by_cookie(value.expose_secret()).await?;
                (principal, Some(sign_in.id))
            }
        };
        Ok(Holder { principal, sign_in })
    }
}

/// The cookie that keeps a browser signed in: unreadable for scripts, and sent by octi's own pages only.
pub(crate) fn cookie(value: &SecretString, expires_at: DateTime<Utc>, now: DateTime<Utc>, origin: Origin) -> String {
    let age = cookie::time::Duration::seconds((expires_at - now).num_seconds());
    base(value.expose_secret(), origin).max_age(age).build().to_string()
}

/// The cookie that takes the former one away.
pub(crate) fn no_cookie(origin: Origin) -> String {
    base("", origin).max_age(cookie::time::Duration::ZERO).build().to_string()
}

fn base(value: &str, origin: Origin) -> cookie::CookieBuilder<'_> {
    Cookie::build((COOKIE_NAME, value)).path("/").http_only(true).same_site(SameSite::Strict).secure(origin.is_https)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn shown(pairs: &[(&'static str, &'static str)]) -> Option<(bool, String)> {
        Credential::of(&headers(pairs)).map(|credential| match credential {
            Credential::Token(token) => (false, token.expose_secret().to_owned()),
            Credential::Cookie(value) => (true, value.expose_secret().to_owned()),
            Credential::Signed(_) | Credential::Program(..) => unreachable!("no header shows it"),
        })
    }

    #[test]
    fn a_header_counts_before_a_cookie() {
        let cookie = ("cookie", "theme=dark; octi_session=abc");
        assert_eq!(shown(&[cookie]), Some((true, "abc".to_owned())));
        assert_eq!(shown(&[("cookie", "a=b"), cookie]), Some((true, "abc".to_owned())));
        assert_eq!(shown(&[("authorization", "Bearer octi_x"), cookie]), Some((false, "octi_x".to_owned())));
        assert_eq!(shown(&[("authorization", "Basic octi_x"), cookie]), Some((true, "abc".to_owned())));
        assert_eq!(shown(&[("authorization", "Basic octi_x")]), None);
        assert_eq!(shown(&[("cookie", "octi_sessions=abc")]), None);
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn scripts_and_other_sites_never_have_the_cookie() {
        let (now, value) = (DateTime::UNIX_EPOCH, SecretString::from("abc"));
        let origin = |is_https| Origin { address: std::net::Ipv4Addr::LOCALHOST.into(), is_https };
        let plain = cookie(&value, now + chrono::TimeDelta::seconds(60), now, origin(false));
        assert_eq!(plain, "octi_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=60");
        assert!(cookie(&value, now, now, origin(true)).contains("; Secure"));
        assert_eq!(no_cookie(origin(false)), "octi_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    }
}
