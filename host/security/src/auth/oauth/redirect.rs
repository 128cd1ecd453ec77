//! Where a browser may be sent back with a code.
//!
//! Only to addresses that the program named beforehand, letter for letter. One exception (RFC 8252): a program on the person's own
//! machine listens on whatever port is free, so a port of the loopback does not count.

use octi_domain::limits;
use url::Url;

use super::place::is_loopback;
use super::{Refused, Word};

/// An address that may be registered.
pub(super) fn check(text: &str) -> Result<Url, Refused> {
    let refused = |why: &str| Refused::new(Word::InvalidRedirectUri, why);
    if text.len() > limits::OAUTH_ADDRESS_BYTES_MAX {
        return Err(refused("a redirect address may have 2000 bytes"));
    }
    // A URL parser mends such characters, and the browser and the program would see two addresses.
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'*' | b'<' | b'>' | b'"')) {
        return Err(refused("a redirect address is of visible ASCII characters, without `\\`, `*`, `<`, `>` and quotes"));
    }
    let url = Url::parse(text).map_err(|_| refused("a redirect address is whole, such as `http://127.0.0.1/callback`"))?;
    if text.contains('#') {
        return Err(refused("a redirect address has no fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("a redirect address names nobody before its host"));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => {
            Err(refused("over `http` a redirect address is on `127.0.0.1`, `[::1]` or `localhost`; elsewhere it is `https`"))
        }
        scheme if scheme.contains('.') => Ok(url),
        _ => Err(refused(
            "a redirect address is `https`, on the loopback, or has a scheme of the program's own domain such as `com.example.app`",
        )),
    }
}

/// Whether that is one of the addresses a program named.
pub(super) fn is_registered(asked: &str, registered: &[String]) -> bool {
    if registered.iter().any(|known| known == asked) {
        return true;
    }
    let Some(asked) = without_port(asked) else { return false };
    registered.iter().filter_map(|known| without_port(known)).any(|known| known == asked)
}

/// An address of the loopback whose port does not count.
fn without_port(text: &str) -> Option<Url> {
    let mut url = check(text).ok().filter(|url| url.scheme() == "http" && is_loopback(url))?;
    url.set_port(None).ok()?;
    Some(url)
}

/// What a person is told of where they will be sent.
pub(super) fn host(url: &Url) -> String {
    url.host_str().map_or_else(|| format!("{}:", url.scheme()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_lead_to_one_program_may_be_registered() {
        for text in [
            "https://app.example/callback?from=octi",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:8080/callback",
            "http://[::1]:1/",
            "http://localhost:33418",
            "com.example.app:/callback",
            "com.example.app:callback",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "callback",
            "//evil.example/",
            "http://app.example/callback",
            "http://192.0.2.1/callback",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "https://*.example/callback",
            "https://app.example/*",
            "https://app.example/callback#x",
            "https://app.example/callback#",
            "https://user@app.example/",
            "https://user:word@app.example/",
            "https:\\\\app.example\\",
            "https://app.example/\n",
            " https://app.example/",
            "https://app.example/a b",
            "https://äpp.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)//a.b",
            "data:text/html,x",
            "file:///etc/passwd",
            "vscode://callback",
            "ws://127.0.0.1/",
            "https:",
        ] {
            assert_eq!(check(text).map_err(|refused| refused.word), Err(Word::InvalidRedirectUri), "{text}");
        }
        let long = format!("https://app.example/{}", "x".repeat(limits::OAUTH_ADDRESS_BYTES_MAX));
        assert!(check(&long).is_err());
    }

    #[test]
    fn an_address_counts_letter_for_letter_but_for_a_port_of_the_loopback() {
        let registered = |known: &str, asked: &str| is_registered(asked, &[known.to_owned()]);
        assert!(registered("https://a.example/cb", "https://a.example/cb"));
        for asked in [
            "https://a.example/cb/",
            "https://a.example/cb?x=1",
            "https://a.example/CB",
            "https://a.example:443/cb",
            "https://a.example/x/../cb",
            "https://b.example/cb",
            "http://a.example/cb",
        ] {
            assert!(!registered("https://a.example/cb", asked), "{asked}");
        }
        assert!(registered("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"));
        assert!(registered("http://127.0.0.1:8080/cb", "http://127.0.0.1:49152/cb"));
        assert!(registered("http://[::1]/cb", "http://[::1]:49152/cb"));
        for asked in [
            "http://localhost:49152/cb",
            "http://127.0.0.1:49152/other",
            "http://127.0.0.1:49152/cb?x",
            "https://127.0.0.1:49152/cb",
            "http://127.0.0.1:49152@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
        ] {
            assert!(!registered("http://127.0.0.1/cb", asked), "{asked}");
        }
    }
}
