//! The wasmtime engine of this process: its configuration, its pool, its linker and its clock.
//!
//! Everything that guests do not need is off, because each feature is surface: shared memory, 64-bit memories and stack
//! switching here; component-model-async, threads, garbage collection and exceptions are not even compiled in.

use std::num::NonZeroUsize;
use std::sync::Arc;

use octi_domain::limits;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::capability;
use crate::state::CallState;
use crate::ticker::{self, Ticks};

/// Calls of all plugins that run at once. The pool below has room for exactly these.
const CALLS_MAX: u32 = 128;
/// Core instances of one call on average; few components have more than four.
const CORE_INSTANCES_PER_CALL: u32 = 16;
/// Bytes of a guest's stack, and of the fiber it runs on together with the host functions it calls.
const WASM_STACK_BYTES: usize = 512 * 1024;
const FIBER_STACK_BYTES: usize = 2 * 1024 * 1024;

/// The engine does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses its configuration or cannot reserve memory.
    #[error("the plugin engine does not start: {0}; check the memory limits of this process (`ulimit -v`)")]
    Runtime(String),
    /// The cache or plugin folder cannot be used.
    #[error("the folder `{path}` cannot be used: {problem}; check that it exists and is writable by this user")]
    Folder { path: String, problem: String },
}

/// One engine, shared by every plugin of the process.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<CallState>,
    pub(crate) ticks: Ticks,
    /// One permit for each call that the pool has room for.
    pub(crate) places: Arc<Semaphore>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts an engine with pooled instances, or without a pool when the machine has no room for one.
    pub(crate) fn start() -> Result<Arc<Self>, EngineError> {
        let engine = match Engine::new(&config(Some(pool()))) {
            Ok(engine) => engine,
            Err(error) => {
                tracing::warn!(%error, "no room for the instance pool: every plugin call will be several times slower; raise the memory limits of this process");
                Engine::new(&config(None)).map_err(|error| EngineError::Runtime(format!("{error:#}")))?
            }
        };
        Self::with_engine(engine)
    }

    /// An engine without a pool, for build tools that make one call and end.
    pub(crate) fn start_small() -> Result<Arc<Self>, EngineError> {
        let engine = Engine::new(&config(None)).map_err(|error| EngineError::Runtime(format!("{error:#}")))?;
        Self::with_engine(engine)
    }

    fn with_engine(engine: Engine) -> Result<Arc<Self>, EngineError> {
        let linker = capability::linker(&engine).map_err(|error| EngineError::Runtime(format!("{error:#}")))?;
        let ticks = ticker::start(&engine).map_err(|error| EngineError::Runtime(error.to_string()))?;
        Ok(Arc::new(Self { engine, linker, ticks, places: Arc::new(Semaphore::new(CALLS_MAX as usize)) }))
    }
}

fn config(pool: Option<PoolingAllocationConfig>) -> Config {
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
        .memory_init_cow(true)
        .memory_reservation(limits::GUEST_MEMORY_BYTES_MAX as u64)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(16));
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CALLS_MAX)
        .total_core_instances(CALLS_MAX * CORE_INSTANCES_PER_CALL)
        .total_memories(CALLS_MAX * 2)
        .total_tables(CALLS_MAX * 8)
        .total_stacks(CALLS_MAX)
        .max_core_instances_per_component(limits::GUEST_INSTANCES_MAX as u32)
        .max_memories_per_component(limits::GUEST_MEMORIES_MAX as u32)
        .max_memories_per_module(limits::GUEST_MEMORIES_MAX as u32)
        .max_tables_per_module(limits::GUEST_TABLES_MAX as u32)
        .max_tables_per_component(limits::GUEST_TABLES_MAX as u32)
        .max_memory_size(limits::GUEST_MEMORY_BYTES_MAX)
        .table_elements(limits::GUEST_TABLE_ELEMENTS_MAX)
        .async_stack_keep_resident(32 << 10)
        .decommit_batch_size(16);
    // Without the scan, keeping pages resident means clearing the whole window after every call: five times slower.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
    } else {
        pool.linear_memory_keep_resident(64 << 10);
    }
    pool
}
