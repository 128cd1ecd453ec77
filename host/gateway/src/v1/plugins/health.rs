//! `/api/plugins/health` and `/api/plugins/{publisher}/{name}/health`: how plugins have been doing.
//!
//! The numbers are of everybody's calls together, so only administrators see them.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, Utc};
use octi_api::v1::plugin_health::{CallSums, PluginHealth, PluginsHealth, RefusedCall};
use octi_extension::health;
use octi_extension::registry::PluginStatus;

use super::{find, incident, plugin_id, state};
use crate::error::ApiResult;
use crate::extract::{Admin, Path};
use crate::state::Gateway;

/// How every plugin has been doing since the host started.
#[utoipa::path(get, path = "/api/plugins/health", tag = "plugins", responses((status = 200, body = PluginsHealth)))]
pub(super) async fn all(State(gateway): State<Gateway>, _caller: Admin) -> Answer<PluginsHealth> {
    let at = gateway.ambient.now();
    let (since, mut counted) = counted(&gateway);
    let items = gateway.registry.plugins().into_iter().map(|plugin| of(counted.remove(&plugin.id), plugin)).collect();
    Answer(PluginsHealth { since: since.unwrap_or(at), at, items })
}

/// How one plugin has been doing since the host started.
#[utoipa::path(get, path = "/api/plugins/{publisher}/{name}/health", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 200, body = PluginHealth)))]
pub(super) async fn one(
    State(gateway): State<Gateway>,
    _caller: Admin,
    Path(id): Path<(String, String)>,
) -> ApiResult<Answer<PluginHealth>> {
    let plugin = find(&gateway, &plugin_id(&id))?;
    Ok(Answer(of(counted(&gateway).1.remove(&plugin.id), plugin)))
}

type Counted = BTreeMap<String, health::PluginHealth>;

fn counted(gateway: &Gateway) -> (Option<DateTime<Utc>>, Counted) {
    let report = gateway.registry.health();
    let since = report.as_ref().map(|report| report.since);
    let plugins = report.into_iter().flat_map(|report| report.plugins);
    (since, plugins.map(|health| (health.id.clone(), health)).collect())
}

fn of(counted: Option<health::PluginHealth>, plugin: PluginStatus) -> PluginHealth {
    let incident = plugin.incident.as_ref().map(|incident| incident::to_api(&plugin, incident));
    let (active, last_call_at) = counted.as_ref().map_or((0, None), |health| (health.active, health.last_call));
    let (total, last_hour, refusals) =
        counted.map_or_else(Default::default, |health| (health.whole, health.hour, health.refusals));
    PluginHealth {
        plugin: plugin.id,
        version: plugin.version,
        state: state(plugin.state),
        incident,
        active,
        last_call_at,
        total: sums(total),
        last_hour: sums(last_hour),
        refusals: refusals.into_iter().map(refused).collect(),
    }
}

fn sums(sums: health::CallSums) -> CallSums {
    let named = |counts: BTreeMap<&str, u64>| counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    CallSums {
        calls: sums.calls,
        errors: named(sums.errors),
        p50_us: sums.p50_us,
        p95_us: sums.p95_us,
        memory_peak_bytes: sums.memory_peak,
        sent_bytes: sums.sent_bytes,
        received_bytes: sums.received_bytes,
        denials: named(sums.denials),
        quota_refusals: sums.quotas,
    }
}

fn refused(refused: health::RefusedCall) -> RefusedCall {
    RefusedCall { at: refused.at, capability: refused.capability.to_owned(), text: refused.text }
}
