//! Addresses that the operator set for plugins. A plugin knows their names, never the addresses.

use std::collections::BTreeMap;

use url::Url;

use super::EgressError;

/// The scheme of an address below an endpoint: `endpoint://searxng/search?q=octi`.
pub const ENDPOINT_SCHEME: &str = "endpoint";

/// The endpoints of this host.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    known: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Clone)]
struct Endpoint {
    /// What the operator sets.
    setting: String,
    url: Option<Url>,
}

impl Endpoints {
    /// Adds one. Without an address it is known, and whoever asks for it learns which setting is missing.
    #[must_use]
    pub fn with(mut self, name: &str, setting: &str, url: Option<Url>) -> Self {
        self.known.insert(name.to_owned(), Endpoint { setting: setting.to_owned(), url });
        self
    }

    /// The setting behind a name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|endpoint| endpoint.setting.as_str())
    }

    /// The address that `endpoint://name/path?query` stands for: below the operator's address, whatever the path says.
    ///
    /// # Errors
    /// When there is no such endpoint, it is not set, or the path leads out of it.
    pub fn resolve(&self, name: &str, url: &Url) -> Result<Url, EgressError> {
        let Some(endpoint) = self.known.get(name) else {
            let names: Vec<String> = self.known.keys().map(|name| format!("`{name}`")).collect();
            return Err(EgressError::Invalid(format!(
                "there is no endpoint `{name}` in this host; there is {}",
                names.join(", ")
            )));
        };
        let Some(base) = &endpoint.url else {
            return Err(EgressError::NotSet { name: name.to_owned(), setting: endpoint.setting.clone() });
        };
        let front = base.path().trim_end_matches('/');
        let mut target = base.clone();
        target.set_path(&format!("{front}{}", url.path()));
        target.set_query(url.query());
        target.set_fragment(None);
        // The parser resolves `..` and `\` where it reads them.
        let inside = target.path().strip_prefix(front).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !inside || target.origin() != base.origin() {
            return Err(EgressError::Invalid(format!("the path `{}` leads out of the endpoint `{name}`", url.path())));
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(url: &str) -> Result<String, EgressError> {
        let base = Url::parse("http://10.0.0.5:8080/searx/?x=1").unwrap();
        let endpoints = Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", Some(base)).with("other", "OCTI_OTHER", None);
        let url = Url::parse(url).unwrap();
        endpoints.resolve(url.host_str().unwrap_or_default(), &url).map(String::from)
    }

    #[test]
    fn paths_go_below_the_operators_address() {
        assert_eq!(resolve("endpoint://searxng/search?q=a%20b#c").as_deref(), Ok("http://10.0.0.5:8080/searx/search?q=a%20b"));
        assert_eq!(resolve("endpoint://searxng").as_deref(), Ok("http://10.0.0.5:8080/searx"));
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        assert_eq!(resolve("endpoint://searxng/../admin").as_deref(), Ok("http://10.0.0.5:8080/searx/admin"), "resolved before");
        for url in ["endpoint://searxng/..\\admin", "endpoint://searxng/a\\..\\..\\admin"] {
            assert!(matches!(resolve(url), Err(EgressError::Invalid(_))), "{url}: {:?}", resolve(url));
        }
    }

    #[test]
    fn what_is_not_there_says_what_is() {
        assert_eq!(
            resolve("endpoint://other/").unwrap_err().to_string(),
            "the endpoint `other` is not set up: the operator sets `OCTI_OTHER`"
        );
        assert!(resolve("endpoint://nothing/").unwrap_err().to_string().contains("`other`, `searxng`"));
    }
}
