//! One call: a fresh store and instance, its budget, and the end of both.
//!
//! A store is never used twice. After a trap, a timeout or a dropped call it may be half-way through anything, and one
//! person's data must not be there when the next one's call begins.

use std::pin::pin;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::manifest::Manifest;
use octi_extension::tool::{Artifact, Containment};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Val;
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::channel::exports::octi::plugin::channel::{ChannelError, Heard, Outgoing, Polled, Request};
use crate::bindings::hook::exports::octi::plugin::hook::{Event, Verdict};
use crate::bindings::tool::exports::octi::plugin::tools::{Output, Tool, ToolError};
use crate::engine::Lane;
use crate::failure;
use crate::limits::Budget;
use crate::native::{ChannelGuest, HookGuest, Linked, RoleGuest, SkillGuest, ToolGuest};
use crate::reflect::{Prepared, TypedGuest};
use crate::rights::Rights;
use crate::state::{CallState, Caller, Services};
use crate::usage::Usage;
use crate::warm::Instance;

/// What a call is made with, apart from its arguments.
pub(crate) struct Setup {
    pub(crate) caller: Caller,
    pub(crate) grant: Arc<Rights>,
    pub(crate) services: Option<Services>,
    pub(crate) budget: Budget,
}

impl Setup {
    /// Of the host's own job: nothing is granted, and nothing can be reached.
    pub(crate) fn without_rights(job: &'static str, manifest: &Manifest, budget: Budget) -> Self {
        Self { caller: Caller::host(job), grant: Rights::none(manifest), services: None, budget }
    }
}

/// How a call ended, and what it used.
pub(crate) type Ended<T> = (Result<T, Containment>, Usage);

impl Lane {
    /// The store of one call, of this engine.
    pub(crate) fn store(&self, setup: Setup) -> Store<CallState> {
        let budget = setup.budget;
        let mut store = Store::new(&self.engine, CallState::of(setup));
        store.limiter(|state| &mut state.limiter);
        // What an export returns is charged like the arguments of one host call.
        store.set_hostcall_fuel(limits::GUEST_HOSTCALL_BYTES_MAX.max(budget.output_bytes + limits::PLUGIN_TEXT_BYTES_MAX));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            Ok(if context.data_mut().meter.tick() { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        let state = store.data_mut();
        state.store_time = state.meter.elapsed();
        store
    }
}

/// The instance is made: what follows is the call itself.
fn instantiated(store: &mut Store<CallState>) {
    let state = store.data_mut();
    state.instantiate_time = state.meter.elapsed().saturating_sub(state.store_time);
    state.meter.instantiated();
}

/// The wall clock of a call has run out.
struct TimeUp;

/// Runs the work of a call, at most as long as its wall clock allows.
macro_rules! bounded {
    ($store:ident, $work:expr) => {{
        let (wall, turns, clock) = ($store.data().budget.wall, $store.data().meter.turns(), $store.data().clock.clone());
        let work = pin!($work);
        tokio::select! {
            biased;
            outcome = turns.watch(work) => Ok(outcome),
            () = clock.until(wall) => Err(TimeUp),
        }
    }};
}

impl ToolGuest {
    /// Calls one tool of a plugin; the files that it gave are part of its success.
    pub(crate) async fn call(
        &self,
        setup: Setup,
        warm: Option<Instance>,
        name: &str,
        arguments: &String,
    ) -> Ended<Result<(Output, Vec<Artifact>), ToolError>> {
        let (mut store, made) = match warm {
            Some(instance) => {
                let (store, guest) = instance.for_call(setup);
                (store, Some(guest))
            }
            None => (self.lane.store(setup), None),
        };
        store.data_mut().bytes_in = arguments.len() as u64;
        let outcome = bounded!(store, async {
            let guest = match made {
                Some(guest) => guest,
                None => self.pre.instantiate_async(&mut store).await?,
            };
            instantiated(&mut store);
            guest.octi_plugin_tools().call_call(&mut store, name, arguments).await
        });
        if let Ok(Ok(returned)) = &outcome {
            store.data_mut().bytes_out = bytes_of(returned);
        }
        let artifacts = std::mem::take(&mut store.data_mut().artifacts);
        let outcome = outcome.map(|ended| ended.map(|returned| returned.map(|output| (output, artifacts))));
        settle(outcome, store, name)
    }

    /// Makes an instance for a later call, or says why none can wait for one. What a guest asks the host for before it is called
    /// would have been for nobody.
    pub(crate) async fn warm(&self, setup: Setup, place: OwnedSemaphorePermit) -> Result<Instance, &'static str> {
        let mut store = self.lane.store(setup);
        let made = bounded!(store, async { self.pre.instantiate_async(&mut store).await });
        match made {
            Ok(Ok(_)) if store.data().is_touched() => Err("it asks the host for something before it is called"),
            Ok(Ok(guest)) => Ok(Instance::new(store, guest, place)),
            Ok(Err(_)) | Err(TimeUp) => Err("it does not start within the time of a trial"),
        }
    }

    /// Asks a plugin for its tools.
    pub(crate) async fn describe(&self, setup: Setup) -> Ended<Vec<Tool>> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_tools().call_describe(&mut store).await
        });
        settle(outcome, store, "describe")
    }
}

impl TypedGuest {
    /// Calls one function; what it returned, if it returns anything.
    pub(crate) async fn call(&self, setup: Setup, prepared: &Prepared<'_>) -> Ended<Option<Val>> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = prepared.bytes_in;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            let no_function = || wasmtime::Error::msg("the instance has no such function");
            let function = guest.get_func(&mut store, prepared.export).ok_or_else(no_function)?;
            let mut returned = vec![Val::Bool(false); usize::from(prepared.function.returns())];
            function.call_async(&mut store, &prepared.arguments, &mut returned).await?;
            Ok(returned.pop())
        });
        settle(outcome, store, prepared.tool)
    }
}

impl HookGuest {
    /// Tells a hook of something.
    pub(crate) async fn on_event(&self, setup: Setup, event: &Event) -> Ended<Result<Verdict, String>> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = event.details.len() as u64;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_hook().call_on_event(&mut store, event).await
        });
        if let Ok(Ok(Ok(Verdict::Block(text) | Verdict::Rewrite(text) | Verdict::Other(text)) | Err(text))) = &outcome {
            store.data_mut().bytes_out = text.len() as u64;
        }
        settle(outcome, store, "on-event")
    }
}

impl ChannelGuest {
    /// Asks a channel for what is new.
    pub(crate) async fn on_poll(&self, setup: Setup, cursor: Option<&str>) -> Ended<Result<Polled, ChannelError>> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_channel().call_on_poll(&mut store, cursor).await
        });
        settle(outcome, store, "on-poll")
    }

    /// Hands a request to a channel.
    pub(crate) async fn on_webhook(&self, setup: Setup, request: &Request) -> Ended<Result<Heard, ChannelError>> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = request.body.len() as u64;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_channel().call_on_webhook(&mut store, request).await
        });
        settle(outcome, store, "on-webhook")
    }

    /// Sends a message through a channel.
    pub(crate) async fn send(&self, setup: Setup, message: &Outgoing) -> Ended<Result<Option<String>, ChannelError>> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = message.text.len() as u64;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_channel().call_send(&mut store, message).await
        });
        settle(outcome, store, "send")
    }
}

impl RoleGuest {
    /// Asks a role for its prompt.
    pub(crate) async fn prompt(&self, setup: Setup, small: bool) -> Ended<String> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_role().call_prompt(&mut store, small).await
        });
        if let Ok(Ok(prompt)) = &outcome {
            store.data_mut().bytes_out = prompt.len() as u64;
        }
        settle(outcome, store, "prompt")
    }

    /// Asks a role who it is; the manifest says the same, so only tests ask.
    #[cfg(test)]
    pub(crate) async fn spec(&self, setup: Setup) -> Ended<crate::bindings::role::exports::octi::plugin::role::Spec> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async {
            self.pre.instantiate_async(&mut store).await?.octi_plugin_role().call_describe(&mut store).await
        });
        settle(outcome, store, "describe")
    }
}

impl SkillGuest {
    /// Asks a skill whether it helps with what was said.
    pub(crate) async fn fits(&self, setup: Setup, said: &str) -> Ended<bool> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = said.len() as u64;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_skill().call_fits(&mut store, said).await
        });
        settle(outcome, store, "fits")
    }

    /// Asks a skill for its text.
    pub(crate) async fn text(&self, setup: Setup, said: &str) -> Ended<String> {
        let mut store = self.lane.store(setup);
        store.data_mut().bytes_in = said.len() as u64;
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_skill().call_render(&mut store, said).await
        });
        if let Ok(Ok(text)) = &outcome {
            store.data_mut().bytes_out = text.len() as u64;
        }
        settle(outcome, store, "render")
    }

    /// Asks a skill who it is, once, when it is packed.
    pub(crate) async fn spec(&self, setup: Setup) -> Ended<crate::bindings::skill::exports::octi::plugin::skill::Spec> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async {
            let guest = self.pre.instantiate_async(&mut store).await?;
            instantiated(&mut store);
            guest.octi_plugin_skill().call_describe(&mut store).await
        });
        settle(outcome, store, "describe")
    }
}

impl Linked {
    /// Starts an instance and drops it: does this component run here at all?
    pub(crate) async fn try_start(&self, setup: Setup) -> Ended<()> {
        let mut store = self.lane.store(setup);
        let outcome = bounded!(store, async { self.pre.instantiate_async(&mut store).await.map(drop) });
        settle(outcome, store, "start")
    }
}

fn bytes_of(returned: &Result<Output, ToolError>) -> u64 {
    let bytes = match returned {
        Ok(output) => output.content.len() + output.summary.as_ref().map_or(0, String::len),
        Err(
            ToolError::BadInput(text)
            | ToolError::Failed(text)
            | ToolError::NeedsUser(text)
            | ToolError::Unavailable(text)
            | ToolError::Internal(text),
        ) => text.len(),
    };
    bytes as u64
}

/// Ends the store, and says how the call ended and what it used.
fn settle<T>(outcome: Result<wasmtime::Result<T>, TimeUp>, mut store: Store<CallState>, during: &str) -> Ended<T> {
    let state = store.data_mut();
    if outcome.is_ok() {
        state.meter.ended();
    }
    let usage = Usage::of(state);
    let result = match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure::classify(&error, state, during)),
        Err(_) => Err(Containment::Time { ms_max: state.budget.wall_ms() }),
    };
    (result, usage)
}
