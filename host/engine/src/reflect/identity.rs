//! Who a component without a manifest is.
//!
//! - Its id is `local/` and the name of its file, in lower case, without `.wasm`, without a version at its end and with `-` for
//!   whatever a name cannot hold. So the file's name decides which plugin an upgrade replaces, and no component can claim to be
//!   somebody else's.
//! - Its version is what its section `version` says, or the version that all of its interfaces have, or `0.0.0+` and the
//!   beginning of its digest.
//! - Its description and licence are what the sections `description` and `licenses` say.

use octi_extension::manifest::{Kind, Manifest, WIT_VERSION};

use super::docs;
use crate::install::InstallError;
use crate::loader::Parts;
use crate::text;

/// Who publishes what nobody published.
pub(crate) const PUBLISHER: &str = "local";
/// What a file is called that has no name.
const NAMELESS: &str = "component";
/// Bytes of a description.
const DESCRIPTION_BYTES_MAX: usize = 300;

/// The custom sections that are read of a component without a manifest.
pub(crate) const KEPT_SECTIONS: [&str; 4] = ["version", "description", "licenses", docs::SECTION];

/// The manifest without its tools.
pub(super) fn manifest(parts: &Parts, file_name: &str) -> Result<Manifest, InstallError> {
    let line = |section: &str| {
        let said = std::str::from_utf8(parts.texts.get(section)?).ok()?;
        let said = text::clean(said.lines().next().unwrap_or_default().trim(), DESCRIPTION_BYTES_MAX);
        if said.is_empty() { None } else { Some(said) }
    };
    let of = |version: String| Manifest {
        id: String::new(),
        version,
        wit: WIT_VERSION.to_owned(),
        description: line("description").unwrap_or_else(|| "A component without a manifest".to_owned()),
        license: line("licenses"),
        kinds: vec![Kind::Tool],
        capabilities: Default::default(),
        limits: Default::default(),
        tools: Default::default(),
        role: None,
        skill: None,
        hook: None,
        channel: None,
        prompts: Default::default(),
        documents: Default::default(),
    };
    let id = id(file_name)?;
    let candidates = line("version").into_iter().chain(of_interfaces(&parts.exports));
    let checked = |version| {
        let manifest = Manifest { id: id.clone(), ..of(version) };
        Manifest::from_section(&manifest.to_section()).map(|_| manifest)
    };
    if let Some(manifest) = candidates.filter_map(|version| checked(version).ok()).next() {
        return Ok(manifest);
    }
    Ok(checked(format!("0.0.0+{}", parts.digest.get(..8).unwrap_or_default()))?)
}

/// The version of all interfaces, if they have one and it is the same.
fn of_interfaces(exports: &[String]) -> Option<String> {
    let mut versions = exports.iter().filter(|export| export.contains('/')).map(|export| export.split_once('@').map(|(_, v)| v));
    let first = versions.next()??;
    versions.all(|version| version == Some(first)).then(|| first.to_owned())
}

fn id(file_name: &str) -> Result<String, InstallError> {
    let stem = file_name.strip_suffix(".wasm").unwrap_or(file_name).to_ascii_lowercase();
    let stem = if stem.is_empty() { NAMELESS.to_owned() } else { stem };
    // So are files called whose name was taken.
    let stem = stem.strip_prefix("local.").unwrap_or(&stem);
    let mut name = String::new();
    for c in without_version(stem).chars() {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' };
        // Two of them in a row would end the name of the tool.
        if !(matches!(c, '-' | '_') && name.ends_with(['-', '_'])) {
            name.push(c);
        }
    }
    let name = name.trim_matches(['-', '_']);
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(format!("{PUBLISHER}/{name}"));
    }
    Err(InstallError::Inconsistent(format!(
        "it has no manifest, so its tools are named after its file, and `{}` begins with no letter from a to z; rename the file",
        text::clean(file_name, DESCRIPTION_BYTES_MAX)
    )))
}

/// The name without `-1.2.0` or `_v1.2.0` at its end.
fn without_version(stem: &str) -> &str {
    let Some((name, version)) = stem.rsplit_once(['-', '_', '@']) else { return stem };
    let version = version.strip_prefix('v').unwrap_or(version);
    let numbers: Vec<&str> = version.split('.').collect();
    let is_version =
        numbers.len() == 3 && numbers.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if is_version && !name.is_empty() { name } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(exports: &[&str], texts: &[(&str, &str)]) -> Parts {
        Parts {
            exports: exports.iter().map(|export| (*export).to_owned()).collect(),
            texts: texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect(),
            digest: "0123456789abcdef".to_owned(),
            ..Parts::default()
        }
    }

    #[test]
    fn the_id_follows_from_the_name_of_the_file() {
        for (file, name) in [
            ("calc.wasm", "calc"),
            ("My Tools__v2.wasm", "my-tools_v2"),
            ("calc-1.2.0.wasm", "calc"),
            ("calc_v1.2.0.wasm", "calc"),
            ("local.calc.wasm", "calc"),
            ("größe.wasm", "gr-e"),
            ("", "component"),
        ] {
            assert_eq!(id(file).ok(), Some(format!("local/{name}")), "{file}");
        }
        let refused = id("2048.wasm").map_err(|error| error.to_string());
        assert!(refused.is_err_and(|error| error.contains("`2048.wasm` begins with no letter")));
    }

    #[test]
    fn the_version_is_what_is_said_or_what_the_file_is() {
        let version = |exports: &[&str], texts: &[(&str, &str)]| manifest(&parts(exports, texts), "x.wasm").map(|m| m.version);
        assert_eq!(version(&["acme:calc/ops@1.2.0"], &[("version", "3.0.0\n")]).ok().as_deref(), Some("3.0.0"));
        assert_eq!(version(&["acme:calc/ops@1.2.0", "run"], &[]).ok().as_deref(), Some("1.2.0"));
        assert_eq!(version(&["acme:calc/ops@1.2.0"], &[("version", "latest")]).ok().as_deref(), Some("1.2.0"));
        for exports in [&["acme:calc/ops@1.2.0", "acme:text/ops@1.3.0"][..], &["acme:calc/ops"], &["run"]] {
            assert_eq!(version(exports, &[]).ok().as_deref(), Some("0.0.0+01234567"), "{exports:?}");
        }
    }

    #[test]
    fn what_is_said_is_one_line_that_commands_no_terminal() {
        let said = [("description", "Sums\u{1b}[2J things\nand more"), ("licenses", "MIT")];
        let manifest = manifest(&parts(&["run"], &said), "x.wasm").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((manifest.description.as_str(), manifest.license.as_deref()), ("Sums things", Some("MIT")));
    }
}
