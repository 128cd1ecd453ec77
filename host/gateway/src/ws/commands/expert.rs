//! `/expert`: which role answers in a session.

use std::collections::BTreeMap;
use std::sync::Arc;

use octi_api::frames::Command;
use octi_domain::ids::SessionId;
use octi_extension::role::Role;
use serde_json::{Value, json};

use super::session::named;
use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;
use crate::v1::sessions;

/// The word that goes back to the host's role.
const RESET: &str = "reset";

type Roles = BTreeMap<String, Arc<dyn Role>>;

/// Lists the roles that the person may use, or lets one of them answer from the next message on.
pub(super) async fn expert(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let access = gateway.store.plugin_access().await?;
    let mut roles = gateway.registry.snapshot().roles.clone();
    roles.retain(|_, role| access.allows(role.plugin(), Some(caller.user_id)));
    let roles = &roles;
    let wanted = command.args.as_deref().map(str::trim).filter(|wanted| !wanted.is_empty());
    let Some(wanted) = wanted else {
        return list(gateway, caller, command.session_id.map(Into::into), roles).await;
    };
    let session = named(command)?;
    let default = gateway.agents.default_role();
    let chosen = match find(roles, wanted) {
        Some(role) => Some(role),
        None if wanted.eq_ignore_ascii_case(RESET) => None,
        None => return Err(unknown(roles, wanted)),
    };
    let mut tx = gateway.store.write(&caller.principal).await?;
    if !tx.set_session_role(session, chosen).await? {
        return Err(ApiError::not_found("session"));
    }
    tx.save().await?;
    let role = chosen.unwrap_or(default);
    let result = match chosen {
        Some(role) => format!("`{role}` answers from the next message on; `/expert reset` goes back to `{default}`"),
        None => format!("`{default}` answers again from the next message on"),
    };
    Ok((result, json!({ "role": role, "isDefault": chosen.is_none() })))
}

async fn list(gateway: &Gateway, caller: &Caller, session: Option<SessionId>, roles: &Roles) -> ApiResult<(String, Value)> {
    let mut chosen = None;
    if let Some(session) = session {
        let mut tx = gateway.store.read(&caller.principal).await?;
        sessions::own(&mut tx, session).await?;
        chosen = tx.session_role(session).await?;
    }
    let current = chosen.as_deref().unwrap_or(gateway.agents.default_role());
    let line = |(name, role): (&String, &Arc<dyn Role>)| {
        let mark = if name == current { " (answers now)" } else { "" };
        format!("{name}{mark}: {}", role.spec().purpose)
    };
    let names: Vec<Value> = roles.iter().map(|(name, role)| json!({ "name": name, "purpose": role.spec().purpose })).collect();
    let mut lines: Vec<String> = roles.iter().map(line).collect();
    if !roles.contains_key(current) {
        lines.push(format!("`{current}` is chosen and not installed: `/expert reset` goes back to the host's role"));
    }
    Ok((lines.join("\n"), json!({ "role": current, "isDefault": chosen.is_none(), "roles": names })))
}

/// The role of that name. People write names with spaces and capitals.
fn find<'a>(roles: &'a Roles, wanted: &str) -> Option<&'a str> {
    let same = |name: &&String| plain(name) == plain(wanted);
    roles.get_key_value(wanted).map(|(name, _)| name).or_else(|| roles.keys().find(same)).map(String::as_str)
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c == '-' || c == '_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn unknown(roles: &Roles, wanted: &str) -> ApiError {
    let names: Vec<String> = roles.keys().map(|name| format!("`{name}`")).collect();
    let wanted: String = wanted.chars().take(100).collect();
    let message = format!("there is no role `{wanted}`, so nothing changed; there are {}, and `reset`", names.join(", "));
    ApiError::field("args", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for name in ["Code Reviewer", "code-reviewer", " CODE_reviewer ", "code  reviewer"] {
            assert_eq!(plain(name), "code reviewer", "{name}");
        }
        assert_ne!(plain("codereviewer"), plain("code reviewer"));
    }
}
