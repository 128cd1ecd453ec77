//! Plugins that no compiler made: the smallest components of the contract.

use std::path::Path;

use octi_engine::pack;
use octi_extension::manifest::WIT_VERSION;
use octi_testkit::guests;
use serde_json::json;

/// A tool plugin with the operation `run`, which answers with its version.
pub(crate) fn tool(id: &str, version: &str) -> anyhow::Result<Vec<u8>> {
    let core = wat::parse_str(guests::wat("", "", &answer(version).to_string()))?;
    Ok(guests::with_manifest(guests::component(core, "", ""), &guests::manifest(id, version, "")))
}

/// What the tool of that version answers.
pub(crate) fn answer(version: &str) -> serde_json::Value {
    json!({ "version": version })
}

/// A role plugin; `folder` is used to make it.
pub(crate) fn role(folder: &Path, id: &str, name: &str) -> anyhow::Result<Vec<u8>> {
    let manifest = format!(
        "id = '{id}'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'A role among many.'\nkinds = ['role']\n\
         [role]\nname = '{name}'\npurpose = 'To be one of many.'\ntools = []\n"
    );
    std::fs::write(folder.join("plugin.toml"), manifest)?;
    std::fs::write(folder.join("prompt.md"), format!("You are {name}, one of many. Answer in one sentence.\n"))?;
    Ok(pack::pack_role(folder)?)
}

/// A skill plugin; `folder` is used to make it.
pub(crate) fn skill(folder: &Path, id: &str, name: &str) -> anyhow::Result<Vec<u8>> {
    let manifest = format!(
        "id = '{id}'\nversion = '1.0.0'\nwit = '{WIT_VERSION}'\ndescription = 'A skill among many.'\nkinds = ['skill']\n"
    );
    std::fs::write(folder.join("plugin.toml"), manifest)?;
    let text = format!(
        "---\nname: {name}\ndescription: How to be one of many.\ntriggers:\n  - be {name}\n---\n\nStand beside the others.\n"
    );
    std::fs::write(folder.join("SKILL.md"), text)?;
    Ok(pack::pack_skill(folder)?)
}

/// A hook plugin, which is told of each call afterwards.
pub(crate) fn hook(id: &str) -> Vec<u8> {
    guests::Watch::goes_on().plugin(id, "1.0.0", "events = ['tool.after']")
}

/// A channel plugin.
pub(crate) fn channel(id: &str) -> Vec<u8> {
    guests::counting_channel(id, "1.0.0", "")
}
