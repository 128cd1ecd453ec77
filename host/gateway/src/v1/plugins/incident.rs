//! What is wrong with a plugin, in words, and the way back.

use octi_api::v1::plugins::{PluginIncident, PluginIncidentKind, PluginWayBack};
use octi_extension::registry::{Incident, PluginStatus};

pub(super) fn to_api(plugin: &PluginStatus, incident: &Incident) -> PluginIncident {
    let PluginStatus { id, version, .. } = plugin;
    match incident {
        Incident::Quarantined { reason, since, until } => PluginIncident {
            kind: PluginIncidentKind::Quarantined,
            reason: format!("it keeps crashing ({reason}), so nothing calls it for a while"),
            version: version.clone(),
            since: Some(*since),
            until: Some(*until),
            remedy: format!(
                "when the time is over, the next call tries it again; `octi plugin reload {id}` ends the quarantine now, and \
                 `octi plugin rollback {id}` goes back to the version before"
            ),
            way_back: PluginWayBack::Reload,
        },
        Incident::RolledBack { version: taken_back, reason, at } => PluginIncident {
            kind: PluginIncidentKind::RolledBack,
            reason: if version.is_empty() {
                format!("version {taken_back} was rolled back: {reason}")
            } else {
                format!("version {taken_back} was rolled back: {reason}; version {version} runs instead")
            },
            version: taken_back.clone(),
            since: *at,
            until: None,
            remedy: format!(
                "`octi plugin reload {id}` tries version {taken_back} again; a version that its publisher mended takes its place \
                 with `octi plugin upgrade {id}`"
            ),
            way_back: PluginWayBack::Reload,
        },
        Incident::Revoked { reason } => PluginIncident {
            kind: PluginIncidentKind::Revoked,
            reason: reason.clone(),
            version: version.clone(),
            since: None,
            until: None,
            remedy: format!(
                "`octi plugin upgrade {id}` installs a version that is not revoked, if there is one; else remove it with \
                 `octi plugin remove {id}`"
            ),
            way_back: PluginWayBack::Upgrade,
        },
    }
}
