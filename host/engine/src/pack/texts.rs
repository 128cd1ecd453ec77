//! What a packed plugin tells models, for comparing two versions of it.

use std::collections::BTreeMap;

use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::manifest::Manifest;
use octi_extension::tool::Containment;

use super::PackError;
use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::{Class, Runtime};
use crate::generation::{self, Ready};
use crate::instance::Setup;
use crate::limits::Budget;
use crate::loader;

/// The texts of a plugin's role, skill, prompts and documents, by what each is called; the first two are asked for in instances that
/// are denied everything.
///
/// # Errors
/// [`PackError`] when the file is no plugin, or does not say its texts.
pub async fn texts_of(bytes: &[u8]) -> Result<BTreeMap<String, String>, PackError> {
    let manifest = loader::inspect(bytes)?.manifest;
    let mut texts = offered(&manifest);
    if manifest.role.is_none() && manifest.skill.is_none() {
        return Ok(texts);
    }
    let runtime = Runtime::start_small(None)?;
    let budget = Budget::of(manifest.limits, &PluginLimits::default()).trial();
    let code = bytes.to_vec();
    let compiled = Cache::none(Compiler::InProcess)
        .component(
            runtime.lane(Class::of(budget.memory_bytes))?,
            (&manifest.id, &loader::digest(bytes)),
            move || Ok(code),
            |_| async { Ok(()) },
        )
        .await?;
    compiled.check_needs(budget.memory_bytes)?;
    let ready = generation::bind(&manifest, &compiled.link()?)?;
    texts.extend(ask(&manifest, &ready, budget).await?);
    Ok(texts)
}

/// The same of code that is ready to be called.
pub(crate) async fn ask(manifest: &Manifest, ready: &Ready, budget: Budget) -> Result<BTreeMap<String, String>, PackError> {
    let mut texts = BTreeMap::new();
    let setup = || Setup::without_rights("read its texts", manifest, budget);
    let mut add = |name: &str, (text, _): (Result<String, Containment>, _), bytes_max: usize| {
        let text = text.map_err(|containment| PackError::Texts(containment.message()))?;
        if text.len() > bytes_max {
            return Err(PackError::Texts(format!("its {name} has more than the {bytes_max} bytes allowed")));
        }
        texts.insert(name.to_owned(), text);
        Ok(())
    };
    if let Some(role) = &ready.role {
        add("prompt", role.prompt(setup(), false).await, limits::RESULT_BYTES_MAX)?;
        add("short prompt", role.prompt(setup(), true).await, limits::RESULT_BYTES_MAX)?;
    }
    if let Some(skill) = &ready.skill {
        add("skill text", skill.text(setup(), "").await, limits::SKILL_BYTES_MAX)?;
    }
    if let Some(skill) = &manifest.skill {
        let given = if skill.always { "always given" } else { "given when it fits" };
        let list = [&skill.triggers, &skill.topics, &skill.roles].map(|list| list.join(", "));
        let [triggers, topics, roles] = list;
        let about = format!("{}\n{given}\ntriggers: {triggers}\ntopics: {topics}\nroles: {roles}\n", skill.description);
        texts.insert("skill front matter".to_owned(), about);
    }
    Ok(texts)
}

/// What its prompts and documents say. Pictures are told by their digest.
fn offered(manifest: &Manifest) -> BTreeMap<String, String> {
    let body = |text: Option<&String>, data: Option<&String>| match (text, data) {
        (Some(text), _) => text.clone(),
        (None, Some(data)) => format!("sha256 {}", loader::digest(data.as_bytes())),
        (None, None) => String::new(),
    };
    let prompts = manifest.prompts.iter().flat_map(|(name, prompt)| {
        let arguments: Vec<_> = prompt.arguments.iter().map(|one| format!("{}: {}", one.name, one.description)).collect();
        let text = format!("{}\n{}\n\n{}", prompt.description, arguments.join("\n"), body(prompt.text.as_ref(), None));
        let attached = prompt.attach.as_ref().map(|one| body(one.document.as_ref(), one.data.as_ref()));
        let attached = attached.map(|text| (format!("attachment of prompt {name}"), text));
        std::iter::once((format!("prompt {name}"), text)).chain(attached)
    });
    let documents = manifest.documents.iter().map(|(name, one)| {
        let text = format!("{}\n{}\n{}\n\n{}", one.uri, one.title, one.description, body(one.text.as_ref(), one.data.as_ref()));
        (format!("document {name}"), text)
    });
    prompts.chain(documents).collect()
}
