//! Documentation comments, where a component carries them: the section `package-docs`, which tools copy from WIT.
//!
//! It is a byte with the format's version, then JSON. A component does not say of which world it is, so what is said of a
//! name in any world counts. Whatever is not as expected is as if it were not there.

use std::collections::BTreeMap;

use octi_domain::limits;
use serde_json::Value;

use crate::text;

/// The custom section.
pub(super) const SECTION: &str = "package-docs";
/// Versions of its format that are known.
const VERSIONS: [u8; 2] = [0, 1];

/// Everything that a component says of itself.
#[derive(Debug, Default)]
pub(super) struct Docs(Value);

/// What is said of a type and of its fields, cases or flags.
#[derive(Debug, Default)]
pub(super) struct TypeDocs {
    pub(super) docs: Option<String>,
    items: BTreeMap<String, String>,
}

impl TypeDocs {
    pub(super) fn item(&self, name: &str) -> Option<String> {
        self.items.get(name).cloned()
    }
}

impl Docs {
    /// Reads the section.
    pub(super) fn read(section: Option<&[u8]>) -> Self {
        let json = section.filter(|bytes| bytes.len() <= limits::REFLECT_DOCS_BYTES_MAX).and_then(<[u8]>::split_first);
        let json = json.filter(|(version, _)| VERSIONS.contains(version)).map(|(_, json)| json);
        Self(json.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default())
    }

    /// What is said of a function of an interface, or of the component itself.
    pub(super) fn of_function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        let sections: &[&str] = if interface.is_some() { &["funcs"] } else { &["func_exports", "funcs"] };
        self.places(interface).find_map(|place| sections.iter().find_map(|section| said(&place[*section][name])))
    }

    /// What is said of a type.
    pub(super) fn of_type(&self, interface: Option<&str>, name: &str) -> Option<TypeDocs> {
        let found = self.places(interface).map(|place| &place["types"][name]).find(|found| found.is_object())?;
        let items = found["items"].as_object().into_iter().flatten();
        let items = items.filter_map(|(name, docs)| Some((name.clone(), said(docs)?))).collect();
        Some(TypeDocs { docs: said(&found["docs"]), items })
    }

    /// Where something of that interface may be described.
    fn places<'a>(&'a self, interface: Option<&'a str>) -> impl Iterator<Item = &'a Value> {
        let worlds = || self.0["worlds"].as_object().into_iter().flatten().map(|(_, world)| world);
        let own = interface.is_none().then(worlds).into_iter().flatten();
        let named = interface.map(|interface| {
            // `ops` of `acme:calc/ops@1.0.0`; an interface of a world has no package.
            let short = interface.rsplit('/').next().unwrap_or(interface).split('@').next().unwrap_or(interface);
            let within = worlds().flat_map(move |world| [&world["interface_exports"][short], &world["interfaces"][short]]);
            std::iter::once(&self.0["interfaces"][short]).chain(within)
        });
        own.chain(named.into_iter().flatten())
    }
}

/// A text, alone or with what else is known of an item.
fn said(docs: &Value) -> Option<String> {
    let text = docs.as_str().or_else(|| docs["docs"].as_str())?;
    let text = text::clean(text.trim(), limits::REFLECT_DOC_BYTES_MAX);
    if text.is_empty() { None } else { Some(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn docs(json: &Value) -> Docs {
        let mut section = vec![0];
        section.extend(json.to_string().into_bytes());
        Docs::read(Some(&section))
    }

    #[test]
    fn both_ways_to_write_of_a_function_are_read() {
        let docs = docs(&json!({
            "worlds": { "calc": { "func_exports": { "top": "At the top." }, "funcs": { "other": { "docs": "Another." } } } },
            "interfaces": { "ops": { "funcs": { "add": { "docs": "Adds.\u{1b}[2J", "stability": "unknown" } } } },
        }));
        assert_eq!(docs.of_function(None, "top").as_deref(), Some("At the top."));
        assert_eq!(docs.of_function(None, "other").as_deref(), Some("Another."));
        assert_eq!(docs.of_function(Some("acme:calc/ops@1.0.0"), "add").as_deref(), Some("Adds."));
        assert_eq!(docs.of_function(Some("acme:calc/ops@1.0.0"), "top"), None);
    }

    #[test]
    fn what_is_not_as_expected_says_nothing() {
        for section in [&b""[..], b"\0", b"\0not json", b"\x09{}", b"\0[1]", b"\0{\"interfaces\":[{\"ops\":1}]}"] {
            assert_eq!(Docs::read(Some(section)).of_function(Some("a:b/ops"), "add"), None);
        }
        let long = json!({ "interfaces": { "ops": { "funcs": { "add": "x".repeat(5_000) } } } });
        let cut = docs(&long).of_function(Some("a:b/ops"), "add").unwrap_or_default();
        assert!(cut.len() <= limits::REFLECT_DOC_BYTES_MAX && cut.ends_with('…'), "{}", cut.len());
        let mut large = vec![0];
        large.extend(long.to_string().into_bytes());
        large.resize(limits::REFLECT_DOCS_BYTES_MAX + 1, b' ');
        assert_eq!(Docs::read(Some(&large)).of_function(Some("a:b/ops"), "add"), None);
    }
}
