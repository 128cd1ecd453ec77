//! The picture of one moment that others see: what models are offered, and what people are told.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use octi_extension::health::PluginHealth;
use octi_extension::registry::{Incident, PluginState, PluginStatus, Snapshot, Source};

use super::slots::{RolledBack, Slot, Slots};
use crate::generation::Generation;

/// What others see.
pub(super) struct View {
    pub(super) snapshot: Arc<Snapshot>,
    listed: Vec<Listed>,
}

/// One line of the list, with what still changes on its own.
struct Listed {
    status: PluginStatus,
    generation: Option<Arc<Generation>>,
}

impl View {
    /// The picture of this moment.
    pub(super) fn of(slots: &Slots) -> Self {
        let mut snapshot = Snapshot::default();
        let mut listed = Vec::with_capacity(slots.by_id.len() + slots.strays.len());
        for (id, slot) in &slots.by_id {
            // The texts of what was revoked are not shown to a model either.
            if let Some(active) = slot.active.as_ref().filter(|active| active.generation.forbidden().is_none()) {
                snapshot.tools.extend(active.tools.iter().map(|tool| (tool.spec().name.clone(), tool.clone())));
                snapshot.hooks.extend(active.hook.clone());
                snapshot.channels.extend(active.channel.iter().map(|channel| (id.clone(), channel.clone())));
                snapshot.roles.extend(active.role.iter().map(|role| (role.spec().name.clone(), role.clone())));
                snapshot.offered.extend(active.offered.clone());
                snapshot.skills.extend(active.skill.iter().map(|skill| (skill.spec().name.clone(), skill.clone())));
            }
            listed.push(Listed { status: status(id, slot), generation: slot.active.as_ref().map(|a| a.generation.clone()) });
        }
        snapshot.hooks.sort_by(|a, b| a.spec().order().cmp(&b.spec().order()));
        let strays = slots.strays.iter().map(|(path, problem)| stray(path, problem));
        listed.extend(strays.map(|status| Listed { status, generation: None }));
        Self { snapshot: Arc::new(snapshot), listed }
    }

    /// How each plugin that runs has been doing.
    pub(super) fn health(&self) -> Vec<PluginHealth> {
        let running = self.listed.iter().filter_map(|listed| listed.generation.as_ref());
        running.map(|generation| generation.grant.health().told(&generation.manifest().id)).collect()
    }

    /// Everything known of plugins, now.
    pub(super) fn plugins(&self, now: DateTime<Utc>) -> Vec<PluginStatus> {
        self.listed.iter().map(|listed| listed.status(now)).collect()
    }
}

impl Listed {
    fn status(&self, now: DateTime<Utc>) -> PluginStatus {
        let mut status = self.status.clone();
        status.compiled_in = self.generation.as_ref().and_then(|generation| generation.compiled_in());
        if let Some(reason) = self.generation.as_ref().and_then(|generation| generation.forbidden()) {
            status.state = PluginState::Quarantined;
            status.incident = Some(Incident::Revoked { reason: reason.to_owned() });
            status.problem = Some(match status.problem {
                Some(problem) => format!("{reason}; {problem}"),
                None => reason.to_owned(),
            });
            return status;
        }
        if let Some(quarantine) = self.generation.as_ref().and_then(|generation| generation.breaker.check(now).err()) {
            status.state = PluginState::Quarantined;
            status.problem = Some(quarantine.explain(&status.id, now));
            status.incident = Some(quarantine.incident());
        }
        status
    }
}

fn status(id: &str, slot: &Slot) -> PluginStatus {
    let rolled_back = slot.rolled_back.as_ref().map(|rolled_back| {
        format!(
            "version {} was rolled back: {}; it stays so until its file changes, or `octi plugin reload {id}` tries it again",
            rolled_back.file.version, rolled_back.reason
        )
    });
    let incident = slot.rolled_back.as_ref().map(RolledBack::incident);
    let Some(active) = &slot.active else {
        let problem = rolled_back.into_iter().chain(slot.problem.clone()).collect::<Vec<_>>().join("; ");
        return PluginStatus { id: id.to_owned(), source: Source::Folder, incident, ..nothing(problem) };
    };
    let generation = &active.generation;
    let manifest = generation.manifest();
    PluginStatus {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        description: manifest.description.clone(),
        source: generation.source,
        digest: generation.inspection.digest.clone(),
        bytes: generation.inspection.bytes,
        state: if rolled_back.is_some() { PluginState::RolledBack } else { PluginState::Running },
        generation: generation.number(),
        previous: slot.previous().map(str::to_owned),
        tools: manifest.tools.keys().map(|name| format!("{}__{name}", manifest.alias())).collect(),
        role: manifest.role.as_ref().map(|role| role.name.clone()),
        skill: manifest.skill.as_ref().map(|skill| skill.name.clone()),
        capabilities: manifest.lines(),
        vault: manifest.capabilities.vault.clone(),
        problem: slot.problem.clone().or(rolled_back),
        incident,
        compiled_in: None,
    }
}

/// A file that is no plugin, so that a person sees why nothing came of it.
fn stray(path: &Path, problem: &str) -> PluginStatus {
    let source = if path.is_absolute() { Source::Folder } else { Source::Bundled };
    PluginStatus { id: super::file_name(path), source, ..nothing(problem.to_owned()) }
}

/// Nothing runs.
fn nothing(problem: String) -> PluginStatus {
    PluginStatus {
        id: String::new(),
        version: String::new(),
        description: String::new(),
        source: Source::Folder,
        digest: String::new(),
        bytes: 0,
        state: PluginState::Broken,
        generation: 0,
        previous: None,
        tools: Vec::new(),
        role: None,
        skill: None,
        capabilities: Vec::new(),
        vault: Vec::new(),
        problem: Some(problem),
        incident: None,
        compiled_in: None,
    }
}
