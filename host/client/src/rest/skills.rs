//! Skills, and the person's choice among them.

use octi_api::v1::skills::{Skill, SkillText, Skills, SwitchSkill};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// Every skill with the person's choice and their uses of it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_skills(&self) -> Result<Skills, ClientError> {
        self.get(&["api", "skills"]).await
    }

    /// A skill with its text.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn skill(&self, name: &str) -> Result<SkillText, ClientError> {
        self.get(&["api", "skills", name]).await
    }

    /// Switches a skill on or off for the person's own turns.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn switch_skill(&self, name: &str, enabled: bool) -> Result<Skill, ClientError> {
        self.json(self.request(Method::PUT, &["api", "skills", name])?.json(&SwitchSkill { enabled })).await
    }
}
