//! Secrets in a call's arguments: placeholders go on as they are, values do not.
//!
//! A tool gets `{{secret:NAME}}` and never the value, which the host puts in its place when a request leaves for the host and
//! header the plugin's manifest binds it to. So what is checked here is whether that can work at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use octi_domain::secret;
use octi_extension::tool::Tool;
use octi_security::audit::{self, Deed};
use octi_security::guard::Redactor;
use octi_security::vault::USER_SCOPE;
use octi_store::StoreError;
use serde_json::Value;

use super::dispatch::{Dispatch, Identity, Refusal};

/// Whether the arguments may go to the tool.
pub(super) async fn check(
    dispatch: &Dispatch,
    of: &Identity,
    tool: &Arc<dyn Tool>,
    redactor: &Redactor,
    arguments: &Value,
) -> Result<(), Refusal> {
    // Refused, not replaced by its placeholder: what runs is what was approved.
    if let Some(name) = redactor.find(arguments) {
        return Err(value_in_arguments(name));
    }
    let mut names = BTreeSet::new();
    collect(arguments, &mut names);
    if names.is_empty() {
        return Ok(());
    }
    // The grant first: a plugin without one does not learn which secrets there are.
    for name in &names {
        tool.may_use_secret(name).map_err(|text| Refusal::new("denied", text, "denied: the plugin may not use this secret"))?;
    }
    match Box::pin(missing(dispatch, of, tool, &names)).await.map_err(|error| Refusal::of_store(&error))? {
        Some(name) => {
            let text = format!("there is no secret `{name}`: ask the person to add it with `octi secret set {name}`");
            Err(Refusal::new("needs_user", text, "refused: the secret is not there"))
        }
        None => Ok(()),
    }
}

fn value_in_arguments(name: &str) -> Refusal {
    let decision = "refused: a secret stands in the arguments";
    // Keys of models and the host's own secrets have no placeholder.
    if !secret::is_name(name) {
        let text = format!("the arguments hold a secret (`{name}`), which no tool may have: call it without");
        return Refusal::new("bad_input", text, decision);
    }
    let placeholder = secret::placeholder(name);
    let text =
        format!("the arguments hold the value of the secret `{name}`: write `{placeholder}` instead, and octi puts the value in");
    Refusal::new("bad_input", text, decision)
}

fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => names.extend(secret::placeholders(text).map(|(_, name)| name)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A name that is no secret of the person's; if all are, their use stands in the audit log. No value is opened here.
async fn missing<'a>(
    dispatch: &Dispatch,
    of: &Identity,
    tool: &Arc<dyn Tool>,
    names: &BTreeSet<&'a str>,
) -> Result<Option<&'a str>, StoreError> {
    let mut tx = dispatch.store.write(&of.principal).await?;
    let kept = tx.list_secrets().await?;
    let is_kept = |name: &str| kept.iter().any(|secret| secret.scope == USER_SCOPE && secret.name == name);
    if let Some(name) = names.iter().find(|name| !is_kept(name)) {
        return Ok(Some(*name));
    }
    for name in names {
        let used = Deed::SecretUsed { name, plugin: &tool.spec().plugin, call: of.id };
        audit::append(&mut tx, &dispatch.ambient, Some(of.user_id), &used).await?;
    }
    tx.save().await?;
    Ok(None)
}
