//! The contract as compilers of other languages want it: a folder with one world in it, of what the manifest asks for.
//!
//! They make a component import everything that its world has. So what the world has is what plugin.toml asks for, and code that
//! uses more does not build.

use std::fs;
use std::ops::Range;
use std::path::Path;

use octi_extension::capability::GATED_PACKAGES;
use octi_extension::contract::SOURCES;
use octi_extension::manifest::{Kind, Manifest};

use crate::error::AuthorError;

/// The world's name.
pub(crate) const WORLD: &str = "component";

/// Interfaces of WASI that a component in Python imports, each in its own package and under another name of the same length:
/// componentize-py cuts off whatever is called `wasi:`, because all of it together reaches out.
const SANDBOX: [(&str, &str, &[&str]); 2] = [
    (
        "clocks",
        "package octi:clocks@0.2.3;\n\ninterface wall-clock {\n    record datetime { seconds: u64, nanoseconds: u32 }\n    now: func() -> \
         datetime;\n}\n\ninterface monotonic-clock {\n    now: func() -> u64;\n}\n",
        &["octi:clocks/wall-clock@0.2.3", "octi:clocks/monotonic-clock@0.2.3"],
    ),
    (
        "random",
        "package octi:random@0.2.3;\n\ninterface random {\n    get-random-u64: func() -> u64;\n}\n",
        &["octi:random/random@0.2.3"],
    ),
];

/// Writes `world.wit` and `deps/` into the folder; what was there before goes. With `clocks`, the world has those of the sandbox, and
/// its randomness, whose names [`as_wasi`] puts right.
pub(crate) fn write(folder: &Path, manifest: &Manifest, clocks: bool) -> Result<(), AuthorError> {
    let failed = |error| AuthorError::file(folder, &error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    for (name, text) in SOURCES {
        let package = folder.join("deps").join(name.trim_end_matches(".wit"));
        fs::create_dir_all(&package).and_then(|()| fs::write(package.join(name), text)).map_err(failed)?;
    }
    let sandbox = if clocks { SANDBOX.as_slice() } else { &[] };
    for (name, text, _) in sandbox {
        let package = folder.join("deps").join(name);
        fs::create_dir_all(&package).and_then(|()| fs::write(package.join("sandbox.wit"), text)).map_err(failed)?;
    }
    let more = sandbox.iter().flat_map(|(_, _, interfaces)| interfaces.iter().copied());
    fs::write(folder.join("world.wit"), text(manifest, more)).map_err(failed)
}

/// Gives the interfaces of the sandbox in a component's imports their own names.
pub(crate) fn as_wasi(component: &mut [u8]) {
    const IMPORTS: u8 = 10;
    let mut at = 8;
    while let Some((id, body)) = section(component, at) {
        at = body.end;
        let Some(body) = component.get_mut(body).filter(|_| id == IMPORTS) else { continue };
        for name in SANDBOX.iter().flat_map(|(_, _, interfaces)| interfaces.iter()) {
            let found = body.windows(name.len()).position(|part| part == name.as_bytes());
            if let Some(publisher) = found.and_then(|found| body.get_mut(found..found + 4)) {
                publisher.copy_from_slice(b"wasi");
            }
        }
    }
}

/// The id of the section that begins there, and where its bytes are.
fn section(component: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let (id, rest) = component.get(at..)?.split_first()?;
    let length = rest.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let size = rest.iter().take(length).rev().fold(0_usize, |size, byte| (size << 7) | usize::from(byte & 0x7f));
    let begin = at + 1 + length;
    let end = begin.checked_add(size).filter(|end| *end <= component.len())?;
    Some((*id, begin..end))
}

fn text(manifest: &Manifest, more: impl Iterator<Item = &'static str>) -> String {
    let is_wanted = |import: &&str| {
        let package = import.split('/').next().unwrap_or_default();
        let key = GATED_PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, key)| key);
        key.is_none_or(|key| manifest.capabilities.asks_for(key))
    };
    let imports: String = imports().filter(is_wanted).chain(more).map(|import| format!("    import {import};\n")).collect();
    let exports: String = kinds(manifest).into_iter().map(|kind| format!("    export {};\n", export(kind))).collect();
    format!("package octi:build;\n\nworld {WORLD} {{\n{imports}{exports}}}\n")
}

/// What its code has to export: interfaces of `octi:plugin`. Roles and skills are texts, which no code goes with.
pub(crate) fn kinds(manifest: &Manifest) -> Vec<&'static str> {
    let others = [("hook", manifest.hook.is_some()), ("channel", manifest.channel.is_some())];
    let others: Vec<&str> = others.into_iter().filter(|(_, is_one)| *is_one).map(|(kind, _)| kind).collect();
    let is_tool = others.is_empty() || !manifest.tools.is_empty() || manifest.kinds.contains(&Kind::Tool);
    is_tool.then_some("tools").into_iter().chain(others).collect()
}

fn contract() -> &'static str {
    SOURCES.iter().find(|(name, _)| *name == "plugin.wit").map_or("", |(_, text)| text)
}

/// Everything that the contract lets a plugin import.
fn imports() -> impl Iterator<Item = &'static str> {
    let lines = contract().lines().skip_while(|line| !line.starts_with("world host"));
    let lines = lines.take_while(|line| !line.starts_with('}'));
    lines.filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'))
}

/// An interface of `octi:plugin` with the contract's version.
fn export(interface: &str) -> String {
    let version = contract().lines().find_map(|line| line.strip_prefix("package octi:plugin@")?.strip_suffix(';'));
    format!("octi:plugin/{interface}@{}", version.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use octi_extension::manifest::WIT_VERSION;

    use super::*;

    fn world(extra: &str) -> String {
        let toml = format!("id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n{extra}");
        text(&Manifest::from_toml(&toml).unwrap(), std::iter::empty())
    }

    #[test]
    fn a_world_has_what_the_manifest_asks_for() {
        let nothing =
            "package octi:build;\n\nworld component {\n    import octi:log/log@1.0.0;\n    export octi:plugin/tools@1.0.0;\n}\n";
        assert_eq!(world(""), nothing);
        let asks = "[capabilities]\nkv = { bytes_max = 1 }\nhttp = [{ host = 'a.test', methods = ['GET'], reason = 'x' }]";
        let asked = world(asks);
        assert!(asked.contains("    import octi:kv/store@1.0.0;\n") && asked.contains("    import octi:http/client@1.0.0;\n"));
        assert!(!asked.contains("octi:fs") && !asked.contains("octi:shell"), "{asked}");
    }

    #[test]
    fn a_world_exports_what_the_manifest_says_that_it_is() {
        let kinds = |extra: &str| {
            let toml = format!("id = 'acme/x'\nversion = '1.0.0'\nwit = '{WIT_VERSION}'\ndescription = 'x'\n{extra}");
            kinds(&Manifest::from_toml(&toml).unwrap())
        };
        let hook = "[hook]\nevents = ['tool.before']\n";
        assert_eq!(kinds(""), ["tools"]);
        assert_eq!(kinds(hook), ["hook"]);
        assert_eq!(kinds(&format!("kinds = ['tool']\n{hook}")), ["tools", "hook"]);
        assert_eq!(
            kinds(&format!("{hook}[channel]\ntitle = 'X'\npoll_ms = 5000\n[tools.a]\npermission = 'allow'\neffects = []\n")),
            ["tools", "hook", "channel"]
        );
        assert!(world(hook).contains("    export octi:plugin/hook@") && !world(hook).contains("octi:plugin/tools@"));
    }

    #[test]
    fn every_gated_package_can_be_asked_for() {
        for (package, _) in GATED_PACKAGES {
            assert!(imports().any(|import| import.starts_with(&format!("{package}/"))), "{package}");
        }
    }

    #[test]
    fn only_imports_of_the_sandbox_are_called_as_they_are() {
        let part = |id: u8, body: &[u8]| {
            let mut part = vec![id, u8::try_from(body.len()).unwrap() | 0x80, 0];
            part.extend_from_slice(body);
            part
        };
        let named = |publisher: &str| format!("\x01\0\x1c{publisher}:clocks/wall-clock@0.2.3\x05\0").into_bytes();
        let component = |first: &str| {
            let begin = b"\0asm\x0d\0\x01\0".to_vec();
            [begin, part(0, &named("octi")), part(10, &named(first)), part(10, b"octi:log/log@1.0.0")].concat()
        };
        let mut made = component("octi");
        as_wasi(&mut made);
        assert!(made == component("wasi"), "{:?}", String::from_utf8_lossy(&made));
        made.pop();
        as_wasi(&mut made);
        as_wasi(&mut []);
    }

    #[test]
    fn the_folder_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let wit = folder.path().join("wit");
        let manifest = "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n";
        let manifest = Manifest::from_toml(manifest).unwrap();
        write(&wit, &manifest, true).unwrap();
        assert!(fs::read_to_string(wit.join("world.wit")).unwrap().contains("import octi:clocks/wall-clock@0.2.3;"));
        fs::write(wit.join("deps/old.wit"), "left over").unwrap();
        write(&wit, &manifest, false).unwrap();
        assert!(!wit.join("deps/clocks").exists() && !wit.join("deps/old.wit").exists() && wit.join("deps/fs/fs.wit").is_file());
    }
}
