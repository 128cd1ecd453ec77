//! Installed plugins.

use std::time::Duration;

use octi_api::page::Page;
use octi_api::v1::plugin_access::{ForgetPluginAccess, PluginAccess, SetPluginAccess};
use octi_api::v1::plugin_health::PluginsHealth;
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginInspection};
use reqwest::Method;

use crate::{Client, ClientError};

/// Compiling a large component takes a while.
const INSTALL_TIME_MAX: Duration = Duration::from_secs(300);

impl Client {
    /// Everything installed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_plugins(&self) -> Result<Page<Plugin>, ClientError> {
        self.get(&["api", "plugins"]).await
    }

    /// One plugin, by `publisher/name`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugin(&self, id: &str) -> Result<Plugin, ClientError> {
        self.get(&plugin_path(id)).await
    }

    /// How every plugin has been doing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugins_health(&self) -> Result<PluginsHealth, ClientError> {
        self.get(&["api", "plugins", "health"]).await
    }

    /// Who may use a plugin.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugin_access(&self, id: &str) -> Result<PluginAccess, ClientError> {
        self.get(&access_path(id)).await
    }

    /// Says whether somebody may use a plugin.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_plugin_access(&self, id: &str, said: &SetPluginAccess) -> Result<PluginAccess, ClientError> {
        self.json(self.request(Method::PUT, &access_path(id))?.json(said)).await
    }

    /// Takes back what was said of a person, or everything that was said of the plugin.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn forget_plugin_access(&self, id: &str, of: &ForgetPluginAccess) -> Result<PluginAccess, ClientError> {
        self.json(self.request(Method::DELETE, &access_path(id))?.query(of)).await
    }

    /// What a plugin file holds, without installing it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn inspect_plugin(&self, bytes: Vec<u8>, query: &InstallQuery) -> Result<PluginInspection, ClientError> {
        let request = self.request(Method::POST, &["api", "plugins", "inspect"])?.timeout(INSTALL_TIME_MAX);
        self.json(request.query(query).header("content-type", "application/wasm").body(bytes)).await
    }

    /// Installs a plugin file.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn install_plugin(&self, bytes: Vec<u8>, query: &InstallQuery) -> Result<Plugin, ClientError> {
        let request = self.request(Method::POST, &["api", "plugins"])?.timeout(INSTALL_TIME_MAX);
        self.json(request.query(query).header("content-type", "application/wasm").body(bytes)).await
    }

    /// Removes a plugin from the folder.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_plugin(&self, id: &str) -> Result<(), ClientError> {
        self.delete(&plugin_path(id)).await
    }

    /// Runs the version again that ran before.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rollback_plugin(&self, id: &str) -> Result<Plugin, ClientError> {
        let mut path = plugin_path(id);
        path.push("rollback");
        self.json(self.request(Method::POST, &path)?.timeout(INSTALL_TIME_MAX)).await
    }

    /// Reads one plugin's file again, or every file's.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reload_plugins(&self, id: Option<&str>) -> Result<Page<Plugin>, ClientError> {
        let mut path = id.map_or_else(|| vec!["api", "plugins"], plugin_path);
        path.push("reload");
        self.json(self.request(Method::POST, &path)?.timeout(INSTALL_TIME_MAX)).await
    }
}

fn plugin_path(id: &str) -> Vec<&str> {
    ["api", "plugins"].into_iter().chain(id.splitn(2, '/')).collect()
}

fn access_path(id: &str) -> Vec<&str> {
    plugin_path(id).into_iter().chain(["access"]).collect()
}
