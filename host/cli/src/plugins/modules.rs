//! Modules of Extism, for the gateway: they are installed where plugins are, and run as servers of others do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use octi_api::v1::plugins::{InstallQuery, PluginInspection};
use octi_config::env::{Environment, OCTI_EXTISM_BRIDGE};
use octi_domain::principal::Principal;
use octi_engine::{Change, ExtismModule, OnChange};
use octi_extension::registry::PluginStatus;
use octi_gateway::ports::PortError;
use octi_mcp::client::{ExtismError, ExtismFile, ExtismModules};
use serde_json::json;

use crate::compose::us;
use crate::failure::Outcome;

/// What a module is called that came without a name.
const NAMELESS: &str = "module.wasm";

/// The modules, and who is told of a change.
pub(crate) struct Modules {
    modules: Arc<ExtismModules>,
    tell: OnChange,
}

impl Modules {
    /// These modules.
    pub(crate) fn new(modules: Arc<ExtismModules>, tell: OnChange) -> Self {
        Self { modules, tell }
    }

    pub(super) async fn install(
        &self,
        principal: &Principal,
        bytes: Vec<u8>,
        (module, query): (ExtismModule, InstallQuery),
    ) -> Result<PluginStatus, PortError> {
        let Some(who) = principal.user_id() else {
            return Err(PortError::Refused("a module is installed by a person".to_owned()));
        };
        let file = ExtismFile {
            file_name: query.file_name.unwrap_or_else(|| NAMELESS.to_owned()),
            bytes,
            digest: module.digest,
            network: query.network.map(hosts).unwrap_or_default(),
            config: query.config.as_deref().map(config).transpose()?.unwrap_or_default(),
        };
        let installed = Box::pin(self.modules.install(who, file)).await.map_err(refused)?;
        (self.tell)(&installed.id, Change::Installed, &format!("installed {}", installed.version));
        Ok(installed)
    }

    pub(super) async fn remove(&self, id: &str, module: &str) -> Result<(), PortError> {
        self.modules.remove(module).await.map_err(refused)?;
        (self.tell)(id, Change::Removed, "removed");
        Ok(())
    }

    pub(super) async fn restart(&self, module: Option<&str>) -> Result<(), PortError> {
        self.modules.restart(module).await.map_err(refused)
    }
}

fn refused(error: ExtismError) -> PortError {
    match error {
        ExtismError::NotFound(_) => PortError::NotFound(error.to_string()),
        ExtismError::Refused(_) => PortError::Refused(error.to_string()),
        ExtismError::Folder(_) => PortError::Internal(error.to_string()),
    }
}

fn hosts(text: String) -> Vec<String> {
    text.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned).collect()
}

fn config(text: &str) -> Result<BTreeMap<String, String>, PortError> {
    serde_json::from_str(text).map_err(|error| PortError::Refused(format!("`config` is a JSON object of texts: {error}")))
}

/// Where the program is that modules run in.
pub(crate) fn bridge(environment: &Environment) -> Outcome<PathBuf> {
    if let Some(named) = environment.get(OCTI_EXTISM_BRIDGE) {
        return std::path::absolute(named).map_err(|error| us("the path in `OCTI_EXTISM_BRIDGE` cannot be used", &error));
    }
    let own = std::env::current_exe().map_err(|error| us("octi's own file is not known", &error))?;
    Ok(own.with_file_name("octi-extism-bridge"))
}

/// What is known of a module's file.
pub(crate) fn inspection(module: ExtismModule, bytes: u64) -> PluginInspection {
    PluginInspection {
        manifest: json!({"kinds": ["extism"], "description": "A module of Extism, which runs in a process of its own"}),
        capabilities: Vec::new(),
        imports: module.imports,
        exports: module.exports,
        left_out: Vec::new(),
        digest: module.digest,
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_a_list_and_a_configuration_is_an_object() {
        assert_eq!(hosts("a.example:443, *.b.example, ".to_owned()), ["a.example:443", "*.b.example"]);
        assert_eq!(config(r#"{"a": "b"}"#), Ok([("a".to_owned(), "b".to_owned())].into()));
        assert!(matches!(config(r#"{"a": 1}"#), Err(PortError::Refused(why)) if why.contains("object of texts")));
    }

    #[test]
    fn the_bridge_is_where_the_environment_says_or_beside_octi() {
        let named = bridge(&Environment::of([("OCTI_EXTISM_BRIDGE", "/opt/bridge")])).unwrap();
        assert_eq!(named, PathBuf::from("/opt/bridge"));
        let beside = bridge(&Environment::of([])).unwrap();
        assert_eq!(beside.parent(), std::env::current_exe().unwrap().parent());
    }
}
