//! Which plugins the person of a turn may use.

use std::sync::Arc;

use octi_domain::ids::UserId;
use octi_domain::plugin_access::PluginAccess;
use octi_extension::skill::{Skill, SkillSource};
use octi_store::{Store, StoreError};

/// What holds for one person, at one step of a turn. The dispatch asks again when a call comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    access: Arc<PluginAccess>,
    user: Option<UserId>,
}

impl Allowed {
    /// What holds for that person now.
    pub(crate) async fn of(store: &Store, user: UserId) -> Result<Self, StoreError> {
        Ok(Self { access: store.plugin_access().await?, user: Some(user) })
    }

    /// May they use that plugin?
    pub(crate) fn plugin(&self, id: &str) -> bool {
        self.access.allows(id, self.user)
    }

    /// May their turns be given that skill? Those of the skills folder belong to no plugin.
    pub(crate) fn skill(&self, skill: &dyn Skill) -> bool {
        match skill.source() {
            SkillSource::Plugin { id, .. } => self.plugin(id),
            SkillSource::Folder { .. } => true,
        }
    }
}
