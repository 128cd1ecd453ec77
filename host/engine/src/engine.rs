//! The wasmtime engines of this process: their configuration, pools, linkers and clocks.
//!
//! Everything that guests do not need is off, because each feature is surface: shared memory, 64-bit memories and stack
//! switching here; component-model-async, threads, garbage collection and exceptions are not even compiled in.
//!
//! There are two, so that the address space of large guests is not reserved for small ones. wasmtime must never see the code of
//! one in a store of the other, so code travels with its engine: see [`crate::native`].

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use octi_domain::limits;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, RegallocAlgorithm};

use crate::functions::Functions;
use crate::probes::Probes;
use crate::state::CallState;
use crate::ticker;
use crate::{cache, capability};

/// Bytes of a guest's stack, and of the fiber it runs on together with the host functions it calls.
const WASM_STACK_BYTES: usize = 512 * 1024;
const FIBER_STACK_BYTES: usize = 2 * 1024 * 1024;
/// A pool for fewer calls than this is not worth having.
const POOL_CALLS_MIN: u32 = 8;

/// The engine does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses its configuration or cannot reserve memory.
    #[error("the plugin engine does not start: {0}; check the memory limits of this process (`ulimit -v`)")]
    Runtime(String),
    /// The plugin folder cannot be used.
    #[error("the folder `{path}` cannot be used: {problem}; check that it exists and is writable by this user")]
    Folder { path: String, problem: String },
}

fn runtime_error(error: &wasmtime::Error) -> EngineError {
    EngineError::Runtime(format!("{error:#}"))
}

/// How large the guests of an engine are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// What Rust and C compile to.
    Small,
    /// Guests that bring the runtime of JavaScript or Python.
    Big,
}

impl Class {
    /// The smallest class for guests of that much memory.
    pub(crate) const fn of(memory_bytes: usize) -> Self {
        if memory_bytes <= limits::GUEST_MEMORY_BYTES_MAX { Self::Small } else { Self::Big }
    }

    /// The most memory that a guest of it can have.
    pub(crate) const fn memory_bytes_max(self) -> usize {
        match self {
            Self::Small => limits::GUEST_MEMORY_BYTES_MAX,
            Self::Big => limits::GUEST_BIG_MEMORY_BYTES_MAX,
        }
    }

    const fn calls_max(self) -> u32 {
        match self {
            Self::Small => limits::ENGINE_CALLS_MAX,
            Self::Big => limits::ENGINE_BIG_CALLS_MAX,
        }
    }

    /// Bytes of a memory that stay in it between two guests. A larger window costs more to check after each call than it saves
    /// for small guests.
    const fn resident_bytes(self) -> usize {
        match self {
            Self::Small => 2 << 20,
            Self::Big => 16 << 20,
        }
    }

    /// The bytes of one instance's own tables of functions and types; language runtimes have large ones.
    const fn instance_bytes(self) -> usize {
        match self {
            Self::Small => 2 << 20,
            Self::Big => 16 << 20,
        }
    }
}

/// How much address space each memory of a guest takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All that a guest can address. What is not its memory is mapped to nothing, so its code needs no checks: it is a sixth
    /// smaller, and whatever a processor tries ahead of time finds nothing there either.
    Whole,
    /// No more than it may have, with a check before each access that also holds for what a processor tries ahead of time. For
    /// where address space is short.
    Checked,
}

/// What native code is made for. Code with checks does not run in an engine without them, nor the other way round; what wasmtime says
/// of its settings, in the name of an entry, decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) class: Class,
    pub(crate) reach: Reach,
}

impl Target {
    const ALL: [Self; 4] = [
        Self { class: Class::Small, reach: Reach::Whole },
        Self { class: Class::Small, reach: Reach::Checked },
        Self { class: Class::Big, reach: Reach::Whole },
        Self { class: Class::Big, reach: Reach::Checked },
    ];

    /// Stable: it is part of command lines and log lines.
    pub(crate) const fn name(self) -> &'static str {
        match (self.class, self.reach) {
            (Class::Small, Reach::Whole) => "small",
            (Class::Small, Reach::Checked) => "small-checked",
            (Class::Big, Reach::Whole) => "big",
            (Class::Big, Reach::Checked) => "big-checked",
        }
    }

    /// The target of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }
}

/// One engine with everything that belongs to it and to no other.
pub(crate) struct Lane {
    pub(crate) target: Target,
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<CallState>,
    /// Part of the names of its entries in the cache.
    pub(crate) settings: String,
    /// One permit for each call that the pool has room for.
    pub(crate) places: Arc<Semaphore>,
    /// One permit for each instance that may wait for its call.
    pub(crate) warm: Arc<Semaphore>,
    /// Calls that the pool has room for; none without a pool.
    pub(crate) pool_calls: Option<u32>,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("target", &self.target).field("pool_calls", &self.pool_calls).finish_non_exhaustive()
    }
}

impl Lane {
    /// An engine with pooled instances: with checks when the machine has no room for memories that need none, a smaller pool when
    /// it has no room for a full one, none when it has no room at all.
    fn pooled(class: Class, reach: Reach) -> Result<Arc<Self>, EngineError> {
        if reach == Reach::Whole {
            let target = Target { class, reach };
            match Engine::new(&config(target, Some(pool(class, class.calls_max())))) {
                Ok(engine) => return Self::with_engine(target, engine, Some(class.calls_max())),
                Err(error) => {
                    tracing::warn!(engine = target.name(), %error, "no address space for code without checks; plugins run with them");
                }
            }
        }
        let target = Target { class, reach: Reach::Checked };
        let mut calls = class.calls_max();
        while calls >= POOL_CALLS_MIN {
            match Engine::new(&config(target, Some(pool(class, calls)))) {
                Ok(engine) => return Self::with_engine(target, engine, Some(calls)),
                Err(error) => {
                    tracing::warn!(engine = target.name(), calls, %error, "no room for the instance pool; trying a smaller one");
                    calls /= 2;
                }
            }
        }
        tracing::warn!(
            engine = target.name(),
            "no room for any instance pool: every plugin call will be several times slower; raise the memory limits of this process"
        );
        Self::unpooled(target)
    }

    fn unpooled(target: Target) -> Result<Arc<Self>, EngineError> {
        Self::alone(target, &config(target, None))
    }

    /// An engine without a pool that spends less time on compiling, for code that runs once. It asks for functions that were compiled
    /// before, if there are any.
    fn hurried(target: Target, functions: Option<Arc<Functions>>) -> Result<Arc<Self>, EngineError> {
        let mut config = config(target, None);
        config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass).max_wasm_stack(2 * WASM_STACK_BYTES);
        // Code that is not optimised is more code: a debug build takes longer to write it down than to optimise it.
        if !cfg!(debug_assertions) {
            config.cranelift_opt_level(OptLevel::None);
        }
        remember(&mut config, functions).map_err(|error| runtime_error(&error))?;
        Self::alone(target, &config)
    }

    fn alone(target: Target, config: &Config) -> Result<Arc<Self>, EngineError> {
        let engine = Engine::new(config).map_err(|error| runtime_error(&error))?;
        Self::with_engine(target, engine, None)
    }

    fn with_engine(target: Target, engine: Engine, pool_calls: Option<u32>) -> Result<Arc<Self>, EngineError> {
        let class = target.class;
        let linker = capability::linker(&engine).map_err(|error| runtime_error(&error))?;
        ticker::start(&engine).map_err(|error| EngineError::Runtime(error.to_string()))?;
        let places = Arc::new(Semaphore::new(places_max(class, pool_calls)));
        let warm = Arc::new(Semaphore::new(warm_max(pool_calls.unwrap_or(class.calls_max())) as usize));
        let settings = cache::settings(&engine);
        Ok(Arc::new(Self { target, engine, linker, settings, places, warm, pool_calls }))
    }

    /// Calls that may run at once.
    fn places_max(&self) -> usize {
        places_max(self.target.class, self.pool_calls)
    }
}

fn places_max(class: Class, pool_calls: Option<u32>) -> usize {
    pool_calls.unwrap_or(class.calls_max()) as usize
}

/// Instances that may wait for their calls, beside so many calls that run.
const fn warm_max(calls: u32) -> u32 {
    calls / limits::ENGINE_CALLS_PER_WARM
}

/// Places for running instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceCount {
    pub(crate) all: usize,
    pub(crate) taken: usize,
}

/// What the engines are for.
#[derive(Debug)]
enum Purpose {
    /// Calls, as fast as they can be.
    Serving,
    /// One call, with functions of the version before for the compiler of large guests.
    Asking(Option<Arc<Functions>>),
}

/// The engines, shared by every plugin of the process.
#[derive(Debug)]
pub(crate) struct Runtime {
    small: Arc<Lane>,
    /// Made when the first plugin needs it.
    big: OnceLock<Arc<Lane>>,
    making_big: Mutex<()>,
    purpose: Purpose,
    /// What the machine gives.
    pub(crate) probes: Probes,
}

impl Runtime {
    /// Starts the engine for small guests.
    pub(crate) fn start() -> Result<Arc<Self>, EngineError> {
        Self::start_on(Probes::take())
    }

    /// The same on a machine that gives this.
    pub(crate) fn start_on(probes: Probes) -> Result<Arc<Self>, EngineError> {
        let small = Lane::pooled(Class::Small, probes.reach())?;
        probes.log(small.target, small.pool_calls);
        Ok(Self::with_small(small, Purpose::Serving, probes))
    }

    /// Engines without pools, for build tools that make one call and end.
    pub(crate) fn start_small(functions: Option<Arc<Functions>>) -> Result<Arc<Self>, EngineError> {
        let probes = Probes::take();
        let small = Lane::hurried(Target { class: Class::Small, reach: probes.reach() }, None)?;
        Ok(Self::with_small(small, Purpose::Asking(functions), probes))
    }

    fn with_small(small: Arc<Lane>, purpose: Purpose, probes: Probes) -> Arc<Self> {
        Arc::new(Self { small, big: OnceLock::new(), making_big: Mutex::new(()), purpose, probes })
    }

    /// The engine of a class; the big one is made when it is first asked for.
    pub(crate) fn lane(&self, class: Class) -> Result<&Arc<Lane>, EngineError> {
        if class == Class::Small {
            return Ok(&self.small);
        }
        if let Some(big) = self.big.get() {
            return Ok(big);
        }
        let _alone = self.making_big.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(big) = self.big.get() {
            return Ok(big);
        }
        let big = match &self.purpose {
            Purpose::Serving => Lane::pooled(class, self.probes.reach())?,
            Purpose::Asking(functions) => Lane::hurried(Target { class, reach: self.probes.reach() }, functions.clone())?,
        };
        Ok(self.big.get_or_init(|| big))
    }

    /// The places of both engines together.
    pub(crate) fn places(&self) -> PlaceCount {
        let lanes = || std::iter::once(&self.small).chain(self.big.get());
        let all = lanes().map(|lane| lane.places_max()).sum();
        let free: usize = lanes().map(|lane| lane.places.available_permits()).sum();
        PlaceCount { all, taken: usize::saturating_sub(all, free) }
    }

    /// Whether the big engine was needed so far.
    #[cfg(test)]
    pub(crate) fn has_big(&self) -> bool {
        self.big.get().is_some()
    }
}

/// The settings that native code depends on. The compiler's process and the host both start from these, so what the one makes
/// fits the other.
fn config(target: Target, pool: Option<PoolingAllocationConfig>) -> Config {
    let class = target.class;
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(false)
        .concurrency_support(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_stack_switching(false)
        .wasm_component_model_error_context(false)
        .relaxed_simd_deterministic(true)
        // Guests come without line numbers, so the map to their bytecode would only make entries of the cache larger; and nothing
        // outside of wasmtime walks their stacks.
        .generate_address_map(false)
        .native_unwind_info(false)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(16));
    // A debug build is a slow compiler, and what brings a language along would keep its tests waiting for minutes. Code made in a
    // hurry has larger frames, and a language is to find its own end of recursion before its stack ends.
    if cfg!(debug_assertions) && class == Class::Big {
        config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass).max_wasm_stack(2 * WASM_STACK_BYTES);
    }
    if target.reach == Reach::Checked {
        config.memory_reservation(class.memory_bytes_max() as u64);
    }
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// An engine that compiles for a target and runs nothing. It asks for functions that were compiled before, if there are any.
pub(crate) fn compiler(target: Target, functions: Option<Arc<Functions>>) -> wasmtime::Result<Engine> {
    let mut config = config(target, None);
    remember(&mut config, functions)?;
    Engine::new(&config)
}

/// Lets the compiler ask for functions before it makes them.
fn remember(config: &mut Config, functions: Option<Arc<Functions>>) -> wasmtime::Result<()> {
    if let Some(functions) = functions {
        config.enable_incremental_compilation(functions)?;
    }
    Ok(())
}

fn pool(class: Class, calls: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let instances = calls + warm_max(calls);
    // As much as each call may take: with less, a few calls of a greedy plugin would leave nothing for the places of others. What
    // nobody used yet costs addresses, not memory.
    pool.total_component_instances(instances)
        .total_core_instances(instances * limits::GUEST_INSTANCES_MAX as u32)
        .total_memories(instances * limits::GUEST_MEMORIES_MAX as u32)
        .total_tables(instances * limits::GUEST_TABLES_MAX as u32)
        .total_stacks(instances)
        .max_core_instance_size(class.instance_bytes())
        .max_component_instance_size(class.instance_bytes())
        .max_core_instances_per_component(limits::GUEST_INSTANCES_MAX as u32)
        .max_memories_per_component(limits::GUEST_MEMORIES_MAX as u32)
        .max_memories_per_module(limits::GUEST_MEMORIES_MAX as u32)
        .max_tables_per_module(limits::GUEST_TABLES_MAX as u32)
        .max_tables_per_component(limits::GUEST_TABLES_MAX as u32)
        .max_memory_size(class.memory_bytes_max())
        .table_elements(limits::GUEST_TABLE_ELEMENTS_MAX)
        .async_stack_keep_resident(32 << 10)
        // At once: a memory that waits for others while its plugin is replaced would keep what it was filled from, until another
        // plugin happens to get its place. A call costs the same either way.
        .decommit_batch_size(1);
    // Without the scan, keeping pages resident means clearing the whole window after every call: five times slower.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(class.resident_bytes()).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
    } else {
        pool.linear_memory_keep_resident(64 << 10);
    }
    pool
}
