//! Plugins that no compiler made: the smallest components of the contract.

use std::path::Path;

use anyhow::Context;
use octi_engine::pack;
use octi_extension::manifest::Manifest;
use serde_json::json;

/// Where the answer lies; before it is room for the two records that the functions return.
const ANSWER: usize = 64;

/// A tool plugin with the operation `run`, which answers with its version.
pub(crate) fn tool(id: &str, version: &str) -> anyhow::Result<Vec<u8>> {
    let mut manifest = Manifest::from_toml(&format!(
        "id = '{id}'\nversion = '{version}'\nwit = '0.1'\ndescription = 'Says its version.'\nkinds = ['tool']\n\
         [tools.run]\npermission = 'allow'\neffects = ['read']\n"
    ))?;
    for entry in manifest.tools.values_mut() {
        entry.description = "Says its version".to_owned();
        entry.input_schema = Some(json!({ "type": "object" }));
    }
    let answer = answer(version).to_string();
    let core = wat::parse_str(text(&answer)).context("the tiny tool is not WebAssembly")?;
    Ok(pack::with_manifest(pack::component(core, "octi:plugin/tool-plugin")?, &manifest)?)
}

/// What the tool of that version answers.
pub(crate) fn answer(version: &str) -> serde_json::Value {
    json!({ "version": version })
}

/// A role plugin; `folder` is used to make it.
pub(crate) fn role(folder: &Path, id: &str, name: &str) -> anyhow::Result<Vec<u8>> {
    let manifest = format!(
        "id = '{id}'\nversion = '1.0.0'\nwit = '0.1'\ndescription = 'A role among many.'\nkinds = ['role']\n\
         [role]\nname = '{name}'\npurpose = 'To be one of many.'\n"
    );
    std::fs::write(folder.join("plugin.toml"), manifest)?;
    std::fs::write(folder.join("prompt.md"), format!("You are {name}, one of many. Answer in one sentence.\n"))?;
    Ok(pack::pack_role(folder)?)
}

/// A core module whose functions hand out constants: no tools are described, because the manifest has them, and every call is
/// answered with that text. Arguments are put behind it, one call in each instance.
fn text(answer: &str) -> String {
    let escaped: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (data (i32.const {ANSWER}) "{escaped}")
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get $size)) (i32.const 7)) (i32.const -8))))
  (func (export "octi:plugin/tools@0.1.0#describe") (result i32) (i32.const 16))
  (func (export "octi:plugin/tools@0.1.0#call") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 36) (i32.const {ANSWER}))
    (i32.store (i32.const 40) (i32.const {length}))
    (i32.const 32)))"#,
        length = answer.len(),
    )
}
