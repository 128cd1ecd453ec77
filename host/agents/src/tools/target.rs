//! The tool that runs, which may be another one than was named; and whether the person may use its plugin at all.

use std::sync::Arc;

use octi_domain::plugin_access::PluginAccess;
use octi_extension::tool::{Tool, ToolError};
use serde_json::Value;

use super::dispatch::{Call, Dispatch, Refusal};

/// The tool that runs, and its arguments: those of the call, or what a tool that passes calls on makes of them. It does not pass
/// grants on.
pub(super) async fn of(dispatch: &Dispatch, call: &Call, tool: Arc<dyn Tool>) -> Result<(Arc<dyn Tool>, Value), Refusal> {
    granted(dispatch, call, &tool).await?;
    let invalid = |error: ToolError| Refusal::of_error(&error);
    let arguments = dispatch.schemas.check(&tool, call.arguments.clone()).map_err(invalid)?;
    let Some((target, passed)) = tool.target(&arguments).await.map_err(invalid)? else { return Ok((tool, arguments)) };
    granted(dispatch, call, &target).await?;
    let passed = dispatch.schemas.check(&target, passed).map_err(invalid)?;
    Ok((target, passed))
}

/// Refuses a call of a plugin that an administrator did not give to this person. It costs no read of the database.
async fn granted(dispatch: &Dispatch, call: &Call, tool: &Arc<dyn Tool>) -> Result<(), Refusal> {
    let access = dispatch.store.plugin_access().await.map_err(|error| Refusal::of_store(&error))?;
    let plugin = &tool.spec().plugin;
    if access.allows(plugin, Some(call.of.user_id)) {
        return Ok(());
    }
    Err(Refusal::new("denied", PluginAccess::refusal(plugin), "denied: no grant to use the plugin"))
}
