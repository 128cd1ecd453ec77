//! A host as manifests and operators write it.

use octi_extension::host::{HostPattern, bare};
use url::{Host, Url};

/// The first line is a pattern, the second a host. What is accepted reads back as it is shown, fits nothing but what it names, and
/// no wildcard ever fits an address.
pub fn run(data: &[u8]) {
    let Some((entry, host)) = crate::two_texts(data) else { return };
    let Ok(pattern) = HostPattern::parse(entry) else { return };
    let shown = pattern.to_string();
    assert_eq!(HostPattern::parse(&shown).as_ref(), Ok(&pattern), "`{entry}` is shown as `{shown}`");

    let Ok(url) = Url::parse(&format!("https://{host}/")) else { return };
    let (Some(host), Some(port)) = (url.host_str().map(bare), url.port_or_known_default()) else { return };
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    if !pattern.fits(host, is_name, port) {
        return;
    }
    match (shown.strip_prefix("*."), pattern.is_any()) {
        (_, true) => {
            assert!(is_name && host.contains('.') && [80, 443].contains(&port), "`*` fits `{host}:{port}`");
        }
        (Some(below), _) => {
            assert!(is_name, "`{shown}` fits the address `{host}`");
            let host = format!("{host}:{port}");
            let front = host.strip_suffix(below).and_then(|front| front.strip_suffix('.'));
            assert!(front.is_some_and(|front| !front.is_empty()), "`{shown}` fits `{host}`");
        }
        (None, _) => assert_eq!(shown, format!("{host}:{port}")),
    }
}
