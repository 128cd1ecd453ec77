//! Giving a turn the skills that fit what the person said, once, before the model is first asked.

use std::collections::BTreeSet;

use octi_domain::event::EventKind;
use octi_store::StoreError;

use super::Driver;
use crate::runtime::skills::{self, Asked};

impl Driver {
    /// Chooses the turn's skills, notes them with the turn, counts them for the person, and tells who watches.
    pub(super) async fn give_skills(&mut self, said: &str, off: &BTreeSet<String>) -> Result<(), StoreError> {
        // Without its role the turn fails anyway, and says why.
        let Some(role) = self.snapshot.roles.get(&self.run.role) else { return Ok(()) };
        let denied = self.snapshot.skills.values().filter(|skill| !self.requests.allowed.skill(skill.as_ref()));
        let off: BTreeSet<String> = denied.map(|skill| skill.spec().name.clone()).chain(off.iter().cloned()).collect();
        let asked = Asked { role: role.spec(), said, off: &off, window: self.model.info().context_window };
        let chosen = skills::choose(&self.snapshot, &asked).await;
        if chosen.names.is_empty() {
            return Ok(());
        }
        self.requests.skills = chosen.told;
        self.run.skills.clone_from(&chosen.names);
        let mut tx = self.shared.store.write(&self.principal).await?;
        tx.update_run(&self.run).await?;
        tx.count_skills(&chosen.names, self.shared.ambient.now()).await?;
        tx.save().await?;
        self.tell(EventKind::SkillsGiven { run_id: self.run.id, skills: chosen.names });
        Ok(())
    }
}
