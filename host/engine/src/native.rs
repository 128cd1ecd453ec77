//! Native code, and the one engine that may run it.
//!
//! wasmtime's types do not say which engine they belong to, and mixing two up is undefined behaviour in the worst case. Here each
//! stage of a component's way (compiled, linked, bound to a world) holds its engine, and the stores it runs in are made from that.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::channel::ChannelPluginPre;
use crate::bindings::hook::HookPluginPre;
use crate::bindings::role::RolePluginPre;
use crate::bindings::skill::SkillPluginPre;
use crate::bindings::tool::ToolPluginPre;
use crate::engine::Lane;
use crate::install::InstallError;
use crate::reflect::{Reflected, TypedGuest};
use crate::state::CallState;
use crate::text;

const PAGE_BYTES: u64 = 64 * 1024;

fn start_error(error: &wasmtime::Error) -> InstallError {
    // It may repeat names of the file.
    InstallError::Start(text::clean(&format!("{error:#}"), limits::PLUGIN_TEXT_BYTES_MAX))
}

/// A compiled component. A clone shares its code.
#[derive(Clone)]
pub(crate) struct Native {
    lane: Arc<Lane>,
    component: Component,
    compiled_in: Option<Duration>,
}

impl Native {
    /// Code that `lane`'s engine loaded or compiled.
    pub(crate) fn new(lane: Arc<Lane>, component: Component) -> Self {
        Self { lane, component, compiled_in: None }
    }

    /// The same, which took so long to make.
    pub(crate) const fn made_in(mut self, time: Duration) -> Self {
        self.compiled_in = Some(time);
        self
    }

    /// How long it took to make, unless it was there.
    pub(crate) const fn compiled_in(&self) -> Option<Duration> {
        self.compiled_in
    }

    /// Refuses a component that needs more at its start than a call of it will get.
    pub(crate) fn check_needs(&self, memory_bytes: usize) -> Result<(), InstallError> {
        let needs = self.component.resources_required().ok_or_else(|| {
            InstallError::Inconsistent("it instantiates modules that it imports, so what it needs cannot be known".to_owned())
        })?;
        let bytes = needs.max_initial_memory_size.unwrap_or_default().saturating_mul(PAGE_BYTES);
        if bytes > memory_bytes as u64 {
            return Err(InstallError::Inconsistent(format!(
                "it needs {} MiB of memory to start, but a call of it gets {} MiB; set `limits.memory_mb` of plugin.toml to what it needs",
                bytes.div_ceil(1 << 20),
                memory_bytes >> 20
            )));
        }
        Ok(())
    }

    /// Links it against everything the host offers.
    pub(crate) fn link(self) -> Result<Linked, InstallError> {
        let pre = self.lane.linker.instantiate_pre(&self.component).map_err(|error| start_error(&error))?;
        Ok(Linked { lane: self.lane, pre })
    }
}

/// A component whose imports are all there.
pub(crate) struct Linked {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: InstancePre<CallState>,
}

impl Linked {
    /// Its exports as a tool plugin.
    pub(crate) fn tool(&self) -> Result<ToolGuest, InstallError> {
        let pre = ToolPluginPre::new(self.pre.clone()).map_err(|error| start_error(&error))?;
        Ok(ToolGuest { lane: self.lane.clone(), pre })
    }

    /// Its functions, by their types.
    pub(crate) fn typed(&self, reflected: &Reflected) -> Result<TypedGuest, InstallError> {
        TypedGuest::new(self, reflected)
    }

    /// Its exports as a hook plugin.
    pub(crate) fn hook(&self) -> Result<HookGuest, InstallError> {
        let pre = HookPluginPre::new(self.pre.clone()).map_err(|error| start_error(&error))?;
        Ok(HookGuest { lane: self.lane.clone(), pre })
    }

    /// Its exports as a channel plugin.
    pub(crate) fn channel(&self) -> Result<ChannelGuest, InstallError> {
        let pre = ChannelPluginPre::new(self.pre.clone()).map_err(|error| start_error(&error))?;
        Ok(ChannelGuest { lane: self.lane.clone(), pre })
    }

    /// Its exports as a role plugin.
    pub(crate) fn role(&self) -> Result<RoleGuest, InstallError> {
        let pre = RolePluginPre::new(self.pre.clone()).map_err(|error| start_error(&error))?;
        Ok(RoleGuest { lane: self.lane.clone(), pre })
    }

    /// Its exports as a skill plugin.
    pub(crate) fn skill(&self) -> Result<SkillGuest, InstallError> {
        let pre = SkillPluginPre::new(self.pre.clone()).map_err(|error| start_error(&error))?;
        Ok(SkillGuest { lane: self.lane.clone(), pre })
    }
}

/// A plugin that has tools.
pub(crate) struct ToolGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: ToolPluginPre<CallState>,
}

/// A plugin that watches.
pub(crate) struct HookGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: HookPluginPre<CallState>,
}

/// A plugin that has a channel.
pub(crate) struct ChannelGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: ChannelPluginPre<CallState>,
}

/// A plugin that has a role.
pub(crate) struct RoleGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: RolePluginPre<CallState>,
}

/// A plugin that has a skill.
pub(crate) struct SkillGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: SkillPluginPre<CallState>,
}
