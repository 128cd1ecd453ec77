//! What an offered plugin tells models, beside what the version of now tells them. It is data: shown to a person, and a grant of
//! nothing.

use octi_domain::ids::{PluginOfferId, UserId};

use crate::installer::Installer;
use crate::refusal::Refusal;
use crate::registries::{FILE_TIME, in_time};
use crate::text::readable;

/// One text of a role or skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferText {
    /// Such as `prompt`.
    pub name: String,
    /// What cannot be seen is written as its number.
    pub text: String,
    /// What the version that runs says; absent when it has no such text.
    pub before: Option<String>,
}

impl Installer {
    /// The texts of what was offered, none for a plugin that is neither role nor skill. Its file is fetched, checked and asked without
    /// any right; it is not installed.
    ///
    /// # Errors
    /// [`Refusal::NoOffer`] when this person was not offered it, [`Refusal::Changed`] when it is another thing now, or why it does
    /// not say its texts.
    pub async fn texts(&self, user: UserId, id: PluginOfferId) -> Result<Vec<OfferText>, Refusal> {
        let waiting = self.offers.get(id, user, self.ambient.now()).ok_or(Refusal::NoOffer)?;
        let found = Box::pin(self.find(&waiting.ask)).await?;
        let (name, version) = (found.name().clone(), found.version().clone());
        if found.fingerprint().package != waiting.shown.package {
            return Err(Refusal::Changed(format!("the registry has {name} {version} now")));
        }
        if !found.has_texts() {
            return Ok(Vec::new());
        }
        let registry = self.registries.open(&found.registry).await?;
        let fetched = in_time(&found.registry, FILE_TIME, async {
            registry.wasm(&found.offer).await.map_err(Refusal::of(&found.registry))
        });
        let told = Box::pin(self.plugins.texts_of_file(fetched.await?)).await;
        let told = told.map_err(|error| Refusal::Texts { name: name.clone(), version, error: error.to_string() })?;
        // What runs and does not say its texts is no reason not to read the new ones.
        let mut before = Box::pin(self.plugins.texts_of_running(name.as_str())).await.unwrap_or_default();
        let text = |(name, text): (String, String)| {
            let before = before.remove(&name).map(|text| readable(&text));
            OfferText { text: readable(&text), before, name }
        };
        Ok(told.into_iter().map(text).collect())
    }
}
