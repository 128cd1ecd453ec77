//! What a server said when it wanted somebody to sign in, or to sign in for more.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, StatusCode, header};
use octi_domain::limits;
use rmcp::transport::auth::WWWAuthenticateParams;
use url::Url;

/// A refusal that signing in may end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::client) struct Refusal {
    /// `WWW-Authenticate` as it came: it says where to sign in, and what for. Only rmcp reads it.
    pub(super) challenge: String,
    /// What more it wants than was granted; none when nobody is signed in.
    pub(in crate::client) scope: Option<String>,
}

#[derive(Debug, Default)]
struct Heard {
    last: Option<Refusal>,
    is_new: bool,
}

/// The last refusal of a server.
#[derive(Debug, Default)]
pub(in crate::client) struct Refusals(Mutex<Heard>);

impl Refusals {
    /// Takes note of an answer that is one.
    pub(in crate::client) fn hear(&self, url: &Url, status: StatusCode, headers: &HeaderMap) {
        let said = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let mut said = said.filter(|text| text.len() <= limits::MCP_PROBLEM_BYTES_MAX);
        let refusal = match status {
            StatusCode::UNAUTHORIZED => Some(Refusal { challenge: said.next().unwrap_or_default().to_owned(), scope: None }),
            StatusCode::FORBIDDEN => said.find_map(|text| {
                let params = WWWAuthenticateParams::parse(text, url);
                let scope = params.is_insufficient_scope().then(|| params.scope.unwrap_or_default())?;
                Some(Refusal { challenge: text.to_owned(), scope: Some(scope) })
            }),
            _ => None,
        };
        if let Some(refusal) = refusal {
            *self.heard() = Heard { last: Some(refusal), is_new: true };
        }
    }

    /// What was refused before is not the reason for what fails from now on.
    pub(in crate::client) fn begin(&self) {
        self.heard().is_new = false;
    }

    /// The refusal since then.
    pub(in crate::client) fn new_one(&self) -> Option<Refusal> {
        let heard = self.heard();
        heard.last.clone().filter(|_| heard.is_new)
    }

    /// The last one, for whoever signs in.
    pub(super) fn last(&self) -> Option<Refusal> {
        self.heard().last.clone()
    }

    /// Somebody signed in.
    pub(super) fn clear(&self) {
        *self.heard() = Heard::default();
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn heard(status: u16, said: &'static str) -> Option<Refusal> {
        let refusals = Refusals::default();
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, HeaderValue::from_static(said))]);
        refusals.hear(&Url::parse("https://mcp.example/mcp").unwrap(), StatusCode::from_u16(status).unwrap(), &headers);
        refusals.new_one()
    }

    #[test]
    fn a_server_that_wants_a_sign_in_or_more_of_one_is_heard_and_no_other() {
        assert_eq!(heard(401, "Bearer").map(|refusal| refusal.scope), Some(None));
        let more = heard(403, "Bearer error=\"insufficient_scope\", scope=\"files:write\"");
        assert_eq!(more.and_then(|refusal| refusal.scope).as_deref(), Some("files:write"));
        assert_eq!(heard(403, "Bearer error=\"invalid_token\""), None);
        assert_eq!(heard(200, "Bearer"), None);
    }
}
