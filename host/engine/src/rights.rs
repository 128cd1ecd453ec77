//! What a generation may do, in the forms in which it is asked for.

use std::ops::Deref;
use std::sync::Arc;

use octi_extension::capability::Capabilities;
use octi_extension::grant::Grant;
use octi_extension::health::Health;
use octi_extension::manifest::Manifest;
use octi_security::sandbox::egress::HostAllow;

/// A plugin's grant, and the same for the door that dials: made once, because every request asks both.
pub(crate) struct Rights {
    grant: Grant,
    hosts: HostAllow,
    /// Where refusals are counted.
    health: Arc<Health>,
}

impl Rights {
    /// What the manifest asks for, which is what was granted when the plugin was installed.
    pub(crate) fn of(manifest: &Manifest, health: Arc<Health>) -> Arc<Self> {
        Arc::new(Self::made(manifest.id.clone(), manifest.capabilities.clone(), health))
    }

    /// Nothing, for a trial run.
    pub(crate) fn none(manifest: &Manifest) -> Arc<Self> {
        Self::new(manifest.id.clone(), Capabilities::default())
    }

    /// Those of that plugin, of whose refusals nobody hears.
    pub(crate) fn new(plugin: String, capabilities: Capabilities) -> Arc<Self> {
        Arc::new(Self::made(plugin, capabilities, Arc::default()))
    }

    fn made(plugin: String, capabilities: Capabilities, health: Arc<Health>) -> Self {
        // The manifest's check refuses what cannot be understood; if something got past it, then no host is allowed.
        let hosts = HostAllow::granted(&capabilities.http).unwrap_or_default();
        Self { grant: Grant::new(plugin, capabilities), hosts, health }
    }

    /// The hosts that requests may go to.
    pub(crate) const fn hosts(&self) -> &HostAllow {
        &self.hosts
    }

    /// How the plugin has been doing.
    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }
}

impl Deref for Rights {
    type Target = Grant;

    fn deref(&self) -> &Grant {
        &self.grant
    }
}
