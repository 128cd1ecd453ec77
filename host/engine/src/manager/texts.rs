//! What plugins tell models, for a person who reviews one before it is installed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PluginManager;
use crate::generation::{Build, Code};
use crate::loader;
use crate::pack::{PackError, texts};
use crate::places::Places;

/// Texts, by what each is called.
type Texts = BTreeMap<String, String>;

impl PluginManager {
    /// The texts of a file's role and skill; none for a plugin that has neither. It is compiled and tried like one that is
    /// installed, asked in instances that are denied everything, and does not become one.
    ///
    /// # Errors
    /// [`PackError`] when the file is no plugin, or does not say its texts.
    pub async fn texts_of_file(&self, bytes: Vec<u8>) -> Result<Texts, PackError> {
        let inspection = loader::inspect(&bytes)?;
        if inspection.manifest.role.is_none() && inspection.manifest.skill.is_none() {
            return Ok(Texts::new());
        }
        let build = Build::new(&self.host, inspection, Code::Given(Arc::new(bytes)));
        let ready = build.ready(&Places::default()).await?;
        texts::ask(build.manifest(), &ready, build.trial()).await
    }

    /// The same of what runs under an id; none when nothing does.
    ///
    /// # Errors
    /// [`PackError`] when it does not say its texts.
    pub async fn texts_of_running(&self, id: &str) -> Result<Texts, PackError> {
        let active = self.slots.lock().await.active_of(id).and_then(|generation| generation.build());
        let Some(build) = active.filter(|build| build.manifest().role.is_some() || build.manifest().skill.is_some()) else {
            return Ok(Texts::new());
        };
        let ready = build.ready(&Places::default()).await?;
        texts::ask(build.manifest(), &ready, build.trial()).await
    }
}
