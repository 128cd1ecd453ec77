//! The same component in wasmtime alone: what a call costs before octi adds anything to it.
//!
//! Pool, memory size and code generation are those of `octi-engine`; limits are not: no epoch, no limiter, no deadline, no
//! grant, no quota. What a guest imports is answered by the shortest honest code: real files without any confinement.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, Resource, ResourceTable};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use bindings::ToolPluginPre;
use bindings::octi::fs::files::{self, Entry, Hit, HostDir, HostReader, HostWriter, Query, WriteMode};
use bindings::octi::types::common::HostError;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/log", "../../wit/kv", "../../wit/fs", "../../wit/shell", "../../wit/http", "../../wit/artifacts", "../../wit/ask", "../../wit/llm", "../../wit/plugin"],
        world: "octi:plugin/tool-plugin",
        imports: { default: trappable },
        exports: { default: async },
        with: { "octi:fs/files.dir": crate::bare::Dir, "octi:fs/files.reader": crate::bare::Open, "octi:fs/files.writer": crate::bare::Never },
        require_store_data_send: true,
    });
}

/// Bytes of memory an instance may have; `GUEST_MEMORY_BYTES_MAX` of the engine.
const MEMORY_BYTES: usize = octi_domain::limits::GUEST_MEMORY_BYTES_MAX;

/// wasmtime with room for some instances.
pub(crate) struct Bare {
    engine: Engine,
}

/// A component, ready to be instantiated.
pub(crate) struct BareTool {
    engine: Engine,
    plugin: ToolPluginPre<State>,
}

/// What a store holds.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    workspace: PathBuf,
}

/// A directory a guest may open files in.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Dir(PathBuf);
/// A file being read.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Open(File);
/// The benchmark writes nothing.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Never {}

impl Bare {
    /// An engine whose pool has room for so many instances. Its code has no checks, so each memory takes 4 GiB of addresses.
    pub(crate) fn new(instances: u32) -> anyhow::Result<Self> {
        Self::with(Config::new(), instances)
    }

    /// The same with checks before each access, for where addresses are short: the engine does so by itself.
    pub(crate) fn checked(instances: u32) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.memory_reservation(MEMORY_BYTES as u64);
        Self::with(config, instances)
    }

    fn with(mut config: Config, instances: u32) -> anyhow::Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(instances)
            .total_core_instances(instances * 8)
            .total_memories(instances * 2)
            .total_tables(instances * 4)
            .total_stacks(instances)
            .max_memory_size(MEMORY_BYTES)
            .table_elements(octi_domain::limits::GUEST_TABLE_ELEMENTS_MAX)
            .async_stack_keep_resident(32 << 10)
            .decommit_batch_size(1);
        if PoolingAllocationConfig::is_pagemap_scan_available() {
            pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
        } else {
            pool.linear_memory_keep_resident(64 << 10);
        }
        config
            .concurrency_support(false)
            .max_wasm_stack(512 << 10)
            .async_stack_size(2 << 20)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Ok(Self { engine: Engine::new(&config).map_err(wasmtime_error).context("wasmtime does not start")? })
    }

    /// Compiles a component to native code.
    pub(crate) fn compile(&self, plugin: &[u8]) -> anyhow::Result<Component> {
        Component::from_binary(&self.engine, plugin).map_err(wasmtime_error)
    }

    /// Loads native code that [`Component::serialize`] wrote to that file.
    pub(crate) fn load(&self, native: &Path) -> anyhow::Result<Component> {
        #[expect(unsafe_code, reason = "loading native code is what is measured")]
        // SAFETY: the caller wrote the file a moment ago from a component of this engine, into a folder of its own.
        let component = unsafe { Component::deserialize_file(&self.engine, native) };
        component.map_err(wasmtime_error)
    }

    /// Links a component.
    pub(crate) fn tool(&self, component: &Component) -> anyhow::Result<BareTool> {
        let link = || {
            let mut linker = Linker::<State>::new(&self.engine);
            wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
            bindings::octi::types::common::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
            files::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
            linker.define_unknown_imports_as_traps(component)?;
            let pre: InstancePre<State> = linker.instantiate_pre(component)?;
            ToolPluginPre::new(pre)
        };
        Ok(BareTool { engine: self.engine.clone(), plugin: link().map_err(wasmtime_error)? })
    }
}

impl BareTool {
    /// One call in a new store and instance, which are gone afterwards.
    pub(crate) async fn call(&self, workspace: &Path, operation: &str, arguments: &String) -> anyhow::Result<String> {
        self.call_and_keep(workspace, operation, arguments).await.map(|(content, _store)| content)
    }

    /// One call in a new store and instance, which stay.
    pub(crate) async fn call_and_keep(
        &self,
        workspace: &Path,
        operation: &str,
        arguments: &String,
    ) -> anyhow::Result<(String, Store<State>)> {
        let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new(), workspace: workspace.to_path_buf() };
        let mut store = Store::new(&self.engine, state);
        let guest = self.plugin.instantiate_async(&mut store).await.map_err(wasmtime_error)?;
        let output = guest.octi_plugin_tools().call_call(&mut store, operation, arguments).await.map_err(wasmtime_error)?;
        let output = output.map_err(|error| anyhow!("the guest refused: {error:?}"))?;
        Ok((output.content, store))
    }
}

fn wasmtime_error(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

type Answer<T> = wasmtime::Result<Result<T, HostError>>;

fn unused<T>() -> wasmtime::Result<T> {
    Err(wasmtime::Error::msg("the benchmark calls a function that it does not offer to wasmtime alone"))
}

fn other(error: std::io::Error) -> HostError {
    HostError::Other(error.to_string())
}

impl bindings::octi::types::common::Host for State {}

impl files::Host for State {
    fn root(&mut self, _name: String) -> Answer<Resource<Dir>> {
        let dir = Dir(self.workspace.clone());
        Ok(Ok(self.table.push(dir)?))
    }
}

impl HostDir for State {
    fn open(&mut self, dir: Resource<Dir>, path: String) -> Answer<Resource<Open>> {
        match File::open(self.table.get(&dir)?.0.join(path)) {
            Ok(file) => Ok(Ok(self.table.push(Open(file))?)),
            Err(error) => Ok(Err(other(error))),
        }
    }
    fn create(&mut self, _: Resource<Dir>, _: String, _: WriteMode) -> Answer<Resource<Never>> {
        unused()
    }
    fn append(&mut self, _: Resource<Dir>, _: String, _: Vec<u8>) -> Answer<Entry> {
        unused()
    }
    fn stat(&mut self, _: Resource<Dir>, _: String) -> Answer<Entry> {
        unused()
    }
    fn list(&mut self, _: Resource<Dir>, _: String, _: Option<String>, _: u32) -> Answer<Vec<Entry>> {
        unused()
    }
    fn search(&mut self, _: Resource<Dir>, _: Query) -> Answer<Vec<Hit>> {
        unused()
    }
    fn make_dir(&mut self, _: Resource<Dir>, _: String) -> Answer<()> {
        unused()
    }
    fn remove(&mut self, _: Resource<Dir>, _: String, _: bool) -> Answer<()> {
        unused()
    }
    fn rename(&mut self, _: Resource<Dir>, _: String, _: String, _: bool) -> Answer<()> {
        unused()
    }
    fn copy(&mut self, _: Resource<Dir>, _: String, _: String, _: bool) -> Answer<()> {
        unused()
    }
    fn drop(&mut self, dir: Resource<Dir>) -> wasmtime::Result<()> {
        self.table.delete(dir)?;
        Ok(())
    }
}

impl HostReader for State {
    fn size(&mut self, reader: Resource<Open>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&reader)?.0.metadata()?.len())
    }
    fn seek(&mut self, reader: Resource<Open>, offset: u64) -> Answer<()> {
        Ok(self.table.get_mut(&reader)?.0.seek(SeekFrom::Start(offset)).map(drop).map_err(other))
    }
    fn read(&mut self, reader: Resource<Open>, max: u32) -> Answer<Vec<u8>> {
        let file = &mut self.table.get_mut(&reader)?.0;
        let mut bytes = Vec::new();
        let max = u64::from(max).min(octi_domain::limits::FS_CHUNK_BYTES_MAX as u64);
        Ok(file.take(max).read_to_end(&mut bytes).map(|_| bytes).map_err(other))
    }
    fn drop(&mut self, reader: Resource<Open>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostWriter for State {
    fn write(&mut self, _: Resource<Never>, _: Vec<u8>) -> Answer<()> {
        unused()
    }
    fn commit(&mut self, _: Resource<Never>) -> Answer<Entry> {
        unused()
    }
    fn drop(&mut self, _: Resource<Never>) -> wasmtime::Result<()> {
        unused()
    }
}
